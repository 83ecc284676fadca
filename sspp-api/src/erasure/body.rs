//! The answer to an erasure.

use poem_openapi::{Enum, Object};
use serde::Serialize;
use sspp_core::Erasable;

use crate::http::schema::{AcceptedStatus, Instant};

/// What may be erased.
#[derive(Debug, Clone, Copy, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub(crate) enum ErasureKind {
    Account,
    User,
}

impl From<&Erasable> for ErasureKind {
    fn from(subject: &Erasable) -> Self {
        match subject {
            Erasable::Account(_) => Self::Account,
            Erasable::User(_) => Self::User,
        }
    }
}

/// An account or a user is being erased.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Erasing", rename_all = "camelCase")]
pub(crate) struct ErasureAccepted {
    /// Always `accepted`.
    pub(crate) status: AcceptedStatus,
    /// What is erased.
    pub(crate) kind: ErasureKind,
    /// Events received up to this instant are erased and do not come back; by the clock of the queue, or of the database where there
    /// is none.
    pub(crate) up_to: Instant,
    /// Whether all stored data is removed already; otherwise it is being removed in the background.
    pub(crate) complete: bool,
    /// A sentence for people.
    pub(crate) message: String,
}
