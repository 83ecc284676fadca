//! How a store fails.

use super::FailureClass;
use sspp_events::ModelDigest;

/// How a store fails.
///
/// Every variant has a [class](StoreError::class); a new one without a class does not compile. Not found is
/// `Ok(None)`; a duplicate is an outcome, not an error.
///
/// ```
/// use sspp_core::{FailureClass, StoreError};
/// let error = StoreError::Data { reason: "check constraint signals_score".to_owned() };
/// assert_eq!(error.class(), FailureClass::Data);
/// ```
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be reached, or the connection broke.
    #[error("the store is unavailable: {reason}")]
    Unavailable {
        /// What the driver said.
        reason: String,
    },
    /// No answer in time.
    #[error("the store did not answer within {after_ms} ms")]
    Timeout {
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// Another transaction was in the way: a deadlock, a serialization failure, a lock that was not granted.
    #[error("the store is busy: {reason}")]
    Contention {
        /// What the driver said.
        reason: String,
    },
    /// No disk space left, or it may not be written: by anyone, or only not by us.
    #[error("the store cannot write: {reason}")]
    Storage {
        /// What the driver said.
        reason: String,
    },
    /// A table or a column is missing, or the schema refuses every signal: the store is not set up for this release.
    #[error("the store is not set up for this release: {reason}")]
    Setup {
        /// What the driver said.
        reason: String,
    },
    /// A signal names a scoring model that the store does not have: keep the model, then record again.
    #[error("the store has no scoring model {digest}: store the model before its signals")]
    MissingModel {
        /// The model's digest.
        digest: ModelDigest,
    },
    /// What the store holds cannot be read.
    #[error("the store is damaged: {reason}")]
    Corrupt {
        /// What the driver said.
        reason: String,
    },
    /// The store refused the content of a record.
    #[error("the store refused a record: {reason}")]
    Data {
        /// What the driver said.
        reason: String,
    },
    /// Something that the adapter cannot name, and that may be one record's fault.
    #[error("the store failed: {reason}")]
    Other {
        /// What the driver said.
        reason: String,
    },
    /// The question reads too much to be answered within its limit.
    #[error("the query reads too much to answer within {after_ms} ms: narrow it")]
    TooBroad {
        /// The limit, in milliseconds.
        after_ms: u64,
    },
    /// The adapter was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// What the failure means for the events of the call.
    pub const fn class(&self) -> FailureClass {
        match self {
            Self::Data { .. } => FailureClass::Data,
            Self::Other { .. } => FailureClass::Unclear,
            Self::Unavailable { .. }
            | Self::Timeout { .. }
            | Self::Contention { .. }
            | Self::Storage { .. }
            | Self::Setup { .. }
            | Self::MissingModel { .. }
            | Self::Corrupt { .. }
            | Self::TooBroad { .. }
            | Self::Closed => FailureClass::Infrastructure,
        }
    }
}
