//! Settings of a pipeline.

use std::time::Duration;

use sspp_events::RetryPolicy;

/// Settings of a [`Pipeline`](crate::Pipeline).
///
/// ```
/// use sspp_core::PipelineConfig;
/// let config = PipelineConfig { readers: 4, ..PipelineConfig::default() };
/// assert_eq!(config.retry.attempts, 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineConfig {
    /// How many deliveries are received and recorded side by side, in batches. At least 1.
    pub readers: usize,
    /// How many deliveries a batch has at most.
    pub batch: usize,
    /// How long a reader waits for deliveries before it looks whether to stop.
    pub wait: Duration,
    /// How often and when an event that failed is tried again.
    pub retry: RetryPolicy,
    /// How long to pause while a dependency is away: growing from `base` to `max`, jittered.
    pub pause: RetryPolicy,
    /// How long a pipeline lives, at least, before it looks for deliveries that were not settled; up to twice that, by
    /// chance. So deaths soon after a start, of any cause, do not count against an event.
    pub suspects_after: Duration,
    /// How often deliveries that were not settled are looked for; more often where the queue's claim bound is short.
    pub reclaim_every: Duration,
    /// When an event that is not yet understood, by its envelope's version or its type, is looked at again.
    pub look_again: Duration,
    /// For how long such an event is looked at before it becomes a dead letter. Looks are counted, so no clock is asked, and
    /// time without looks does not count.
    pub unknown_for: Duration,
    /// How many runs in a row an event may kill the process before it becomes a dead letter.
    pub crashes: u32,
}

impl Default for PipelineConfig {
    fn default() -> Self {
        let pause = RetryPolicy {
            attempts: u32::MAX,
            base: Duration::from_millis(100),
            max: Duration::from_secs(15),
        };
        Self {
            readers: 1,
            batch: 500,
            wait: Duration::from_millis(250),
            retry: RetryPolicy::default(),
            pause,
            suspects_after: Duration::from_secs(1),
            reclaim_every: Duration::from_secs(5),
            look_again: Duration::from_mins(1),
            unknown_for: Duration::from_hours(24),
            crashes: 3,
        }
    }
}
