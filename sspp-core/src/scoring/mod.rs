//! stub: signatures other parts may rely on
use crate::*;
use std::borrow::Cow;
use std::sync::Arc;
/// A compiled scoring model.
#[derive(Debug)]
pub struct ScoringModel {
    rules: Vec<EventRule>,
}
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
        let rule = |event_type, base, signal_type, group: &str| EventRule {
            event_type,
            base: Units::new(base),
            signal_type,
            group: group.to_owned(),
        };
        Arc::new(Self {
            rules: vec![
                rule(EventType::EMAIL_SENT, 1_000, SignalType::OUTREACH, "outreach"),
                rule(EventType::EMAIL_OPENED, 3_000, SignalType::ENGAGEMENT, "engagement"),
                rule(EventType::EMAIL_CLICKED, 6_000, SignalType::HIGH_ENGAGEMENT, "engagement"),
                rule(EventType::MEETING_BOOKED, 8_000, SignalType::INTENT, "intent"),
                rule(EventType::CALL_MADE, 5_000, SignalType::OUTREACH, "outreach"),
                rule(EventType::DEMO_COMPLETED, 9_000, SignalType::HIGH_INTENT, "intent"),
            ],
        })
    }
    /// From TOML.
    pub fn from_toml(_text: &str) -> Result<Self, ModelFaults> {
        Err(ModelFaults(vec![]))
    }
    /// From JSON.
    pub fn from_json(_text: &str) -> Result<Self, ModelFaults> {
        Err(ModelFaults(vec![]))
    }
    /// The model as a store keeps it.
    pub fn to_record(&self) -> ModelRecord {
        ModelRecord { digest: self.digest(), name: "default".into(), version: 1, document: "{}".into() }
    }
    /// Its identity.
    pub fn digest(&self) -> ModelDigest {
        ModelDigest::from_bytes([7; 32])
    }
    /// Its name.
    pub fn name(&self) -> &str {
        "default"
    }
    /// Its version.
    pub fn version(&self) -> u32 {
        1
    }
    /// Its description.
    pub fn description(&self) -> &str {
        ""
    }
    /// The event types in document order.
    pub fn event_rules(&self) -> &[EventRule] {
        &self.rules
    }
    /// The rule of an event type.
    pub fn rule(&self, event_type: &str) -> Option<&EventRule> {
        self.rules.iter().find(|rule| rule.event_type.as_str() == event_type)
    }
    /// The score alone.
    pub fn score(&self, event: &Event) -> Result<Scored<'_>, UnknownEventType> {
        let rule = self
            .rule(event.event_type.as_str())
            .ok_or_else(|| UnknownEventType { event_type: event.event_type.clone() })?;
        Ok(Scored { signal_type: &rule.signal_type, score: Score::rounded(rule.base) })
    }
    /// The score with its steps.
    pub fn explain(&self, event: &Event) -> Result<Explanation<'_>, UnknownEventType> {
        let scored = self.score(event)?;
        let units = scored.score.units();
        let step = Step {
            kind: StepKind::Base,
            id: None,
            fired: None,
            inputs: vec![],
            reason: Cow::Borrowed("base"),
            error: None,
            delta: units,
            total: units,
        };
        Ok(Explanation { signal_type: scored.signal_type, score: scored.score, steps: vec![step] })
    }
}
