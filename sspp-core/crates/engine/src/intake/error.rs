//! Why intake accepted nothing.

use std::time::Duration;

use crate::{FailureClass, QueueError};

/// Why no event of a call was accepted. Sending the same events again under the same event ids does no harm.
///
/// ```
/// use sspp_core::{IntakeError, QueueError};
/// let error = IntakeError::from(QueueError::Closed);
/// assert_eq!(error.to_string(), "the queue is closed");
/// assert_eq!(error.retry_after().as_secs(), 1);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The queue failed, or is full.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl IntakeError {
    /// What the failure means for the events of the call.
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::Queue(error) => error.class(),
        }
    }

    /// When a caller should try again.
    pub const fn retry_after(&self) -> Duration {
        match self {
            Self::Queue(error) => error.retry_after(),
        }
    }
}
