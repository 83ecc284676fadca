//! Lengths of time as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use sspp_engine::Retention;

/// A length of time as a setting: with units (`500ms`, `2s`, `1h30m`), or a plain number of seconds (`2`, `0.5`). From a
/// millisecond to a day.
///
/// ```
/// use sspp_runtime::Span;
/// assert_eq!("1.5".parse::<Span>().unwrap().get().as_millis(), 1_500);
/// assert_eq!("1h30m".parse::<Span>().unwrap().get().as_secs(), 5_400);
/// assert_eq!("300".parse::<Span>().unwrap().to_string(), "5m");
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
        write!(f, "{}", humantime::format_duration(self.0))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A plain number is seconds.
        let seconds = text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let span = seconds.or_else(|| with_units(text));
        let range = Duration::from_millis(1)..=Duration::from_hours(24);
        span.filter(|span| range.contains(span)).map(Self).ok_or_else(|| {
            "should be a length of time such as 500ms, 30s, 5m or 1h30m, or a number of seconds; from 1ms to 1d".to_owned()
        })
    }
}

/// How long something is kept, as a setting with units: `30d`, `36h`, `1y`. A plain number is refused: days and seconds could
/// be mistaken for each other. From a day to 100 years.
///
/// ```
/// use sspp_runtime::Age;
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
        write!(f, "{}", humantime::format_duration(self.0))
    }
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let age = with_units(text).filter(|age| (Retention::SHORTEST..=LONGEST_AGE).contains(age));
        age.map(Self).ok_or_else(|| {
            "should be a length of time with its unit, such as 30d or 36h; at least a day, at most 100 years".to_owned()
        })
    }
}

const LONGEST_AGE: Duration = Duration::from_hours(24 * 36_525);

/// A number with a unit, or several.
pub(super) fn with_units(text: &str) -> Option<Duration> {
    let text = text.trim();
    humantime::parse_duration(text).ok().filter(|_| text.bytes().any(|byte| byte.is_ascii_alphabetic()))
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
            ("250ms", 250),
            ("30s", 30_000),
            ("5m", 300_000),
            ("1.5m", 90_000),
            ("1h30m", 5_400_000),
            ("1h 30min", 5_400_000),
            ("24h", 86_400_000),
            ("1d", 86_400_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.get(), Duration::from_millis(millis), "{text}");
            assert_eq!(span.to_string().parse(), Ok(span), "{text}: what is shown can be written");
        }
        for text in [
            "", "0", "0.0001", "0s", "s", "-1", "-1s", "1.1d", "25h", "1.2.3", "soon", "NaN", "inf", "30x",
            "1h30",
        ] {
            let said = text.parse::<Span>().unwrap_err();
            assert!(said.contains("30s") && said.contains("1h30m"), "{text}: {said}");
        }
    }

    #[test]
    fn ages_are_a_day_or_more() {
        for (text, hours, shown) in [
            ("1d", 24, "1day"),
            ("30 days", 720, "30days"),
            ("36h", 36, "1day 12h"),
            ("1w", 168, "7days"),
            ("36525d", 876_600, "100years"),
        ] {
            let age: Age = text.parse().unwrap();
            assert_eq!((age.get(), age.to_string().as_str()), (Duration::from_hours(hours), shown), "{text}");
        }
        for text in ["", "0", "30", "86400", "23h", "0.99d", "-1d", "36526d", "1e9d", "off"] {
            let said = text.parse::<Age>().unwrap_err();
            assert!(said.contains("30d") && said.contains("at least a day"), "{text}: {said}");
        }
    }
}
