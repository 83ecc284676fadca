//! How a queue fails.

use std::time::Duration;

use super::FailureClass;

/// How a queue fails.
///
/// Every variant has a [class](QueueError::class); a new one without a class does not compile.
///
/// ```
/// use sspp_core::QueueError;
/// let full = QueueError::Full { backlog: 10, limit: 10, retry_after: std::time::Duration::from_secs(1) };
/// assert_eq!(full.to_string(), "the queue is full: 10 jobs of at most 10; try again later");
/// ```
#[derive(Debug, Clone, thiserror::Error)]
pub enum QueueError {
    /// The queue cannot be reached, or the connection broke.
    #[error("the queue is unavailable: {reason}")]
    Unavailable {
        /// What the driver said.
        reason: String,
    },
    /// No answer in time.
    #[error("the queue did not answer within {after_ms} ms")]
    Timeout {
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// The backlog is at its limit.
    #[error("the queue is full: {backlog} jobs of at most {limit}; try again later")]
    Full {
        /// Jobs in the queue.
        backlog: u64,
        /// Jobs allowed.
        limit: u64,
        /// When to try again.
        retry_after: Duration,
    },
    /// No memory or disk space left, or it may not be written.
    #[error("the queue cannot write: {reason}")]
    Storage {
        /// What the driver said.
        reason: String,
    },
    /// What the queue holds cannot be read.
    #[error("the queue is damaged: {reason}")]
    Corrupt {
        /// What the driver said.
        reason: String,
    },
    /// The adapter was closed.
    #[error("the queue is closed")]
    Closed,
}

impl QueueError {
    /// What the failure means for the events of the call. A queue treats payloads as bytes, so it never fails by data.
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::Unavailable { .. }
            | Self::Timeout { .. }
            | Self::Full { .. }
            | Self::Storage { .. }
            | Self::Corrupt { .. }
            | Self::Closed => FailureClass::Infrastructure,
        }
    }

    /// When a caller should try again.
    pub const fn retry_after(&self) -> Duration {
        match self {
            Self::Full { retry_after, .. } => *retry_after,
            Self::Unavailable { .. } | Self::Timeout { .. } | Self::Closed => Duration::from_secs(1),
            Self::Storage { .. } | Self::Corrupt { .. } => Duration::from_secs(10),
        }
    }
}
