//! Coercion as JavaScript does it, because the predecessor's scores came about that way.
//!
//! One deliberate difference: `Number(null)` is 0 in JavaScript, but here null, like a missing member, is not a number,
//! so that comparing a member that is not there is an ordinary "not fired".

use serde_json::Value;

/// Whether JavaScript takes a number for true.
pub(super) fn truthy_number(number: f64) -> bool {
    number != 0.0 && !number.is_nan()
}

/// A JSON value as a number.
pub(super) fn number(value: &Value) -> f64 {
    match value {
        Value::Null | Value::Object(_) => f64::NAN,
        Value::Bool(value) => f64::from(*value),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
        Value::String(text) => number_of_text(text),
        Value::Array(elements) => number_of_array(elements),
    }
}

/// An array counts by its text, its elements joined by commas: only none or one can be a number.
fn number_of_array(elements: &[Value]) -> f64 {
    match elements {
        [] | [Value::Null] => 0.0,
        [element] if !element.is_boolean() => number(element),
        _ => f64::NAN,
    }
}

/// JavaScript's `Number(text)`.
pub(super) fn number_of_text(text: &str) -> f64 {
    let text = text.trim_matches(is_space);
    let bytes = text.as_bytes();
    let radix = match bytes {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => 10,
    };
    if radix != 10 {
        return whole_number(&text[2..], radix);
    }
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // What is left of Rust's own grammar without letters ("inf", "nan") is JavaScript's.
        _ if bytes.iter().all(|b| b.is_ascii_digit() || b".+-eE".contains(b)) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

fn whole_number(digits: &str, radix: u32) -> f64 {
    let value = |digit: char| digit.to_digit(radix).map(f64::from);
    if digits.is_empty() || digits.chars().any(|digit| value(digit).is_none()) {
        return f64::NAN;
    }
    #[expect(clippy::cast_precision_loss, reason = "rounded to the nearest double, as JavaScript does")]
    u128::from_str_radix(digits, radix).map_or_else(
        // Beyond 128 bits the last place may differ from JavaScript's.
        |_| digits.chars().filter_map(value).fold(0.0, |sum, digit| sum * f64::from(radix) + digit),
        |number| number as f64,
    )
}

/// White space and line ends as JavaScript has them: Unicode's without NEL, with the byte order mark.
fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_javascripts() {
        let cases = [
            ("", 0.0),
            (" \t\n\u{feff}", 0.0),
            (" 5 ", 5.0),
            ("0x10", 16.0),
            ("0X1f", 31.0),
            ("0o17", 15.0),
            ("0b101", 5.0),
            ("Infinity", f64::INFINITY),
            ("+Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("5.", 5.0),
            (".5", 0.5),
            ("1e3", 1_000.0),
            ("1E-2", 0.01),
            ("+7", 7.0),
            ("-7", -7.0),
            ("0012", 12.0),
            ("1e400", f64::INFINITY),
            ("0xffffffffffffffff", 18_446_744_073_709_551_615.0),
        ];
        for (text, expected) in cases {
            assert_eq!(number_of_text(text).to_bits(), f64::to_bits(expected), "{text:?}");
        }
        let not_numbers = [
            "inf", "Inf", "nan", "NaN", "infinity", "1_0", "0x", "-0x10", "+0b1", "0b2", "0o8", "1e", "e5",
            ".", "+", "--1", "1 2", "5,", "\u{85}", "1n", "0x1.5",
        ];
        for text in not_numbers {
            assert!(number_of_text(text).is_nan(), "{text:?}");
        }
    }

    #[test]
    fn values_are_coerced() {
        let numbers = [
            (json!(true), 1.0),
            (json!(false), 0.0),
            (json!([]), 0.0),
            (json!([5]), 5.0),
            (json!(["5"]), 5.0),
            (json!([[5]]), 5.0),
            (json!([[]]), 0.0),
            (json!([null]), 0.0),
            (json!(-1.5), -1.5),
        ];
        for (value, expected) in numbers {
            assert_eq!(number(&value).to_bits(), f64::to_bits(expected), "{value}");
        }
        for value in
            [json!(null), json!({}), json!([1, 2]), json!([true]), json!([{}]), json!("abc"), json!(["a"])]
        {
            assert!(number(&value).is_nan(), "{value}");
        }
    }
}
