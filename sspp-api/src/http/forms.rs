//! What poem-openapi cannot say about shapes, and what it says otherwise than linters and generators of clients read it. Every
//! rule here is about a form of writing, none about a name.

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use serde_json::{Map, Value};

/// A type that no schema has.
const NOTHING: &str = "nothing";

/// As `additional_properties`: the object has no others. poem-openapi has no word for it.
pub(crate) fn nothing() -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(MetaSchema::new(NOTHING)))
}

/// Completes a document, or a part of one, that poem-openapi's types wrote.
pub(crate) fn complete(value: &mut Value) {
    match value {
        Value::Object(members) => {
            rewrite_schema(members);
            for (name, member) in members {
                // Examples are data.
                if name != "example" {
                    complete(member);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(complete),
        // A bound of whole numbers is written as a double.
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().filter(|_| number.is_f64()).and_then(whole) {
                *value = whole.into();
            }
        }
        _ => {}
    }
}

fn rewrite_schema(members: &mut Map<String, Value>) {
    // What is said beside a reference comes twice, once as a schema of its own, of which generators make a type.
    if let Some(Value::Array(parts)) = members.get_mut("allOf")
        && parts.len() == 2
        && parts[0].get("$ref").is_some()
    {
        parts.truncate(1);
    }
    if let Some(others) = members.get_mut("additionalProperties").filter(|others| others["type"] == NOTHING) {
        *others = false.into();
    }
    // OpenAPI has formats for signed numbers only.
    let signed = match members.get("format").and_then(Value::as_str) {
        Some("uint8" | "uint16") => "int32",
        Some("uint32" | "uint64") => "int64",
        _ => return,
    };
    members.insert("format".to_owned(), signed.into());
    members.entry("minimum").or_insert(0.into());
}

fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "compared with what it was made of")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "a number with a loss is not the same")]
    let same = (whole as f64 - number).abs() < f64::EPSILON;
    same.then_some(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_are_rewritten_and_examples_are_left_alone() {
        let mut document = json!({
            "x": {
                "allOf": [{"$ref": "#/y"}, {"description": "d"}], "description": "d",
                "additionalProperties": {"type": "nothing"}, "maximum": 7.0, "multipleOf": 0.5,
                "properties": {"n": {"type": "integer", "format": "uint32"}, "format": {"type": "string"}},
                "example": {"maximum": 7.0, "format": "uint32"}
            }
        });
        complete(&mut document);
        assert_eq!(
            document["x"],
            json!({
                "allOf": [{"$ref": "#/y"}], "description": "d", "additionalProperties": false, "maximum": 7, "multipleOf": 0.5,
                "properties": {"n": {"type": "integer", "format": "int64", "minimum": 0}, "format": {"type": "string"}},
                "example": {"maximum": 7.0, "format": "uint32"}
            })
        );
    }
}
