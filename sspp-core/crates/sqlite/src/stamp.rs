//! Stamps of events that are received: from the store's clock, but never falling, even if the clock steps back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sspp_events::Timestamp;

/// The last stamp that was given, or the latest instant up to which something was erased, in microseconds. Clones share it. One
/// task gives stamps.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastStamp(Arc<AtomicI64>);

impl LastStamp {
    /// A new stamp, later than the last.
    pub(crate) fn next(&self, now: Timestamp) -> Timestamp {
        let next = now.micros().max(self.0.load(Ordering::SeqCst).saturating_add(1));
        self.raise(next);
        instant(next)
    }

    /// Later stamps come after this instant.
    pub(crate) fn raise(&self, micros: i64) {
        self.0.fetch_max(micros, Ordering::SeqCst);
    }

    /// An instant of the clock, but not before the last stamp.
    pub(crate) fn or_later(&self, now: Timestamp) -> Timestamp {
        instant(now.micros().max(self.0.load(Ordering::SeqCst)))
    }
}

/// The last instant that there is, where a clock went that far.
fn instant(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stamps_grow_past_what_was_erased_whatever_the_clock_shows(
            steps in prop::collection::vec((0_i64..1_000, prop::option::of(0_i64..1_000)), 1..50),
        ) {
            let (last, mut latest) = (LastStamp::default(), 0);
            for (now, erased) in steps {
                let now = instant(now);
                if let Some(up_to) = erased {
                    last.raise(up_to);
                    latest = latest.max(up_to);
                }
                prop_assert!(last.or_later(now).micros() >= latest.max(now.micros()));
                let stamp = last.next(now);
                prop_assert!(stamp.micros() > latest && stamp >= now && last.or_later(now) == stamp);
                latest = stamp.micros();
            }
        }
    }
}
