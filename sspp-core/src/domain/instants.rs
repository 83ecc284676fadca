//! What converts into a timestamp: texts, and the types of the clocks and time libraries that programs use.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeZone};

use super::{Timestamp, TimestampFault};

/// An instant by its microseconds since 1970, rounded down.
fn from_micros(micros: i128) -> Result<Timestamp, TimestampFault> {
    if micros < 0 {
        return Err(TimestampFault::TooEarly);
    }
    i64::try_from(micros).ok().and_then(Timestamp::from_micros).ok_or(TimestampFault::TooLate)
}

/// Never happens: a [`Timestamp`] is one already.
impl From<Infallible> for TimestampFault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What a text was read as: a fault is told where the others are.
impl TryFrom<Result<Self, TimestampFault>> for Timestamp {
    type Error = TimestampFault;
    fn try_from(read: Result<Self, TimestampFault>) -> Result<Self, TimestampFault> {
        read
    }
}

/// As [`Timestamp::parse`].
impl FromStr for Timestamp {
    type Err = TimestampFault;
    fn from_str(text: &str) -> Result<Self, TimestampFault> {
        Self::parse(text)
    }
}

macro_rules! texts {
    ($($type:ty),*) => {
        $(/// As [`Timestamp::parse`].
        impl TryFrom<$type> for Timestamp {
            type Error = TimestampFault;
            fn try_from(text: $type) -> Result<Self, TimestampFault> {
                Self::parse(text.as_ref())
            }
        })*
    };
}

texts!(&str, &String, String);

impl<Z: TimeZone> TryFrom<DateTime<Z>> for Timestamp {
    type Error = TimestampFault;
    fn try_from(instant: DateTime<Z>) -> Result<Self, TimestampFault> {
        from_micros(instant.timestamp_micros().into())
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimestampFault;
    fn try_from(instant: SystemTime) -> Result<Self, TimestampFault> {
        let since = instant.duration_since(UNIX_EPOCH).map_err(|_| TimestampFault::TooEarly)?;
        from_micros(i128::try_from(since.as_micros()).unwrap_or(i128::MAX))
    }
}
