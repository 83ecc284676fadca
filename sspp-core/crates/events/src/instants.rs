//! What converts into a timestamp: texts, and the types of the clocks and time libraries that programs use.

use std::convert::Infallible;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, TimeZone};

use crate::{Timestamp, TimestampFault};

/// An instant by its microseconds since 1970, rounded down.
fn from_micros(micros: i128) -> Result<Timestamp, TimestampFault> {
    if micros < 0 {
        return Err(TimestampFault::TooEarly);
    }
    i64::try_from(micros).ok().and_then(Timestamp::from_micros).ok_or(TimestampFault::TooLate)
}

#[cfg(any(feature = "jiff", feature = "time"))]
fn from_nanos(nanos: i128) -> Result<Timestamp, TimestampFault> {
    from_micros(nanos.div_euclid(1_000))
}

/// Never happens: a [`Timestamp`] is one already.
impl From<Infallible> for TimestampFault {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What a text was read as: a fault is reported where the others are.
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

#[cfg(feature = "jiff")]
impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = TimestampFault;
    fn try_from(instant: jiff::Timestamp) -> Result<Self, TimestampFault> {
        from_nanos(instant.as_nanosecond())
    }
}

#[cfg(feature = "jiff")]
impl TryFrom<jiff::ZonedDateTime> for Timestamp {
    type Error = TimestampFault;
    fn try_from(instant: jiff::ZonedDateTime) -> Result<Self, TimestampFault> {
        instant.timestamp().try_into()
    }
}

#[cfg(feature = "time")]
impl TryFrom<time::OffsetDateTime> for Timestamp {
    type Error = TimestampFault;
    fn try_from(instant: time::OffsetDateTime) -> Result<Self, TimestampFault> {
        from_nanos(instant.unix_timestamp_nanos())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::{FixedOffset, Utc};
    use proptest::prelude::*;

    use super::*;

    fn read<T: TryInto<Timestamp, Error: Into<TimestampFault>>>(
        instant: T,
    ) -> Result<Timestamp, TimestampFault> {
        instant.try_into().map_err(Into::into)
    }

    #[test]
    fn what_lies_outside_of_1970_to_9999_is_a_fault_and_is_not_moved() {
        let before = DateTime::<Utc>::from_timestamp(-1, 999_999_999).unwrap();
        assert_eq!(read(before), Err(TimestampFault::TooEarly));
        assert_eq!(read(UNIX_EPOCH - Duration::from_nanos(1)), Err(TimestampFault::TooEarly));
        assert_eq!(read(DateTime::<Utc>::MAX_UTC), Err(TimestampFault::TooLate));
        assert_eq!(read(UNIX_EPOCH + Duration::from_hours(24 * 366 * 10_000)), Err(TimestampFault::TooLate));
        assert_eq!(read("yesterday"), Err(TimestampFault::Malformed));
        assert_eq!(read(Timestamp::parse("yesterday")), Err(TimestampFault::Malformed));
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn so_it_is_with_jiff() {
        let before = jiff::Timestamp::from_nanosecond(-1).unwrap();
        assert_eq!(read(before), Err(TimestampFault::TooEarly));
        assert_eq!(read(before.to_zoned_datetime(jiff::tz::TimeZone::UTC)), Err(TimestampFault::TooEarly));
    }

    #[cfg(feature = "time")]
    #[test]
    fn so_it_is_with_time() {
        let before = time::OffsetDateTime::from_unix_timestamp_nanos(-1).unwrap();
        assert_eq!(read(before), Err(TimestampFault::TooEarly));
    }

    proptest! {
        /// However an instant is said, it is the same timestamp, rounded down to a microsecond.
        #[test]
        fn every_type_says_the_same_instant(seconds in 0_i64..253_402_300_800, nanos in 0_u32..1_000_000_000, offset in -50_000..50_000) {
            let expected = Timestamp::from_micros(seconds * 1_000_000 + i64::from(nanos / 1_000)).unwrap();
            let utc = DateTime::<Utc>::from_timestamp(seconds, nanos).unwrap();
            let local = utc.with_timezone(&FixedOffset::east_opt(offset).unwrap());
            let system = UNIX_EPOCH + Duration::new(seconds.unsigned_abs(), nanos);
            for said in [read(utc), read(local), read(system), read(expected), read(expected.to_string()), expected.to_string().parse()] {
                prop_assert_eq!(said, Ok(expected));
            }
            #[cfg(any(feature = "jiff", feature = "time"))]
            let nanos = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
            #[cfg(feature = "jiff")]
            if let Ok(instant) = jiff::Timestamp::from_nanosecond(nanos) {
                prop_assert_eq!(read(instant), Ok(expected));
            }
            #[cfg(feature = "time")]
            prop_assert_eq!(read(time::OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap()), Ok(expected));
        }
    }
}
