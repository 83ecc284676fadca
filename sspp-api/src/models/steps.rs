//! What a model did to come to a score, step by step, and which model it was.

use poem_openapi::registry::MetaSchema;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{Explanation, ScoringModel, Step};

use crate::http::schema::documented;

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

/// A step starts with the event type's base score, applies a modifier, caps, or rounds.
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
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Step")]
pub(crate) struct StepBody {
    /// What kind of step.
    kind: StepKind,
    /// The modifier's id.
    id: Option<String>,
    /// Whether the modifier applied.
    fired: Option<bool>,
    /// What the modifier's condition read.
    inputs: Vec<InputBody>,
    /// Why, in words.
    reason: String,
    /// Why the condition could not be evaluated, if it could not.
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

pub(crate) fn steps(explanation: &Explanation<'_>) -> Vec<StepBody> {
    explanation.steps.iter().map(StepBody::from).collect()
}
