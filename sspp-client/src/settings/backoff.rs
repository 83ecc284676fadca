//! When to send again: pure arithmetic, and the budget that keeps many clients from adding load to a server in trouble.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sspp_events::{Random, RetryPolicy};

/// When failed events are sent again, and for how long.
///
/// The pause before the n-th retry is uniform between nothing and `base` · 2^(n − 1), at most `max` (full jitter: Brooker,
/// "Exponential Backoff and Jitter", AWS 2015). Where the server asks for a longer pause, that is added as the floor, up to
/// `retry_after_cap`, and does not count against the budget.
///
/// ```
/// use sspp_client::Backoff;
/// let patient = Backoff { attempts: 20, budget: std::time::Duration::from_secs(600), ..Backoff::default() };
/// let client = sspp_client::Client::builder("http://127.0.0.1:3000").backoff(patient).build()?;
/// # Ok::<(), sspp_client::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first pause; 200 ms.
    pub base: Duration,
    /// The longest pause at all; 30 s.
    pub max: Duration,
    /// How often an event is sent at most, the first time included; 5.
    pub attempts: u32,
    /// How long after its first attempt an event may still be sent again; 60 s.
    pub budget: Duration,
    /// The longest pause that a server may ask for; 300 s.
    pub retry_after_cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(200),
            max: Duration::from_secs(30),
            attempts: 5,
            budget: Duration::from_mins(1),
            retry_after_cap: Duration::from_mins(5),
        }
    }
}

impl Backoff {
    /// The pause after so many failures (1 or more). `retry_after` is what the server asked for.
    ///
    /// ```
    /// use std::time::Duration;
    /// use sspp_client::{Backoff, SeededRandom};
    /// let (backoff, random) = (Backoff::default(), SeededRandom::new(1));
    /// assert!(backoff.delay(1, None, &random) <= Duration::from_millis(200));
    /// assert!(backoff.delay(1, Some(Duration::from_secs(9)), &random) >= Duration::from_secs(9));
    /// assert!(backoff.delay(1, Some(Duration::from_secs(9_000)), &random) <= Duration::from_secs(301));
    /// ```
    pub fn delay(&self, failed: u32, retry_after: Option<Duration>, random: &dyn Random) -> Duration {
        // Jitter comes on top of what the server asked for: it asked everyone for the same.
        self.floor(retry_after) + self.policy().delay(failed, random)
    }

    /// The part of a pause that the server asked for.
    pub(crate) fn floor(&self, retry_after: Option<Duration>) -> Duration {
        retry_after.unwrap_or_default().min(self.retry_after_cap)
    }

    /// A pause for when the budget of retries is used up: no faster than the slowest pace.
    pub(crate) fn slowest(&self, retry_after: Option<Duration>, random: &dyn Random) -> Duration {
        self.floor(retry_after) + self.max.mul_f64(0.5 + random.next_unit() / 2.0)
    }

    fn policy(&self) -> RetryPolicy {
        RetryPolicy { attempts: self.attempts, base: self.base, max: self.max }
    }
}

/// A bucket that failures empty and successes fill (as in the AWS SDKs): while it is empty, retries go at the slowest pace.
#[derive(Debug)]
pub(crate) struct RetryTokens {
    left: AtomicU32,
    capacity: u32,
}

/// A retry after an answer that failed, after none in time; and what a success at first try gives back.
const RETRY: u32 = 5;
const TIMEOUT: u32 = 10;
const SUCCESS: u32 = 1;

impl RetryTokens {
    pub(crate) const fn new(capacity: u32) -> Self {
        Self { left: AtomicU32::new(capacity), capacity }
    }

    /// Takes what a retry costs; `None` if that is not there. The cost comes back when the retry succeeds.
    pub(crate) fn take(&self, after_timeout: bool) -> Option<u32> {
        let cost = if after_timeout { TIMEOUT } else { RETRY };
        let taken =
            self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(cost));
        taken.ok().map(|_| cost)
    }

    /// Gives back after a success: what its last retry cost, or a little.
    pub(crate) fn give_back(&self, cost: Option<u32>) {
        let back = cost.unwrap_or(SUCCESS);
        let full = |left: u32| Some(left.saturating_add(back).min(self.capacity));
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, full);
    }
}

#[cfg(test)]
mod tests {
    use sspp_events::SeededRandom;

    use super::*;

    /// A thousand clients lose the server in one instant: no tenth of the first second sees more than a third of the
    /// first retries, and in the long run they spread over the whole pause.
    #[test]
    fn a_thousand_clients_do_not_come_back_as_a_herd() {
        let backoff = Backoff::default();
        let clients: Vec<SeededRandom> = (0..1000).map(|seed| SeededRandom::new(seed * 7919)).collect();
        let mut elapsed = vec![Duration::ZERO; clients.len()];
        for failed in 1..=8 {
            let mut slots = [0_u32; 20];
            let ceiling = backoff.base * 2_u32.pow(failed - 1);
            for (client, elapsed) in clients.iter().zip(&mut elapsed) {
                let delay = backoff.delay(failed, None, client);
                assert!(delay <= ceiling.min(backoff.max));
                *elapsed += delay;
                let slot = delay.as_millis() * 20 / (ceiling.min(backoff.max).as_millis() + 1);
                slots[usize::try_from(slot).unwrap()] += 1;
            }
            let (least, most) = (slots.iter().min().unwrap(), slots.iter().max().unwrap());
            assert!(*least >= 20 && *most <= 90, "retry {failed}: 1000 clients in 20 slots as {slots:?}");
        }
        elapsed.sort();
        assert!(elapsed[949] > elapsed[49] + Duration::from_secs(15), "they drift apart");
    }

    #[test]
    fn a_pause_the_server_asked_for_is_a_floor_with_jitter_above_and_a_cap() {
        let (backoff, random) = (Backoff::default(), SeededRandom::new(3));
        let mut seen: Vec<Duration> =
            (0..100).map(|_| backoff.delay(3, Some(Duration::from_secs(10)), &random)).collect();
        seen.sort();
        assert!(seen[0] >= Duration::from_secs(10) && seen[99] <= Duration::from_millis(10_800));
        assert!(seen[99] > seen[0] + Duration::from_millis(600), "all at once again: {seen:?}");
        assert_eq!(backoff.floor(Some(Duration::from_secs(1 << 40))), Duration::from_mins(5));
    }

    #[test]
    fn tokens_run_out_and_come_back() {
        let tokens = RetryTokens::new(20);
        assert_eq!((tokens.take(true), tokens.take(false), tokens.take(false)), (Some(10), Some(5), Some(5)));
        assert_eq!(tokens.take(false), None);
        tokens.give_back(Some(5));
        assert_eq!(tokens.take(false), Some(5));
        for _ in 0..100 {
            tokens.give_back(None);
        }
        assert_eq!(tokens.left.load(Ordering::Relaxed), 20);
    }
}
