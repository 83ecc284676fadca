//! The canonical JSON of a document and its digest: what a model is known by.

use serde_json::Value;
use sha2::{Digest, Sha256};

use sspp_events::ModelDigest;

/// Members sorted, no white space, whole numbers without a fraction. Nothing is filled in: a digest says what was
/// given, so it cannot change with a release.
pub(super) fn canonical_json(document: &Value) -> String {
    let mut text = String::new();
    write(document, &mut text);
    text
}

/// SHA-256 of canonical JSON.
pub(super) fn digest(canonical: &str) -> ModelDigest {
    ModelDigest::from_bytes(Sha256::digest(canonical.as_bytes()).into())
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| name.as_str());
            list(text, ['{', '}'], sorted, |(name, member), text| {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(member, text);
            });
        }
        Value::Array(elements) => list(text, ['[', ']'], elements, write),
        Value::Number(number) => match number.as_f64().and_then(whole) {
            Some(whole) if number.is_f64() => text.push_str(&whole.to_string()),
            _ => text.push_str(&number.to_string()),
        },
        other => text.push_str(&other.to_string()),
    }
}

fn list<T>(
    text: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    text.push(open);
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(close);
}

/// The whole number that a double is, within what a double holds exactly.
pub(super) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_sorted_and_whole_numbers_written_one_way() {
        let value = serde_json::json!({"b": [1.0, 2, 0.25, -0.0], "a": {"z": null, "ä": "\n", "y": 1e3}});
        assert_eq!(canonical_json(&value), r#"{"a":{"y":1000,"z":null,"ä":"\n"},"b":[1,2,0.25,0]}"#);
    }
}
