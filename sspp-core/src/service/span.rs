//! Lengths of time as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::Retention;

/// A length of time as a setting: seconds (`2`, `0.5`), or with a unit (`500ms`, `2s`, `5m`, `1h`, `1d`). More than nothing, at
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

/// How long something is kept, as a setting: days (`30d`), or seconds, or with another unit (`36h`). At least a day, at most 100
/// years.
///
/// ```
/// use sspp_core::service::Age;
/// assert_eq!("30d".parse::<Age>().unwrap().get().as_secs(), 30 * 86_400);
/// assert!("2h".parse::<Age>().unwrap_err().contains("at least a day"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age(Duration);

impl Age {
    /// The length.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0.as_secs_f64() / 86_400.0)
    }
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let age = read(text).filter(|age| (Retention::SHORTEST..=LONGEST_AGE).contains(age));
        age.map(Self).ok_or_else(|| {
            "should be days such as 30d, or hours such as 36h; at least a day, at most 100 years".to_owned()
        })
    }
}

const LONGEST_AGE: Duration = Duration::from_hours(24 * 36_525);

/// Reads a length of time: seconds, decimals allowed, or a number with `ms`, `s`, `m`, `h` or `d`.
///
/// ```
/// assert_eq!(sspp_core::service::parse_span("250ms").unwrap().as_millis(), 250);
/// ```
pub fn parse_span(text: &str) -> Result<Duration, String> {
    let span = read(text).filter(|span| (Duration::from_millis(1)..=Duration::from_hours(24)).contains(span));
    span.ok_or_else(|| {
        "should be seconds such as 2 or 0.5, or a number with ms, s, m, h or d such as 500ms; more than 0, at most a day"
            .to_owned()
    })
}

fn read(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * factor).ok()
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
            ("1d", 86_400_000),
        ] {
            assert_eq!(parse_span(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "0", "0.0001", "s", "-1", "1.1d", "25h", "1e3", "1.2.3", "soon", "NaN", "inf", "+1"]
        {
            assert!(parse_span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ages_are_a_day_or_more() {
        for (text, hours, shown) in [
            ("1d", 24, "1d"),
            ("30d", 720, "30d"),
            ("36h", 36, "1.5d"),
            ("86400", 24, "1d"),
            ("36525d", 876_600, "36525d"),
        ] {
            let age: Age = text.parse().unwrap();
            assert_eq!((age.get(), age.to_string().as_str()), (Duration::from_hours(hours), shown), "{text}");
        }
        for text in ["", "0", "30", "23h", "0.99d", "-1d", "36526d", "1e9d", "30 days", "1w", "off"] {
            let said = text.parse::<Age>().unwrap_err();
            assert!(said.contains("30d") && said.contains("at least a day"), "{text}: {said}");
        }
    }
}
