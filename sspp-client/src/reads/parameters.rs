//! The parameters of a query, checked as they are set and sent only if all are valid.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::value::{RawValue, to_raw_value};
use sspp_events::{Violation, Violations};

use crate::api::Query;
use crate::errors::Error;

/// How many items the server gives a page by default.
const PAGE: usize = 20;

/// Parameters by name. One that is set again replaces the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    values: Vec<(&'static str, String)>,
    violations: Vec<Violation>,
}

/// Methods of a query that set one parameter each. The parameter is a text that a type checks, an instant, a score, a number of
/// items, or a text that only the server can judge.
macro_rules! setters {
    ($($(#[$doc:meta])* $method:ident = $kind:ident($($argument:tt)*);)*) => {
        $($crate::reads::parameters::setter! { $(#[$doc])* $method = $kind($($argument)*) })*
    };
}

macro_rules! setter {
    ($(#[$doc:meta])* $method:ident = text($name:literal, $type:ty, $code:literal)) => {
        $(#[$doc])*
        pub fn $method(mut self, $method: impl AsRef<str>) -> Self {
            self.0.set($name, $code, <$type>::new($method.as_ref()));
            self
        }
    };
    ($(#[$doc:meta])* $method:ident = instant($name:literal)) => {
        $(#[$doc])*
        pub fn $method(mut self, $method: impl TryInto<Timestamp, Error: Display>) -> Self {
            self.0.set($name, "malformed_timestamp", $method.try_into());
            self
        }
    };
    ($(#[$doc:meta])* $method:ident = score($name:literal)) => {
        $(#[$doc])*
        pub fn $method(mut self, $method: impl TryInto<Score, Error: Display>) -> Self {
            self.0.set($name, "not_a_score", $method.try_into());
            self
        }
    };
    ($(#[$doc:meta])* $method:ident = limit($most:literal)) => {
        $(#[$doc])*
        pub fn $method(mut self, $method: u32) -> Self {
            self.0.set_limit($method, $most);
            self
        }
    };
    ($(#[$doc:meta])* $method:ident = unchecked($name:literal)) => {
        $(#[$doc])*
        pub fn $method(mut self, $method: impl AsRef<str>) -> Self {
            self.0.set_unchecked($name, $method.as_ref());
            self
        }
    };
}
pub(super) use {setter, setters};

/// What may be asked for at once.
fn limited(limit: u32, most: u32) -> Result<u32, String> {
    if (1..=most).contains(&limit) { Ok(limit) } else { Err(format!("must be a number from 1 to {most}")) }
}

impl Parameters {
    /// Sets a value, or notes its fault.
    pub(super) fn set(
        &mut self,
        name: &'static str,
        code: &'static str,
        value: Result<impl Display, impl Display>,
    ) {
        match value {
            Ok(value) => self.set_unchecked(name, value),
            Err(fault) => self.set_fault(name, code, format!("{name} {fault}")),
        }
    }

    /// Notes the fault of a value, in a sentence of its own.
    pub(super) fn set_fault(&mut self, name: &'static str, code: &'static str, detail: String) {
        self.unset(name);
        self.violations.push(Violation { pointer: name.to_owned(), code: code.into(), detail });
    }

    /// How many there are to be at once, from 1 on.
    pub(super) fn set_limit(&mut self, limit: u32, most: u32) {
        self.set("limit", "out_of_range", limited(limit, most));
    }

    /// Pages of no more than these: what is set already is checked again.
    pub(super) fn limit_at_most(&mut self, most: u32) {
        if let Some(limit) = self.get("limit").and_then(|limit| limit.parse().ok()) {
            self.set_limit(limit, most);
        }
    }

    /// No larger a page than that many items.
    pub(super) fn shorten(&mut self, items: usize) {
        let page = self.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(PAGE);
        if self.violations.is_empty() && items < page {
            self.set_unchecked("limit", items);
        }
    }

    /// Notes that parameters are not for this, if they are set.
    pub(super) fn refuse(&mut self, names: &[&'static str], why: &str) {
        for name in names {
            if self.get(name).is_some() {
                self.set(name, "unknown_parameter", Err::<&str, _>(why));
            }
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Sets what needs no check, or what only the server can judge.
    pub(super) fn set_unchecked(&mut self, name: &'static str, value: impl Display) {
        self.unset(name);
        self.values.push((name, value.to_string()));
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.values.retain(|(known, _)| *known != name);
        self.violations.retain(|violation| violation.pointer != name);
    }

    /// The values, if all are valid.
    pub(super) fn check(&self) -> Result<&[(&'static str, String)], Error> {
        match Violations::from_vec(self.violations.clone()) {
            Some(violations) => Err(Error::Request(violations)),
            None => Ok(&self.values),
        }
    }

    pub(super) fn query(&self) -> Result<Query, Error> {
        let mut query = Query::default();
        for (name, value) in self.check()? {
            query.set(name, value);
        }
        Ok(query)
    }

    /// The values as the members of a JSON object; those of some names are JSON already.
    pub(super) fn json(&self, verbatim: &[&str]) -> Result<Vec<u8>, Error> {
        let mut object = BTreeMap::new();
        for (name, value) in self.check()? {
            let json = if verbatim.contains(name) {
                RawValue::from_string(value.clone())?
            } else {
                to_raw_value(value)?
            };
            object.insert(name, json);
        }
        Ok(serde_json::to_vec(&object)?)
    }
}
