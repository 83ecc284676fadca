//! Lengths of time as settings, as people write them.

use std::time::Duration;

use sspp_engine::Retention;

const LONGEST_AGE: Duration = Duration::from_hours(24 * 36_525);

/// Reads a length of time: with units (`500ms`, `2s`, `1h30m`), or a plain number of seconds (`2`, `0.5`). From a millisecond
/// to a day.
///
/// ```
/// use sspp_runtime::read_duration;
/// assert_eq!(read_duration("1.5").unwrap().as_millis(), 1_500);
/// assert_eq!(read_duration("1h30m").unwrap().as_secs(), 5_400);
/// assert!(read_duration("0").is_err());
/// ```
pub fn read_duration(text: &str) -> Result<Duration, String> {
    read_from(Duration::from_millis(1), "1ms", text)
}

/// Reads a length of time as [`read_duration`] does, or 0.
///
/// ```
/// use sspp_runtime::read_delay;
/// assert!(read_delay("0s").unwrap().is_zero());
/// assert_eq!(read_delay("15s").unwrap().as_secs(), 15);
/// ```
pub fn read_delay(text: &str) -> Result<Duration, String> {
    read_from(Duration::ZERO, "0", text)
}

fn read_from(shortest: Duration, shown: &str, text: &str) -> Result<Duration, String> {
    let seconds = text.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let length = seconds.or_else(|| with_units(text));
    length.filter(|length| (shortest..=Duration::from_hours(24)).contains(length)).ok_or_else(|| {
        format!(
            "should be a duration such as 500ms, 30s, 5m or 1h30m, or a number of seconds; from {shown} to 1d"
        )
    })
}

/// Reads how long something is kept, with units: `30d`, `36h`, `1y`. A plain number is refused: days and seconds could be
/// mistaken for each other. From a day to 100 years.
pub(super) fn read_age(text: &str) -> Result<Duration, String> {
    with_units(text).filter(|age| (Retention::SHORTEST..=LONGEST_AGE).contains(age)).ok_or_else(|| {
        "should be a duration with a unit, such as 30d or 36h; at least a day, at most 100 years".to_owned()
    })
}

/// A number with a unit, or several.
pub(super) fn with_units(text: &str) -> Option<Duration> {
    let text = text.trim();
    humantime::parse_duration(text).ok().filter(|_| text.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_with_and_without_a_unit() {
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
            let length = read_duration(text).unwrap();
            assert_eq!(length, Duration::from_millis(millis), "{text}");
            let shown = humantime::format_duration(length).to_string();
            assert_eq!(read_duration(&shown), Ok(length), "{text}: what is shown can be written");
        }
        for text in [
            "", "0", "0.0001", "0s", "s", "-1", "-1s", "1.1d", "25h", "1.2.3", "soon", "NaN", "inf", "30x",
            "1h30",
        ] {
            let said = read_duration(text).unwrap_err();
            assert!(said.contains("30s") && said.contains("1h30m"), "{text}: {said}");
        }
    }

    #[test]
    fn a_delay_may_be_nothing() {
        for text in ["0", "0s", "0ms"] {
            assert_eq!(read_delay(text), Ok(Duration::ZERO), "{text}");
        }
        assert_eq!(read_delay("1.5"), read_duration("1.5"));
        for text in ["", "-1", "25h", "soon"] {
            assert!(read_delay(text).unwrap_err().ends_with("from 0 to 1d"), "{text}");
        }
    }

    #[test]
    fn ages_are_a_day_or_more() {
        for (text, hours) in [("1d", 24), ("30 days", 720), ("36h", 36), ("1w", 168), ("36525d", 876_600)] {
            assert_eq!(read_age(text), Ok(Duration::from_hours(hours)), "{text}");
        }
        for text in ["", "0", "30", "86400", "23h", "0.99d", "-1d", "36526d", "1e9d", "off"] {
            let said = read_age(text).unwrap_err();
            assert!(said.contains("30d") && said.contains("at least a day"), "{text}: {said}");
        }
    }
}
