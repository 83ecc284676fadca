//! The text of a model document, TOML or JSON, as one tree of JSON values.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::faults::ModelFaults;

/// The longest document that is read.
const MAX_BYTES: usize = 1 << 20;

fn check_size(text: &str) -> Result<(), ModelFaults> {
    if text.len() > MAX_BYTES {
        let detail = format!("the document has {} bytes; at most {MAX_BYTES} are read", text.len());
        return Err(ModelFaults::of_document(detail));
    }
    Ok(())
}

/// Reads TOML.
pub(super) fn read_toml(text: &str) -> Result<Value, ModelFaults> {
    check_size(text)?;
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let place = error.span().map_or_else(String::new, |span| {
            let (line, column) = line_and_column(text, span.start);
            format!(" at line {line} column {column}")
        });
        ModelFaults::of_document(format!("is not TOML{place}: {}", one_line(error.message())))
    })
}

/// Reads JSON; a member that appears twice is an error, because readers disagree on which one counts.
pub(super) fn read_json(text: &str) -> Result<Value, ModelFaults> {
    check_size(text)?;
    let Strict(value) = serde_json::from_str(text).map_err(|error| {
        ModelFaults::of_document(format!("is not JSON: {}", one_line(&error.to_string())))
    })?;
    Ok(value)
}

/// Text on one line, as every fault is.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// A JSON value without duplicate members.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Strict(element)) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Value::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if members.contains_key(&name) {
                let name = name.chars().take(100).collect::<String>();
                return Err(A::Error::custom(format_args!("the member '{name}' appears twice")));
            }
            let Strict(value) = map.next_value()?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
