//! Time comes in from outside, so that tests can step it.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time.
///
/// ```
/// use sspp_core::{Clock, SystemClock};
/// assert!(SystemClock.now().timestamp() > 1_700_000_000);
/// ```
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
///
/// ```
/// use sspp_core::{Clock, SystemClock};
/// assert!(SystemClock.now() <= SystemClock.now() + chrono::TimeDelta::seconds(1));
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
    fn now(&self) -> DateTime<Utc> {
        #[cfg(feature = "faults")]
        {
            Utc::now() + crate::faults::clock_offset()
        }
        #[cfg(not(feature = "faults"))]
        {
            Utc::now()
        }
    }
}

/// A clock that stands still until it is moved: for tests.
///
/// ```
/// use sspp_core::{Clock, ManualClock};
/// let clock = ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap());
/// clock.advance(chrono::TimeDelta::hours(48));
/// assert_eq!(clock.now().to_rfc3339(), "2026-01-03T00:00:00+00:00");
/// ```
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows the given instant.
    pub const fn at(instant: DateTime<Utc>) -> Self {
        Self(AtomicI64::new(instant.timestamp_micros()))
    }

    /// Moves the clock, backwards when the step is negative.
    pub fn advance(&self, step: TimeDelta) {
        self.0.fetch_add(step.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap_or_default()
    }
}
