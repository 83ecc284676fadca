//! How an event came to its score, step by step.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sspp_events::{EventId, EventType, ModelDigest, SignalId, SignalType, Units};

use crate::words::StepKind;

/// How a signal came to its score. As text it is the sentence of the API.
///
/// ```
/// # fn shown(explanation: &sspp_client::Explanation) {
/// println!("{explanation}");
/// for step in explanation.steps.iter().filter(|step| step.delta != 0.0) {
///     println!("{:+.2} {}", step.delta, step.reason);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The signal's number.
    pub signal_id: SignalId,
    /// The event's id.
    pub event_id: EventId,
    /// The event type.
    pub event_type: EventType,
    /// The signal type.
    pub signal_type: SignalType,
    /// The stored score.
    pub signal_score: f64,
    /// The stored score in units of 0.0001.
    pub units: Units,
    /// The scoring model that scored it.
    pub model: ModelInfo,
    /// What was done, in order; the deltas sum to the score.
    pub steps: Vec<ExplanationStep>,
    /// The whole in one sentence.
    pub summary: String,
    /// Whether the recomputed score is the stored one. False means that something is broken: tell the operator.
    pub consistent: bool,
    /// What differs, where it is not consistent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)
    }
}

/// One step towards a score.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ExplanationStep {
    /// What kind of step.
    pub kind: StepKind,
    /// The modifier's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether the modifier applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fired: Option<bool>,
    /// What the modifier's condition read.
    #[serde(default)]
    pub inputs: Vec<StepInput>,
    /// Why, in words.
    pub reason: String,
    /// Why the condition could not be evaluated, if it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the step changed, at most four decimals.
    pub delta: f64,
    /// The same in units of 0.0001.
    pub delta_units: Units,
    /// The sum after it, at most four decimals.
    pub total: f64,
    /// The same in units of 0.0001.
    pub total_units: Units,
}

/// A member of the event that a condition read.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StepInput {
    /// Where, for instance `metadata.responseTimeHours`.
    pub path: String,
    /// Its value; null also where it is missing.
    pub value: Value,
}

/// A scoring model's identity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its canonical JSON.
    pub digest: ModelDigest,
}
