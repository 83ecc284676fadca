//! Stamps of a queue within one process: from its clock, but never falling, even if the clock steps back.

use sspp_events::Timestamp;

/// The last stamp that was given.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stamps(i64);

impl Stamps {
    /// The stamp of a new job: later than every one before. A job that has one already keeps it, unless it is later still.
    pub(super) fn stamp(&mut self, now: Timestamp, first: Option<Timestamp>) -> Timestamp {
        self.0 = now.micros().max(self.0.saturating_add(1));
        let own = limited(self.0);
        first.map_or(own, |first| first.min(own))
    }

    /// An instant that no job had before, and that every later one comes after.
    pub(super) fn fence(&mut self, now: Timestamp, at_least: Option<Timestamp>) -> Timestamp {
        self.0 = self.0.max(now.micros()).max(at_least.map_or(0, Timestamp::micros));
        limited(self.0)
    }
}

/// The last instant that there is, where a clock went that far.
fn limited(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn stamps_grow_and_a_fence_parts_them(steps in prop::collection::vec((0_i64..1_000, any::<bool>()), 1..50)) {
            let mut stamps = Stamps::default();
            let (mut before, mut line) = (None, None);
            for (now, is_fence) in steps {
                let now = Timestamp::from_micros(now).unwrap();
                if is_fence {
                    let fence = stamps.fence(now, before);
                    prop_assert!(before.is_none_or(|stamp| stamp <= fence));
                    line = Some(fence);
                } else {
                    let stamp = stamps.stamp(now, None);
                    prop_assert!(line.is_none_or(|fence| fence < stamp));
                    prop_assert!(before.is_none_or(|before| before < stamp));
                    before = Some(stamp);
                }
            }
        }
    }

    #[test]
    fn a_stamp_that_is_given_counts_unless_it_is_later_than_the_queues_own() {
        let at = |micros| Timestamp::from_micros(micros).unwrap();
        let mut stamps = Stamps(10);
        assert_eq!(stamps.stamp(at(5), Some(at(3))), at(3));
        assert_eq!(stamps.stamp(at(5), Some(at(99))), at(12));
    }
}
