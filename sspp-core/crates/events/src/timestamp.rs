//! When an event happened, and the texts that say so.

use std::fmt;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Timelike as _, Utc};
use serde::{Deserialize, Serialize};

/// Why a text is not a timestamp.
///
/// ```
/// use sspp_core::{Timestamp, TimestampFault};
/// assert_eq!(Timestamp::parse("2024-W51-1"), Err(TimestampFault::Malformed));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimestampFault {
    /// Neither RFC 3339, nor a date, nor a date-time without offset; or a day or time that does not exist.
    #[error("must be a valid ISO 8601 date string")]
    Malformed,
    /// Before 1970-01-01T00:00:00Z.
    #[error("must not be before 1970-01-01T00:00:00Z")]
    TooEarly,
    /// Further ahead of the receiving clock than clocks may differ.
    #[error("must not be more than 5 minutes in the future")]
    TooLate,
}

/// An instant in UTC with a resolution of one microsecond, 1970 or later.
///
/// ```
/// use sspp_core::Timestamp;
/// let instant = Timestamp::parse("2024-12-21T10:00:00.123+02:00").unwrap();
/// assert_eq!(instant.to_string(), "2024-12-21T08:00:00.123Z");
/// // A date is midnight UTC, a date-time without offset is UTC.
/// assert_eq!(Timestamp::parse("2024-12-21").unwrap().to_string(), "2024-12-21T00:00:00.000Z");
/// assert_eq!(Timestamp::parse("2024-12-21T10:00:00").unwrap().to_string(), "2024-12-21T10:00:00.000Z");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// How far ahead of the receiver an event's time may lie, in seconds: clocks differ.
    pub const MAX_AHEAD_SECONDS: i64 = 300;
    /// 9999-12-31T23:59:59.999999Z, the last instant that a four-digit year can say.
    const LAST: i64 = 253_402_300_799_999_999;
    /// The last instant.
    pub const MAX: Self = Self(Self::LAST);

    /// Reads RFC 3339 (`2024-12-21T10:00:00Z`), a date (midnight UTC) or a date-time without offset (UTC).
    ///
    /// Fractions finer than a microsecond are cut off. A leap second (`:60`) is refused.
    pub fn parse(text: &str) -> Result<Self, TimestampFault> {
        let instant = read(text).ok_or(TimestampFault::Malformed)?;
        Self::from_micros(instant.timestamp_micros()).ok_or(TimestampFault::TooEarly)
    }

    /// An instant by its microseconds since 1970; `None` when that is negative or after the year 9999.
    pub fn from_micros(micros: i64) -> Option<Self> {
        (0..=Self::LAST).contains(&micros).then_some(Self(micros))
    }

    /// An instant of a clock; instants outside 1970 to 9999 are moved to the nearer end.
    pub fn from_datetime(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros().clamp(0, Self::LAST))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn millis(self) -> i64 {
        self.0 / 1_000
    }

    /// The instant as chrono's type.
    pub fn to_datetime(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Refuses an instant more than five minutes after `now`.
    pub fn not_after(self, now: Self) -> Result<Self, TimestampFault> {
        if self.0 > now.0 + Self::MAX_AHEAD_SECONDS * 1_000_000 {
            return Err(TimestampFault::TooLate);
        }
        Ok(self)
    }
}

/// The shape is checked first: date parsers are more lenient (spaces, lower case, fields of one digit).
fn read(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 10 || !shaped(&bytes[..10], b"0000-00-00") {
        return None;
    }
    let number = |range: std::ops::Range<usize>| text[range].parse::<u32>().ok();
    let year = i32::try_from(number(0..4)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(5..7)?, number(8..10)?)?;
    if bytes.len() == 10 {
        return Some(date.and_hms_opt(0, 0, 0)?.and_utc());
    }
    if bytes.len() < 19 || !shaped(&bytes[10..19], b"T00:00:00") {
        return None;
    }
    let (micros, offset) = fraction(&text[19..])?;
    let time = date.and_hms_micro_opt(number(11..13)?, number(14..16)?, number(17..19)?, micros)?;
    time.and_utc().checked_sub_signed(TimeDelta::minutes(offset_minutes(offset)?))
}

/// Splits `.123456789+02:00` into microseconds and offset; digits below a microsecond are cut off.
fn fraction(text: &str) -> Option<(u32, &str)> {
    let Some(rest) = text.strip_prefix('.') else { return Some((0, text)) };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, offset) = rest.split_at(digits);
    let micros = fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
    (digits > 0).then(|| (micros.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')), offset))
}

fn offset_minutes(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if matches!(text, "" | "Z") {
        return Some(0);
    }
    if bytes.len() != 6 || !matches!(bytes[0], b'+' | b'-') || !shaped(&bytes[1..], b"00:00") {
        return None;
    }
    let (hours, minutes): (i64, i64) = (text[1..3].parse().ok()?, text[4..6].parse().ok()?);
    let sign = if bytes[0] == b'-' { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn shaped(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() == shape.len()
        && bytes.iter().zip(shape).all(|(b, s)| if *s == b'0' { b.is_ascii_digit() } else { b == s })
}

impl fmt::Display for Timestamp {
    // Every event is written with two or three timestamps, and a general formatter takes longer for one than the rest of
    // the event does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.to_datetime();
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let second = [at.month(), at.day(), at.hour(), at.minute(), at.second()];
        write_digits(&mut text[..4], at.year().unsigned_abs());
        for (place, number) in second.into_iter().enumerate() {
            write_digits(&mut text[5 + 3 * place..][..2], number);
        }
        write_digits(&mut text[20..26], at.nanosecond() / 1_000);
        let length = if self.0 % 1_000 == 0 { 24 } else { 27 };
        text[length - 1] = b'Z';
        f.pad(std::str::from_utf8(&text[..length]).map_err(|_| fmt::Error)?)
    }
}

/// Writes the last digits of a number, as many as there is room for.
fn write_digits(room: &mut [u8], mut number: u32) {
    for digit in room.iter_mut().rev() {
        *digit = b"0123456789"[(number % 10) as usize];
        number /= 10;
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|fault| serde::de::Error::custom(format!("timestamp {fault}")))
    }
}
