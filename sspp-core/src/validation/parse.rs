//! An event's JSON, parsed once.

use super::Violations;
use crate::{Event, ScoringModel, Timestamp};

/// Why bytes are not an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// The bytes are not one JSON object.
    #[error("{detail}")]
    Malformed {
        /// What is wrong and where.
        detail: String,
    },
    /// It is an object, but not an event that can be stored.
    #[error(transparent)]
    Invalid(Violations),
}

/// Reads an event from JSON and checks every member of it.
pub fn parse_event(_json: &[u8], _model: &ScoringModel, _now: Timestamp) -> Result<Event, ParseFault> {
    todo!()
}
