//! A time span as people write it: `30s`, `5m`, `1h`, `500ms`.

use std::time::Duration;

/// Reads one; without a unit it is seconds.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number = number.parse::<u64>().ok().filter(|number| *number <= 1_000_000_000);
    let (Some(number), Some(thousandths)) = (
        number,
        match unit {
            "ms" => Some(1),
            "s" | "" => Some(1_000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            _ => None,
        },
    ) else {
        return Err("write a time span such as 30s, 5m or 500ms".to_owned());
    };
    Ok(Duration::from_millis(number * thousandths))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_read() {
        for (text, milliseconds) in
            [("30s", 30_000), ("5m", 300_000), ("500ms", 500), ("7", 7_000), ("1h", 3_600_000)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for wrong in ["", "s", "-1s", "1.5s", "1 s", "99999999999999999999s", "9d"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
