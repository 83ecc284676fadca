//! How a signal came to its score: recomputed from the stored event with the model that scored it.

use poem_openapi::registry::MetaSchema;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use sspp_core::{Explanation, ScoringModel, Signal, Step};

use super::schema::documented;

/// How a signal came to its score.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Explanation")]
pub(crate) struct ExplanationBody {
    /// The signal's number.
    signal_id: i64,
    /// By which the event is known.
    event_id: String,
    /// What happened.
    event_type: String,
    /// What that tells.
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
    /// Whether the recomputed score is the stored one. False means that something is broken: tell the operator.
    pub(crate) consistent: bool,
    /// What differs, where it is not consistent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    pub(crate) detail: Option<String>,
}

/// A scoring model's identity.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Model")]
pub(crate) struct ModelBody {
    /// Its name.
    name: String,
    /// Its version.
    version: u32,
    /// SHA-256 of its canonical JSON.
    digest: String,
}

impl From<&ScoringModel> for ModelBody {
    fn from(model: &ScoringModel) -> Self {
        Self { name: model.name().to_owned(), version: model.version(), digest: model.digest().to_string() }
    }
}

/// What a step does: it starts with the event type's worth, applies a modifier, keeps to the bounds, or rounds.
#[derive(Debug, Clone, Copy, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase", remote = "sspp_core::StepKind")]
enum StepKind {
    Base,
    Modifier,
    Cap,
    Round,
}

/// One step towards the score.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Step")]
pub(super) struct StepBody {
    /// What kind of step.
    kind: StepKind,
    /// The modifier's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    id: Option<String>,
    /// Whether the modifier applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    fired: Option<bool>,
    /// What the modifier's condition read.
    inputs: Vec<InputBody>,
    /// Why, in words.
    reason: String,
    /// Why the condition could not be evaluated, if it could not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    error: Option<String>,
    /// What the step changed, at most four decimals.
    delta: f64,
    /// The same in units of 0.0001.
    delta_units: i64,
    /// The sum after it, at most four decimals.
    total: f64,
    /// The same in units of 0.0001.
    total_units: i64,
}

/// A member of the event that a condition read.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "StepInput")]
struct InputBody {
    /// Where, for instance `metadata.responseTimeHours`.
    path: String,
    /// Its value; null also where it is missing.
    value: AnyJson,
}

/// Any JSON.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct AnyJson(serde_json::Value);

documented!(AnyJson, "any", MetaSchema::ANY);

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

impl From<&Step<'_>> for StepBody {
    fn from(step: &Step<'_>) -> Self {
        let input = |input: &sspp_core::StepInput<'_>| InputBody {
            path: input.path.to_owned(),
            value: AnyJson(input.value.clone().unwrap_or_default()),
        };
        Self {
            kind: step.kind.into(),
            id: step.id.map(str::to_owned),
            fired: step.fired,
            inputs: step.inputs.iter().map(input).collect(),
            reason: step.reason.to_string(),
            error: step.error.clone(),
            delta: step.delta.to_f64(),
            delta_units: step.delta.get(),
            total: step.total.to_f64(),
            total_units: step.total.get(),
        }
    }
}

pub(super) fn steps(explanation: &Explanation<'_>) -> Vec<StepBody> {
    explanation.steps.iter().map(StepBody::from).collect()
}
