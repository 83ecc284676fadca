//! Reads a table of a model document member by member and notes every fault with its path.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::canonical::whole;
use super::faults::Findings;
use sspp_events::Units;

/// The most characters of a name or an id.
pub(super) const MAX_NAME_CHARS: usize = 100;
/// The most characters of a description or a reason.
pub(super) const MAX_TEXT_CHARS: usize = 2_000;
/// Amounts that may be negative.
pub(super) const ANY: RangeInclusive<f64> = -1_000.0..=1_000.0;
/// Amounts that may not.
pub(super) const NOT_NEGATIVE: RangeInclusive<f64> = 0.0..=1_000.0;
/// Amounts above zero: from the finest there is.
pub(super) const POSITIVE: RangeInclusive<f64> = 0.0001..=1_000.0;

/// A table being read. What was not asked for by [`finish`](Self::finish) is unknown.
#[derive(Debug)]
pub(super) struct Table<'v> {
    members: &'v Map<String, Value>,
    path: String,
    findings: &'v Findings,
    asked: Vec<&'static str>,
}

impl<'v> Table<'v> {
    pub(super) fn new(value: &'v Value, path: String, findings: &'v Findings) -> Option<Self> {
        let Value::Object(members) = value else {
            findings.add(path, format!("must be a table, is {}", kind(value)));
            return None;
        };
        Some(Self { members, path, findings, asked: Vec::new() })
    }

    /// The path of a member.
    pub(super) fn path_of(&self, name: &str) -> String {
        member_path(&self.path, name)
    }

    pub(super) fn fault(&self, name: &str, detail: impl Into<String>) {
        self.findings.add(self.path_of(name), detail);
    }

    /// A fault of the table itself.
    pub(super) fn own_fault(&self, detail: impl Into<String>) {
        self.findings.add(self.path.clone(), detail);
    }

    pub(super) fn optional(&mut self, name: &'static str) -> Option<&'v Value> {
        if !self.asked.contains(&name) {
            self.asked.push(name);
        }
        self.members.get(name)
    }

    pub(super) fn required(&mut self, name: &'static str) -> Option<&'v Value> {
        let value = self.optional(name);
        if value.is_none() {
            self.fault(name, "is missing");
        }
        value
    }

    /// A table that may be absent, with its members as they come.
    pub(super) fn table(&mut self, name: &'static str) -> Option<Table<'v>> {
        let value = self.optional(name)?;
        Table::new(value, self.path_of(name), self.findings)
    }

    /// A list that may be absent.
    pub(super) fn list(&mut self, name: &'static str) -> Option<&'v [Value]> {
        match self.optional(name)? {
            Value::Array(elements) => Some(elements),
            other => {
                self.fault(name, format!("must be a list, is {}", kind(other)));
                None
            }
        }
    }

    /// All members, with any names: for tables whose keys are chosen by the author.
    pub(super) fn named(&self) -> impl Iterator<Item = (&'v str, Table<'v>)> {
        self.members.iter().filter_map(|(name, value)| {
            Some((name.as_str(), Table::new(value, self.path_of(name), self.findings)?))
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn text(&mut self, name: &'static str, most_chars: usize) -> Option<&'v str> {
        let value = self.required(name)?;
        self.check_text(name, value, most_chars)
    }

    pub(super) fn optional_text(&mut self, name: &'static str, most_chars: usize) -> Option<&'v str> {
        let value = self.optional(name)?;
        self.check_text(name, value, most_chars)
    }

    fn check_text(&self, name: &str, value: &'v Value, most_chars: usize) -> Option<&'v str> {
        let Value::String(text) = value else {
            self.fault(name, format!("must be a string, is {}", kind(value)));
            return None;
        };
        if text.chars().count() > most_chars {
            self.fault(name, format!("must have at most {most_chars} characters"));
            return None;
        }
        Some(text)
    }

    /// A name or an id: not empty, short, without control characters.
    pub(super) fn name(&mut self, name: &'static str) -> Option<&'v str> {
        let text = self.text(name, MAX_NAME_CHARS)?;
        let wrong = wrong_name(text);
        if let Some(wrong) = wrong {
            self.fault(name, wrong);
        }
        wrong.is_none().then_some(text)
    }

    pub(super) fn version(&mut self, name: &'static str) -> Option<u32> {
        let value = self.required(name)?;
        let number = value.as_f64().and_then(whole).and_then(|number| u32::try_from(number).ok());
        let version = number.filter(|&version| version >= 1);
        if version.is_none() {
            self.fault(name, format!("must be a whole number from 1 to {}", u32::MAX));
        }
        version
    }

    pub(super) fn amount(&mut self, name: &'static str, range: &RangeInclusive<f64>) -> Option<Units> {
        let value = self.required(name)?;
        self.check_amount(name, value, range)
    }

    pub(super) fn optional_amount(
        &mut self,
        name: &'static str,
        range: &RangeInclusive<f64>,
    ) -> Option<Units> {
        let value = self.optional(name)?;
        self.check_amount(name, value, range)
    }

    fn check_amount(&self, name: &str, value: &Value, range: &RangeInclusive<f64>) -> Option<Units> {
        let Some(number) = value.as_f64() else {
            self.fault(name, format!("must be a number, is {}", kind(value)));
            return None;
        };
        if !range.contains(&number) {
            let (least, most) = (range.start(), range.end());
            self.fault(name, format!("must be from {least} to {most}, is {number}"));
            return None;
        }
        let units = Units::from_f64(number);
        if units.is_none() {
            self.fault(name, format!("must not be finer than 0.0001, is {number}"));
        }
        units
    }

    /// Notes every member that nothing asked for.
    pub(super) fn finish(self) {
        for name in self.members.keys().filter(|name| !self.asked.contains(&name.as_str())) {
            self.fault(name, format!("is not known here; known are {}", self.asked.join(", ")));
        }
    }
}

/// What keeps a short text from being a name.
pub(super) fn wrong_name(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("must not be empty")
    } else if text.chars().any(char::is_control) {
        Some("must not contain control characters")
    } else if text.chars().count() > MAX_NAME_CHARS {
        Some("must have at most 100 characters")
    } else {
        None
    }
}

/// A member's path: `a.b`, or `a["b c"]` for names that are not plain words. Long names are cut.
pub(super) fn member_path(path: &str, name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || !name.chars().all(plain) {
        let short: String = name.chars().take(MAX_NAME_CHARS).collect();
        return format!("{path}[{}]", Value::from(short));
    }
    let short = name.get(..MAX_NAME_CHARS).unwrap_or(name);
    if path.is_empty() { short.to_owned() } else { format!("{path}.{short}") }
}

/// What a value is, for messages.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
