//! Previews on the wire.

use poem_openapi::registry::MetaSchema;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_json::json;
use serde_with::skip_serializing_none;
use sspp_core::{BatchFormat, Event, Explanation, ScoringModel, Violations};

use super::steps::{ModelBody, StepBody, steps};
use crate::events::EventSchema;
use crate::http::schema::{documented, inline, object_of_anything};
use crate::http::{JsonSchema, ProblemError, errors};

/// A model's document: an object, or TOML as text.
#[derive(Debug, Serialize)]
struct AnyDocument(());

documented!(AnyDocument, "model_document", {
    let toml = MetaSchema {
        example: Some(json!(
            "name = \"calls\"\nversion = 1\n[events.call_made]\nbase = 0.5\nsignal_type = \"outreach\"\ngroup = \"outreach\"\n"
        )),
        ..MetaSchema::new("string")
    };
    let object = MetaSchema { nullable: true, ..object_of_anything() };
    MetaSchema { one_of: vec![inline(object), inline(toml)], ..MetaSchema::ANY }
});

/// Events to be scored for a look.
#[derive(Debug, Object)]
#[oai(rename = "PreviewRequest")]
pub(super) struct PreviewSchema {
    /// The events.
    #[oai(validator(min_items = 1, max_items = 100))]
    events: Vec<EventSchema>,
    /// The model to score with: its document as an object, or as TOML text. Where it is absent, the active one.
    model: Option<AnyDocument>,
}

impl JsonSchema for PreviewSchema {
    const DESCRIPTION: &'static str = "1 to 100 events and, optionally, a model";
    const MAX_BYTES: usize = BatchFormat::MAX_BYTES;
}

/// What a model makes of events.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Preview")]
pub(crate) struct PreviewBody {
    /// The model that scored.
    model: ModelBody,
    /// One result an event, in their order.
    results: Vec<PreviewResult>,
}

impl PreviewBody {
    pub(crate) fn new(model: &ScoringModel, results: Vec<PreviewResult>) -> Self {
        Self { model: model.into(), results }
    }
}

/// What became of an event in a preview.
#[derive(Debug, Clone, Copy, Default, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
enum PreviewStatus {
    Scored,
    #[default]
    Rejected,
}

/// What a model makes of one event.
#[skip_serializing_none]
#[derive(Debug, Default, Serialize, Object)]
pub(crate) struct PreviewResult {
    /// Which event: its place in the request, from 0.
    index: u32,
    /// `rejected`: `errors` says why, and the other members are absent.
    status: PreviewStatus,
    /// The event type.
    event_type: Option<String>,
    /// The signal type.
    signal_type: Option<String>,
    /// The score, with two decimals.
    signal_score: Option<f64>,
    /// The same in units of 0.0001.
    units: Option<i64>,
    /// What was done, in order; the deltas sum to the score.
    steps: Option<Vec<StepBody>>,
    /// The whole in one sentence.
    summary: Option<String>,
    /// Every error of the event. Pointers begin at the event.
    errors: Option<Vec<ProblemError>>,
}

impl PreviewResult {
    pub(crate) fn scored(index: u32, event: &Event, explanation: &Explanation<'_>) -> Self {
        Self {
            index,
            status: PreviewStatus::Scored,
            event_type: Some(event.event_type.to_string()),
            signal_type: Some(explanation.signal_type.to_string()),
            signal_score: Some(explanation.score.to_f64()),
            units: Some(explanation.score.units().get()),
            steps: Some(steps(explanation)),
            summary: Some(explanation.to_string()),
            errors: None,
        }
    }

    pub(crate) fn rejected(index: u32, violations: &Violations) -> Self {
        let errors = Some(errors(violations));
        Self { index, status: PreviewStatus::Rejected, errors, ..Self::default() }
    }
}
