//! How long a client waits when the queue is full: as long as the pipelines take to make room.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The limits of a client's wait.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(2);
/// The part of the backlog that must be done before a client should try again: a single free place would be taken at once.
const ROOM: f64 = 0.1;

/// How long it takes until a tenth of `backlog` events is done at `rate` events a second: 1 to 120 seconds. Where nothing is
/// done it is 120 seconds: a person has to act first.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn wait(backlog: u64, rate: f64) -> Duration {
    let seconds = backlog as f64 * ROOM / rate;
    Duration::try_from_secs_f64(seconds).map_or(LONGEST, |wait| wait.clamp(SHORTEST, LONGEST))
}

/// How fast the queue is drained, by all pipelines together.
#[derive(Debug, Default)]
struct Meter {
    backlog: u64,
    /// When the store last said how many events had become signals or dead letters, and how many.
    last: Option<(Instant, u64)>,
    rate: Option<f64>,
}

/// The queue's backlog, and how fast the pipelines empty it. The [`Monitor`](super::Monitor) keeps it up to date.
///
/// ```
/// let backpressure = sspp_runtime::Backpressure::default();
/// assert_eq!(backpressure.retry_after(), None, "the queue was not looked at yet");
/// ```
#[derive(Debug, Default)]
pub struct Backpressure(Mutex<Meter>);

impl Backpressure {
    /// How long a client waits for room in a full queue; `None` before the queue was looked at twice.
    pub fn retry_after(&self) -> Option<Duration> {
        let meter = self.locked();
        meter.rate.map(|rate| wait(meter.backlog, rate))
    }

    /// Takes in what the queue holds and, where the store says so, how many events are done in all. While the store does not
    /// answer nothing is done. Gives how many events a second leave the queue, once that is known.
    pub(super) fn see(&self, at: Instant, backlog: u64, done: Option<u64>) -> Option<f64> {
        let mut meter = self.locked();
        meter.backlog = backlog;
        let Some((before, done_before)) = meter.last else {
            meter.last = done.map(|done| (at, done));
            return None;
        };
        let seconds = at.saturating_duration_since(before).as_secs_f64();
        if seconds > 0.0 {
            // What is too old is removed, so the number may fall.
            let done = done.unwrap_or(done_before);
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            let now = done.saturating_sub(done_before) as f64 / seconds;
            // Half of it is the last look, a quarter the one before: about 15 seconds matter.
            meter.rate = Some(meter.rate.map_or(now, |rate| f64::midpoint(rate, now)));
            meter.last = Some((at, done));
        }
        meter.rate
    }

    fn locked(&self) -> MutexGuard<'_, Meter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_the_time_to_make_room_within_bounds() {
        for (backlog, rate, seconds) in [
            (1_000_000, 10_000.0, 10.0),
            (1_000_000, 100_000.0, 1.0),
            (1_000, 10_000.0, 1.0),
            (1_000_000, 1_000.0, 100.0),
            (1_000_000, 500.0, 120.0),
            (1_000_000, 0.0, 120.0),
            (0, 0.0, 120.0),
            (0, 1.0, 1.0),
            (u64::MAX, f64::MIN_POSITIVE, 120.0),
        ] {
            assert_eq!(wait(backlog, rate), Duration::from_secs_f64(seconds), "{backlog} at {rate}");
        }
    }

    #[test]
    fn the_rate_is_what_all_pipelines_do() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let known = Backpressure::default();
        assert_eq!(known.retry_after(), None, "nothing is known yet");
        known.see(at(0), 500_000, Some(7));
        assert_eq!(known.retry_after(), None, "one look has no rate");
        assert_eq!(known.see(at(5), 500_000, Some(50_007)), Some(10_000.0));
        assert_eq!(known.retry_after(), Some(Duration::from_secs(5)));
        // The store is away: nothing is done, and soon that is known.
        assert_eq!(known.see(at(10), 1_000_000, None), Some(5_000.0));
        assert_eq!(known.retry_after(), Some(Duration::from_secs(20)));
        for look in 3..12 {
            known.see(at(look * 5), 1_000_000, None);
        }
        assert_eq!(known.retry_after(), Some(LONGEST));
        // Old signals were removed: no rate is below nothing.
        assert_eq!(known.see(at(60), 9, Some(1)).map(|rate| rate < 11.0), Some(true));
        assert_eq!(
            known.see(at(60), 9, Some(1_000)).map(|rate| rate < 11.0),
            Some(true),
            "no time has passed"
        );
    }
}
