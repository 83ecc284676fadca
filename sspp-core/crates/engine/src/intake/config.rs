//! Settings of direct intake.

use std::time::Duration;

use sspp_events::RetryPolicy;

/// Settings of [direct intake](crate::Intake::direct).
///
/// ```
/// use sspp_core::DirectConfig;
/// let config = DirectConfig { commits: 2, ..DirectConfig::default() };
/// assert_eq!(config.most_events, 10_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectConfig {
    /// How many commits run side by side. At least 1.
    pub commits: usize,
    /// How many events a commit takes at most; those of one caller stay together.
    pub batch: usize,
    /// How many events may wait for a commit. More are refused.
    pub most_events: usize,
    /// How many bytes of events may wait for a commit. More are refused.
    pub most_bytes: usize,
    /// How long a caller waits for its commit. Meanwhile what fails is tried again.
    pub patience: Duration,
    /// How long to pause before a batch is tried again: growing from `base` to `max`, jittered.
    pub pause: RetryPolicy,
}

impl Default for DirectConfig {
    fn default() -> Self {
        let pause = RetryPolicy {
            attempts: u32::MAX,
            base: Duration::from_millis(50),
            max: Duration::from_millis(500),
        };
        Self {
            commits: 1,
            batch: 1_000,
            most_events: 10_000,
            most_bytes: 16 * 1024 * 1024,
            patience: Duration::from_secs(3),
            pause,
        }
    }
}
