//! CEL values: made from JSON, coerced as JavaScript does it, and errors about them in few words.

use std::collections::HashMap;
use std::fmt;

use cel::ExecutionError;
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::coerce;

/// JSON as a CEL value; all numbers are doubles, strings without escapes are borrowed.
pub(super) fn read<'a>(json: &'a str) -> Result<Box<dyn Val + 'a>, serde_json::Error> {
    serde_json::from_str(json).map(|JsonVal(value)| value)
}

struct JsonVal<'a>(Box<dyn Val + 'a>);

impl<'de> Deserialize<'de> for JsonVal<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Self)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Box<dyn Val + 'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Box::new(CelNull))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Box::new(CelBool::from(value)))
    }

    #[expect(clippy::cast_precision_loss, reason = "JSON numbers are doubles here")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_f64(value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "JSON numbers are doubles here")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.visit_f64(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(JsonVal(element)) = sequence.next_element()? {
            elements.push(element);
        }
        Ok(Box::new(CelList::from(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: HashMap<CelMapKey<'de>, Box<dyn Val + 'de>> = HashMap::new();
        while let Some((name, JsonVal(value))) = map.next_entry::<String, _>()? {
            members.insert(CelMapKey::from(name), value);
        }
        Ok(Box::new(CelMap::from(members)))
    }
}

/// Whether JavaScript takes a value for true.
pub(super) fn truthy(value: &dyn Val) -> bool {
    if let Some(text) = value.downcast_ref::<CelString>() {
        !text.inner().is_empty()
    } else if let Some(truth) = value.downcast_ref::<CelBool>() {
        *truth.inner()
    } else if let Some(number) = plain_number(value) {
        coerce::truthy_number(number)
    } else {
        value.downcast_ref::<CelNull>().is_none()
    }
}

/// A value as a number, as [`coerce::number`] does it for JSON.
pub(super) fn number(value: &dyn Val) -> f64 {
    if let Some(text) = value.downcast_ref::<CelString>() {
        coerce::number_of_text(text.inner())
    } else if let Some(truth) = value.downcast_ref::<CelBool>() {
        f64::from(*truth.inner())
    } else if let Some(list) = value.downcast_ref::<CelList>() {
        match list.inner() {
            [] => 0.0,
            [element] if element.downcast_ref::<CelNull>().is_some() => 0.0,
            [element] if element.downcast_ref::<CelBool>().is_some() => f64::NAN,
            [element] => number(element.as_ref()),
            _ => f64::NAN,
        }
    } else {
        plain_number(value).unwrap_or(f64::NAN)
    }
}

#[expect(clippy::cast_precision_loss, reason = "coercion is to a double")]
fn plain_number(value: &dyn Val) -> Option<f64> {
    let double = value.downcast_ref::<CelDouble>().map(|number| *number.inner());
    let int = || value.downcast_ref::<CelInt>().map(|number| *number.inner() as f64);
    let uint = || value.downcast_ref::<CelUInt>().map(|number| *number.inner() as f64);
    double.or_else(int).or_else(uint)
}

/// The most characters of an error that is written into an explanation.
const MAX_ERROR_CHARS: usize = 200;

/// An evaluation error in few words. Values are named by their types: they can be large, and maps print in any order.
pub(super) fn describe(error: &ExecutionError) -> String {
    let text = match error {
        ExecutionError::NoSuchKey(name) => format!("there is no member '{name}'"),
        ExecutionError::IndexOutOfBounds(_) => "the list has no such element".to_owned(),
        ExecutionError::NoSuchOverload(overload) => overload.to_string(),
        ExecutionError::UnsupportedBinaryOperator(operator, left, right) => {
            format!("cannot {operator} a {} and a {}", left.type_of(), right.type_of())
        }
        ExecutionError::ValuesNotComparable(left, right) => {
            format!("cannot compare a {} with a {}", left.type_of(), right.type_of())
        }
        ExecutionError::UnexpectedType { got, want } => format!("expected a {want}, found a {got}"),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "an integer overflows".to_owned(),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        ExecutionError::UnsupportedIndex(..) | ExecutionError::UnsupportedKeyType(_) => {
            "a list or map was given an index of the wrong type".to_owned()
        }
        ExecutionError::DuplicateKey(_) => "a map has a key twice".to_owned(),
        _ => "the condition could not be evaluated".to_owned(),
    };
    super::explanation::shortened(&text, MAX_ERROR_CHARS).into_owned()
}
