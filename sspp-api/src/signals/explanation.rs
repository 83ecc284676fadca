//! How a signal came to its score: recomputed from the stored event with the model that scored it.

use poem_openapi::Object;
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{Explanation, ScoringModel, Signal};

use crate::models::{ModelBody, StepBody, steps};

/// How a signal came to its score.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Explanation")]
pub(crate) struct ExplanationBody {
    /// The signal's number.
    signal_id: i64,
    /// The event's id.
    event_id: String,
    /// The event type.
    event_type: String,
    /// The signal type.
    signal_type: String,
    /// The stored score.
    signal_score: f64,
    /// The stored score in units of 0.0001.
    units: i64,
    /// The scoring model that scored it.
    model: ModelBody,
    /// What was done, in order; the deltas sum to the score.
    steps: Vec<StepBody>,
    /// The whole in one sentence.
    summary: String,
    /// Whether the recomputed score is the stored one. False means that something is broken: inform the operator.
    pub(crate) consistent: bool,
    /// What differs, where it is not consistent.
    pub(crate) detail: Option<String>,
}

impl ExplanationBody {
    pub(crate) fn new(signal: &Signal, model: &ScoringModel, explanation: &Explanation<'_>) -> Self {
        let stored = &signal.recorded;
        let consistent = explanation.score == stored.score && *explanation.signal_type == stored.signal_type;
        let detail = (!consistent).then(|| {
            format!(
                "the stored signal is {} worth {}, but its model makes it {} worth {} today",
                stored.signal_type, stored.score, explanation.signal_type, explanation.score
            )
        });
        Self {
            signal_id: signal.id.get(),
            event_id: signal.event_id().to_string(),
            event_type: stored.accepted.event.event_type.to_string(),
            signal_type: stored.signal_type.to_string(),
            signal_score: stored.score.to_f64(),
            units: stored.score.units().get(),
            model: model.into(),
            steps: steps(explanation),
            summary: explanation.to_string(),
            consistent,
            detail,
        }
    }
}
