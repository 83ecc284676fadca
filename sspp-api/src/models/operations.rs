//! The operations on scoring models.

use poem::http::Method;

use crate::http::guard::Scopes;
use crate::http::{Feature, Needs, Operation};

use super::active::active;
use super::preview::preview;

/// The scoring model.
pub(crate) fn feature() -> Feature {
    Feature {
        tag: "Scoring",
        description: "The scoring model.",
        operations: vec![
            Operation::new(Method::GET, "/scoring/model", "getScoringModel", Needs(Scopes::READ), active).about(
                "The active scoring model",
                "With an `ETag` that changes with the model: send it as `If-None-Match`, and a model that is still active is a \
                 304 without a body.",
            ),
            // It neither stores events nor shows what is stored.
            Operation::new(Method::POST, "/scoring/preview", "previewScores", Needs(Scopes::INGEST_OR_READ), preview).about(
                "Preview scores",
                "With the active model or a given one; nothing is stored. Every result is explained step by step. A model with \
                 faults is a 400 that lists all of them, each with its path.",
            ),
        ],
        examples: include_str!("examples.json"),
    }
}
