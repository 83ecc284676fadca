//! When to try again: pure arithmetic.

use std::time::Duration;

use crate::Random;

/// Full-jitter exponential back-off (Brooker, "Exponential Backoff and Jitter", AWS 2015).
///
/// ```
/// use sspp_core::{RetryPolicy, SeededRandom};
/// let policy = RetryPolicy::default();
/// assert!(policy.may_retry(2));
/// assert!(!policy.may_retry(3));
/// let random = SeededRandom::new(1);
/// assert!(policy.delay(1, &random) <= std::time::Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many attempts an event gets, the first included.
    pub attempts: u32,
    /// The longest delay after the first failure; it doubles with each further one.
    pub base: Duration,
    /// The longest delay at all.
    pub max: Duration,
}

impl Default for RetryPolicy {
    /// 3 attempts, from 2 seconds, at most 5 minutes.
    fn default() -> Self {
        Self { attempts: 3, base: Duration::from_secs(2), max: Duration::from_mins(5) }
    }
}

impl RetryPolicy {
    /// Whether an event that failed this often gets another attempt.
    pub const fn may_retry(&self, failed: u32) -> bool {
        failed < self.attempts
    }

    /// The longest delay after this many failures (1 or more): `min(max, base · 2^(failed − 1))`.
    pub fn ceiling(&self, failed: u32) -> Duration {
        let factor = 1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.max)
    }

    /// A delay uniform between nothing and the ceiling.
    pub fn delay(&self, failed: u32, random: &dyn Random) -> Duration {
        self.ceiling(failed).mul_f64(random.next_unit())
    }
}
