//! One visitor over metadata that builds nothing: it only looks for what could not be stored as it came.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::violation::escape;
use crate::{Metadata, MetadataFault};

/// The name by which `serde_json` passes raw JSON to itself. Its `Value` takes a member of this name for such a message
/// and reads `{"<name>":"1"}` as the number 1, or not at all: what was stored would not be what is read.
const RESERVED: &str = "$serde_json::private::RawValue";

/// Checks that a JSON text is an object whose every member survives storage and retrieval unchanged.
pub(crate) fn check_metadata(raw: &RawValue) -> Result<(), MetadataFault> {
    if !raw.get().trim_ascii_start().starts_with('{') {
        let detail = "must be an object".to_owned();
        return Err(MetadataFault { pointer: String::new(), code: "not_an_object", detail });
    }
    check(&mut serde_json::Deserializer::from_str(raw.get()))
}

/// The same law for members that were never text: they need not be written and read again to be checked.
pub(crate) fn check_members(members: &Map<String, Value>) -> Result<(), MetadataFault> {
    check(members)
}

fn check<'de>(json: impl Deserializer<'de, Error = serde_json::Error>) -> Result<(), MetadataFault> {
    let mut trace = Trace::default();
    Check { depth: 1, trace: &mut trace }.deserialize(json).map_err(|error| trace.into_fault(&error))
}

/// Where and why the walk stopped; filled only then, so that good metadata costs no allocation for it.
#[derive(Default)]
struct Trace {
    found: Option<(&'static str, String)>,
    /// Reference tokens, the innermost first.
    path: Vec<String>,
}

impl Trace {
    fn stop<E: Error>(&mut self, code: &'static str, detail: impl Into<String>) -> E {
        self.found = Some((code, detail.into()));
        E::custom("stopped")
    }

    fn into_fault(self, error: &serde_json::Error) -> MetadataFault {
        let pointer = self.path.iter().rev().fold(String::new(), |path, token| path + "/" + token);
        // The text was JSON when it was captured, so the parser itself has two reasons left to stop.
        let (code, detail) = self.found.unwrap_or_else(|| {
            if error.to_string().starts_with("number out of range") {
                ("number_out_of_range", "must not hold numbers beyond a double".to_owned())
            } else {
                ("lone_surrogate", "must not hold lone surrogates".to_owned())
            }
        });
        MetadataFault { pointer, code, detail }
    }
}

struct Check<'t> {
    depth: usize,
    trace: &'t mut Trace,
}

impl Check<'_> {
    fn enter<E: Error>(&mut self) -> Result<(), E> {
        if self.depth > Metadata::MAX_DEPTH {
            let detail = format!("must not be nested deeper than {} levels", Metadata::MAX_DEPTH);
            return Err(self.trace.stop("too_deep", detail));
        }
        Ok(())
    }

    fn text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return Err(self.trace.stop("nul_character", "must not hold NUL characters"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Check<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Check<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(mut self, text: &str) -> Result<(), E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.enter()?;
        for at in 0_usize.. {
            let item = Check { depth: self.depth + 1, trace: self.trace };
            match items.next_element_seed(item) {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(error) => {
                    self.trace.path.push(at.to_string());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.enter()?;
        let mut seen = Seen::new();
        while let Some(name) = members.next_key_seed(Name)? {
            self.text(&name)?;
            if name == RESERVED {
                self.trace.path.push(escape(&name));
                return Err(self.trace.stop("reserved_member", "is a name that readers of JSON mistake"));
            }
            if seen.has(&name) {
                self.trace.path.push(escape(&name));
                return Err(self.trace.stop("duplicate_member", "must appear only once"));
            }
            let member = Check { depth: self.depth + 1, trace: self.trace };
            if let Err(error) = members.next_value_seed(member) {
                self.trace.path.push(escape(&name));
                return Err(error);
            }
            seen.add(name);
        }
        Ok(())
    }
}

/// A member's name, borrowed from the text unless it was escaped there.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

/// How many names are kept without an allocation.
const FEW: usize = 8;

/// The names of an object so far: a list while it is short, then a set, so that no object costs quadratic time and
/// most cost no allocation.
struct Seen<'de> {
    few: [Cow<'de, str>; FEW],
    count: usize,
    many: BTreeSet<Cow<'de, str>>,
}

impl<'de> Seen<'de> {
    fn new() -> Self {
        Self { few: [const { Cow::Borrowed("") }; FEW], count: 0, many: BTreeSet::new() }
    }

    fn has(&self, name: &str) -> bool {
        self.few.iter().take(self.count).any(|seen| seen == name) || self.many.contains(name)
    }

    fn add(&mut self, name: Cow<'de, str>) {
        if let Some(place) = self.few.get_mut(self.count) {
            *place = name;
            self.count += 1;
        } else {
            self.many.insert(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Metadata;

    fn fault(json: &str) -> (String, &'static str) {
        let fault = Metadata::parse(json).unwrap_err();
        (fault.pointer, fault.code)
    }

    #[test]
    fn each_kind_of_fault_is_found_and_located() {
        assert_eq!(fault("[1]"), (String::new(), "not_an_object"));
        assert_eq!(fault("null"), (String::new(), "not_an_object"));
        assert_eq!(fault("{"), (String::new(), "malformed_json"));
        assert_eq!(fault(r#"{"a":{"b":["x","\u0000"]}}"#), ("/a/b/1".into(), "nul_character"));
        assert_eq!(fault(r#"{"a":{"b\u0000":1}}"#), ("/a".into(), "nul_character"));
        assert_eq!(fault(r#"{"a":["\ud800"]}"#), ("/a/0".into(), "lone_surrogate"));
        assert_eq!(fault(r#"{"a":{"\udc00":1}}"#), ("/a".into(), "lone_surrogate"));
        assert_eq!(fault(r#"{"a":[1,1e400]}"#), ("/a/1".into(), "number_out_of_range"));
        assert_eq!(fault(r#"{"a/b":{"~":-1e999}}"#), ("/a~1b/~0".into(), "number_out_of_range"));
        assert_eq!(fault(r#"{"x":1,"x":2}"#), ("/x".into(), "duplicate_member"));
        assert_eq!(fault(r#"{"x":{"y":1,"\u0079":2}}"#), ("/x/y".into(), "duplicate_member"));
        let reserved = r#"{"x":{"$serde_json::private::RawValue":"1"}}"#;
        assert_eq!(fault(reserved), ("/x/$serde_json::private::RawValue".into(), "reserved_member"));
    }

    #[test]
    fn duplicates_are_found_in_large_objects_too() {
        let members: Vec<String> = (0..5_000).map(|n| format!(r#""m{n}":{n}"#)).collect();
        assert!(Metadata::parse(&format!("{{{}}}", members.join(","))).is_ok());
        assert_eq!(fault(&format!(r#"{{{},"m4999":0}}"#, members.join(","))).1, "duplicate_member");
    }

    #[test]
    fn nesting_is_counted_from_the_metadata_object() {
        let nested =
            |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(Metadata::parse(&nested(Metadata::MAX_DEPTH)).is_ok());
        assert_eq!(fault(&nested(Metadata::MAX_DEPTH + 1)).1, "too_deep");
        assert_eq!(fault(&nested(100_000)).1, "too_deep");
    }

    #[test]
    fn what_is_fine_and_on_one_line_stays_byte_for_byte() {
        for text in [
            "{}",
            r#"{"a":1.0,"b":[],"c":"\ud83d\ude80 é  \"\n\\","d e":"\\\" , : "}"#,
            r#"{"x":12345678901234567890123,"y":1e308,"z":-0.0}"#,
            r#"{"":"","a":{"a":{"a":null}},"t":true}"#,
        ] {
            assert_eq!(Metadata::parse(text).unwrap().as_str(), text);
        }
    }
}
