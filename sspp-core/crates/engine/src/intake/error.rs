//! How intake fails.

use crate::{QueueError, StoreError};

/// Why events could not be taken. Nothing is promised about any of them: send all of them again.
///
/// ```
/// use sspp_core::{IntakeError, StoreError};
/// let error = IntakeError::from(StoreError::Timeout { after_ms: 3_000 });
/// assert_eq!(error.to_string(), "the store did not answer within 3000 ms");
/// ```
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The queue failed.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
