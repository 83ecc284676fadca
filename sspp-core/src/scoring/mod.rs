//! stub: signatures other parts may rely on
use crate::*;
use std::borrow::Cow;
use std::sync::Arc;
/// A compiled scoring model.
#[derive(Debug)]
pub struct ScoringModel {}
/// One thing wrong with a model document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFault {
    /// Where, e.g. `events.email_clicked.base` or `modifiers[1].when`.
    pub path: String,
    /// What is wrong.
    pub detail: String,
}
/// Everything wrong with a model document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stub")]
pub struct ModelFaults(pub Vec<ModelFault>);
/// The model does not know the event's type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scoring model does not know the event type '{event_type}'")]
pub struct UnknownEventType {
    /// The type.
    pub event_type: EventType,
}
/// What an event type is worth.
#[derive(Debug, Clone)]
pub struct EventRule {
    /// The event type.
    pub event_type: EventType,
    /// Its worth before modifiers.
    pub base: Units,
    /// What it tells.
    pub signal_type: SignalType,
    /// The account group it counts in.
    pub group: String,
}
/// A score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored<'m> {
    /// What the event tells.
    pub signal_type: &'m SignalType,
    /// What it is worth.
    pub score: Score,
}
/// A score with its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'m> {
    /// What the event tells.
    pub signal_type: &'m SignalType,
    /// What it is worth.
    pub score: Score,
    /// How it came to that; the deltas sum to the score.
    pub steps: Vec<Step<'m>>,
}
/// What kind of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// The event type's worth.
    Base,
    /// A modifier, fired or not.
    Modifier,
    /// The bounds of a signal.
    Cap,
    /// Rounding to 0.01.
    Round,
}
/// A step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<'m> {
    /// What kind.
    pub kind: StepKind,
    /// The modifier's id.
    pub id: Option<&'m str>,
    /// Whether the modifier fired.
    pub fired: Option<bool>,
    /// What the condition read.
    pub inputs: Vec<StepInput<'m>>,
    /// Why, in words.
    pub reason: Cow<'m, str>,
    /// Why the condition could not be evaluated.
    pub error: Option<String>,
    /// What it changed.
    pub delta: Units,
    /// The sum after it.
    pub total: Units,
}
/// A member that a condition read.
#[derive(Debug, Clone, PartialEq)]
pub struct StepInput<'m> {
    /// For instance `metadata.responseTimeHours`.
    pub path: &'m str,
    /// Its value; `None` when it is missing.
    pub value: Option<serde_json::Value>,
}
impl ScoringModel {
    /// The predecessor's constants.
    pub fn embedded_default() -> Arc<Self> {
        todo!()
    }
    /// From TOML.
    pub fn from_toml(_text: &str) -> Result<Self, ModelFaults> {
        todo!()
    }
    /// From JSON.
    pub fn from_json(_text: &str) -> Result<Self, ModelFaults> {
        todo!()
    }
    /// The model as a store keeps it (canonical JSON). `ScoringModel::from_json(&record.document)` gives it back.
    pub fn to_record(&self) -> ModelRecord {
        todo!()
    }
    /// Its identity.
    pub fn digest(&self) -> ModelDigest {
        todo!()
    }
    /// Its name.
    pub fn name(&self) -> &str {
        todo!()
    }
    /// Its version.
    pub fn version(&self) -> u32 {
        todo!()
    }
    /// Its description.
    pub fn description(&self) -> &str {
        todo!()
    }
    /// The event types in document order.
    pub fn event_rules(&self) -> &[EventRule] {
        todo!()
    }
    /// The rule of an event type.
    pub fn rule(&self, _event_type: &str) -> Option<&EventRule> {
        todo!()
    }
    /// The score alone.
    pub fn score(&self, _event: &Event) -> Result<Scored<'_>, UnknownEventType> {
        todo!()
    }
    /// The score with its steps.
    pub fn explain(&self, _event: &Event) -> Result<Explanation<'_>, UnknownEventType> {
        todo!()
    }
}
