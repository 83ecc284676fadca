//! Query strings. A query is a struct; one function declares and reads each of its parameters, so the document shows what is read.
//! Every violation is collected, so that one answer lists all of them. The sentences are the predecessor's.

use poem_openapi::registry::{MetaParamIn, MetaSchema, MetaSchemaRef};
use serde_json::json;
use sspp_core::{ScoringModel, Timestamp, Violation};

use super::call::{Call, Input};
use super::decode::decode_query;
use super::documentation::Documentation;
use super::problem::Problem;
use super::schema::inline;

/// More parameters than this are not looked at one by one.
const MOST_PARAMETERS: usize = 100;

/// The parameters of an operation's query string.
pub(crate) trait QueryParameters: Sized + Send + 'static {
    /// Whether parameters that were not declared are no violation, as for some operations of the predecessor.
    const IGNORES_UNKNOWN: bool = false;

    /// Declares the parameters in their order, and reads them.
    fn read(parameters: &mut Parameters<'_>) -> Self;

    /// How violations are answered.
    fn refuse(found: Vec<Violation>) -> Problem {
        Problem::invalid("invalid-query", found)
    }
}

/// The query string of a call.
#[derive(Debug)]
pub(crate) struct Query<Q>(pub(crate) Q);

impl<Q: QueryParameters> Input for Query<Q> {
    fn document(to: &mut Documentation) {
        let model = ScoringModel::embedded_default();
        let mut parameters = Parameters::new("", &model);
        parameters.documentation = Some(to);
        Q::read(&mut parameters);
        to.fails(&[400]);
    }

    async fn read(call: &mut Call) -> Result<Self, Problem> {
        parse(call.query(), &call.state.ports.model).map(Self)
    }
}

/// Reads a query string.
pub(crate) fn parse<Q: QueryParameters>(query: &str, model: &ScoringModel) -> Result<Q, Problem> {
    let mut parameters = Parameters::new(query, model);
    let read = Q::read(&mut parameters);
    let found = parameters.finish(Q::IGNORES_UNKNOWN);
    if found.is_empty() { Ok(read) } else { Err(Q::refuse(found)) }
}

/// What is known of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Given {
    Absent,
    Repeated,
    Once(String),
}

/// One parameter as it was sent, and decoded where that is possible.
struct Part<'q> {
    raw_name: &'q str,
    name: Option<String>,
    value: Option<String>,
}

/// The parameters of a query string while they are read, or while the document asks for them.
pub(crate) struct Parameters<'q> {
    /// The active scoring model: it knows which types there are.
    pub(crate) model: &'q ScoringModel,
    parts: Vec<Part<'q>>,
    too_many: bool,
    declared: Vec<&'static str>,
    found: Vec<Violation>,
    documentation: Option<&'q mut Documentation>,
}

impl<'q> Parameters<'q> {
    fn new(query: &'q str, model: &'q ScoringModel) -> Self {
        let mut rest = query.split('&').filter(|part| !part.is_empty());
        let parts = rest.by_ref().take(MOST_PARAMETERS).map(|part| {
            let (raw_name, value) = part.split_once('=').unwrap_or((part, ""));
            Part { raw_name, name: decode_query(raw_name), value: decode_query(value) }
        });
        let parts = parts.collect();
        let (declared, found) = (Vec::new(), Vec::new());
        Self { model, parts, too_many: rest.next().is_some(), declared, found, documentation: None }
    }

    /// Every violation: first those of the query string as a whole, in its order.
    fn finish(self, ignores_unknown: bool) -> Vec<Violation> {
        let mut found = Vec::new();
        for part in &self.parts {
            let declared = part.name.as_deref().filter(|name| self.declared.contains(name));
            if declared.is_some() && part.value.is_some() || declared.is_none() && ignores_unknown {
                continue;
            }
            let shown: String = part.name.as_deref().unwrap_or(part.raw_name).chars().take(100).collect();
            found.push(if part.name.is_some() && declared.is_none() {
                violation(&shown, "unknown_parameter", format!("property {shown} should not exist"))
            } else {
                violation(&shown, "malformed", format!("{shown} must be percent-encoded UTF-8 without NUL"))
            });
        }
        if self.too_many {
            let sentence = format!("query must not have more than {MOST_PARAMETERS} parameters");
            found.push(violation("query", "too_many", sentence));
        }
        found.extend(self.found);
        found
    }

    /// Adds a violation.
    pub(crate) fn refuse(&mut self, name: &str, code: &'static str, sentence: impl Into<String>) {
        self.found.push(violation(name, code, sentence.into()));
    }

    /// Declares a parameter under a schema of its own; the caller checks it.
    pub(crate) fn given(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        schema: impl FnOnce() -> MetaSchemaRef,
    ) -> Given {
        self.declared.push(name);
        if let Some(documentation) = &mut self.documentation {
            documentation.parameter(MetaParamIn::Query, name, meaning, schema());
        }
        let mut values = self.parts.iter().filter(|part| part.name.as_deref() == Some(name));
        match (values.find_map(|part| part.value.clone()), values.find_map(|part| part.value.as_ref())) {
            (None, _) => Given::Absent,
            (Some(value), None) => Given::Once(value),
            (Some(_), Some(_)) => Given::Repeated,
        }
    }

    /// A text that is checked by what is made of it.
    pub(crate) fn text(&mut self, name: &'static str, meaning: &'static str) -> Given {
        self.given(name, meaning, || inline(MetaSchema::new("string")))
    }

    /// One of some words, which the document lists.
    pub(crate) fn one_of(
        &mut self,
        name: &'static str,
        meaning: &'static str,
        words: &[&str],
        default: Option<&str>,
    ) -> Option<String> {
        let schema = || MetaSchema {
            enum_items: words.iter().map(|word| json!(word)).collect(),
            default: default.map(|word| json!(word)),
            ..MetaSchema::new("string")
        };
        let given = self.given(name, meaning, || inline(schema()));
        self.among(name, given, words)
    }

    /// One of some words, out of what was given.
    pub(crate) fn among(&mut self, name: &str, given: Given, words: &[&str]) -> Option<String> {
        match given {
            Given::Absent => return None,
            Given::Once(text) if words.contains(&text.as_str()) => return Some(text),
            Given::Once(_) | Given::Repeated => {}
        }
        let sentence = format!("{name} must be one of the following values: {}", words.join(", "));
        self.refuse(name, "not_one_of", sentence);
        None
    }

    /// An instant.
    pub(crate) fn instant(&mut self, name: &'static str, meaning: &'static str) -> Option<Timestamp> {
        let schema = || inline(MetaSchema::new_with_format("string", "date-time"));
        let text = match self.given(name, meaning, schema) {
            Given::Absent => return None,
            // A plus that was not encoded arrives as a space, and no instant has a space.
            Given::Once(text) => text.replace(' ', "+"),
            Given::Repeated => String::new(),
        };
        let parsed = Timestamp::parse(&text);
        parsed.map_err(|fault| self.refuse(name, "malformed_timestamp", format!("{name} {fault}"))).ok()
    }

    /// The instants `from` and `to`, which enclose a period.
    pub(crate) fn period(
        &mut self,
        from: &'static str,
        to: &'static str,
    ) -> (Option<Timestamp>, Option<Timestamp>) {
        let (from, to) = (self.instant("from", from), self.instant("to", to));
        if is_reversed(from, to) {
            self.refuse("from", "after_to", format!("from {AFTER_TO}"));
        }
        (from, to)
    }

    /// Rows a page, at most 100.
    pub(crate) fn limit(&mut self, meaning: &'static str) -> u32 {
        let given = self.given("limit", meaning, || inline(number(100, Some(20))));
        self.integer("limit", given, 100).and_then(|limit| u32::try_from(limit).ok()).unwrap_or(20)
    }

    /// A whole number from 1 to `max`, out of what was given; an empty text counts as 0, as it did for the predecessor.
    pub(crate) fn integer(&mut self, name: &str, given: Given, max: u64) -> Option<u64> {
        let text = match given {
            Given::Absent => return None,
            Given::Once(text) => text,
            Given::Repeated => "repeated".to_owned(),
        };
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if text == "-" || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.refuse(name, "not_an_integer", format!("{name} must be an integer number"));
            return None;
        }
        let number = match digits {
            "" => 0,
            // More digits than fit are simply a very large number.
            _ => digits.parse().unwrap_or(u64::MAX),
        };
        if number == 0 || text.starts_with('-') {
            self.refuse(name, "too_small", format!("{name} must not be less than 1"));
            return None;
        }
        if number > max {
            self.refuse(name, "too_large", format!("{name} must not be greater than {max}"));
            return None;
        }
        Some(number)
    }
}

/// What is said of `from` where a period ends before it begins.
pub(crate) const AFTER_TO: &str = "must not be after to";

/// Whether a period ends before it begins.
pub(crate) fn is_reversed(from: Option<Timestamp>, to: Option<Timestamp>) -> bool {
    from.zip(to).is_some_and(|(from, to)| from > to)
}

/// A whole number from 1 to `maximum`, in the document.
pub(crate) fn number(maximum: u32, default: Option<u32>) -> MetaSchema {
    MetaSchema {
        minimum: Some(1.0),
        maximum: Some(maximum.into()),
        default: default.map(|default| json!(default)),
        ..MetaSchema::new_with_format("integer", "int32")
    }
}

fn violation(name: &str, code: &'static str, detail: String) -> Violation {
    Violation { pointer: name.to_owned(), code: code.into(), detail }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Two(Given, Option<Timestamp>);

    impl QueryParameters for Two {
        fn read(parameters: &mut Parameters<'_>) -> Self {
            Self(parameters.text("word", "A word."), parameters.instant("from", "An instant."))
        }
    }

    fn two(query: &str) -> Result<Two, Problem> {
        parse(query, &ScoringModel::embedded_default())
    }

    #[test]
    fn every_violation_is_listed_in_order() {
        let problem = two("x=1&word=%ff&from=now&word=a&%zz=1").err().unwrap();
        let shown = format!("{problem:?}");
        let places: Vec<_> = ["unknown_parameter", "malformed", "malformed_timestamp"]
            .map(|code| shown.find(code).unwrap())
            .into_iter()
            .collect();
        assert!(places.is_sorted(), "{shown}");
        assert!(two(&"word=1&".repeat(101)).is_err());
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_read_back(word in "[^\0]{0,20}") {
            let encoded = word.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}"));
            let Two(given, from) = two(&format!("word={encoded}&from=2024-12-21T00:00:00+00:00")).unwrap();
            prop_assert_eq!(given, Given::Once(word));
            prop_assert!(from.is_some());
        }

        #[test]
        fn no_query_string_panics(query in ".{0,200}") {
            let _ = two(&query);
        }
    }
}
