//! Lengths of time as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A length of time as a setting: seconds (`2`, `0.5`), or with a unit (`500ms`, `2s`, `5m`, `1h`). More than nothing, at
/// most a day.
///
/// ```
/// use sspp_core::service::Span;
/// assert_eq!("1.5".parse::<Span>().unwrap().get().as_millis(), 1_500);
/// assert_eq!("5m".parse::<Span>().unwrap().to_string(), "300s");
/// assert!("0".parse::<Span>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

impl Span {
    /// The length.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0.as_secs_f64())
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_span(text).map(Self)
    }
}

/// Reads a length of time: seconds, decimals allowed, or a number with `ms`, `s`, `m` or `h`.
///
/// ```
/// assert_eq!(sspp_core::service::parse_span("250ms").unwrap().as_millis(), 250);
/// ```
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let wrong = || {
        "should be seconds such as 2 or 0.5, or a number with ms, s, m or h such as 500ms; more than 0, at most a day"
            .to_owned()
    };
    let text = text.trim();
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<f64>().map_err(|_| wrong())? * factor;
    let span = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    if span < Duration::from_millis(1) || span > Duration::from_hours(24) {
        return Err(wrong());
    }
    Ok(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_and_without_a_unit() {
        for (text, millis) in [
            ("2", 2_000),
            ("0.5", 500),
            (" 2 s ", 2_000),
            ("500ms", 500),
            ("5m", 300_000),
            ("1.5m", 90_000),
            ("24h", 86_400_000),
        ] {
            assert_eq!(parse_span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "0", "0.0001", "s", "-1", "1d", "25h", "1e3", "1.2.3", "soon", "NaN", "inf", "+1"] {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }
}
