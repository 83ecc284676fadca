//! Why a signal scored what it did: the steps, and the values that conditions read.

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

use super::extraction::Found;
use sspp_events::{EventType, Score, SignalType, Units};

/// The model does not know the event's type.
///
/// ```
/// use sspp_core::{Event, ScoringModel};
/// let model = ScoringModel::embedded_default();
/// let event = Event::builder("acc_1", "user_1", "webinar_attended", "2024-12-21").build().unwrap();
/// let error = model.score(&event).unwrap_err();
/// assert_eq!(error.to_string(), "the scoring model does not know the event type 'webinar_attended'");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the scoring model does not know the event type '{event_type}'")]
pub struct UnknownEventType {
    /// The type.
    pub event_type: EventType,
}

/// A score and what the event tells.
///
/// ```
/// use sspp_core::{Event, ScoringModel};
/// let model = ScoringModel::embedded_default();
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let scored = model.score(&event).unwrap();
/// assert_eq!((scored.signal_type.as_str(), scored.score.to_string().as_str()), ("outreach", "0.50"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scored<'m> {
    /// What the event tells.
    pub signal_type: &'m SignalType,
    /// Its score.
    pub score: Score,
}

/// A score with its steps. As text it is one sentence.
///
/// ```
/// use sspp_core::{Event, ScoringModel, Units};
/// let model = ScoringModel::embedded_default();
/// let event = Event::builder("acc_1", "user_1", "demo_completed", "2024-12-21")
///     .metadata(r#"{"interactionCount": "4"}"#)
///     .build()
///     .unwrap();
/// let explanation = model.explain(&event).unwrap();
/// assert_eq!(explanation.score.to_string(), "1.00");
/// let sum: Units = explanation.steps.iter().map(|step| step.delta).sum();
/// assert_eq!(sum, explanation.score.units());
/// let sentence = "demo_completed is worth 0.90, +0.15 because more than 3 interactions, -0.05 (cut to the most a signal can be worth, 1.00): 1.00 (high_intent).";
/// assert_eq!(explanation.to_string(), sentence);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation<'m> {
    /// What happened.
    pub event_type: &'m EventType,
    /// What the event tells.
    pub signal_type: &'m SignalType,
    /// Its score.
    pub score: Score,
    /// How it came to that: the base, every modifier in order, the cap, the rounding. The deltas sum to the score.
    pub steps: Vec<Step<'m>>,
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            let delta = step.delta;
            let sign = if delta.get() < 0 { "" } else { "+" };
            match step.kind {
                StepKind::Base => write!(f, "{} is worth {delta}", self.event_type)?,
                StepKind::Modifier if step.fired == Some(true) => {
                    write!(f, ", {sign}{delta} because {}", step.reason)?;
                }
                StepKind::Cap | StepKind::Round if delta.get() != 0 => {
                    write!(f, ", {sign}{delta} ({})", step.reason)?;
                }
                StepKind::Modifier | StepKind::Cap | StepKind::Round => {}
            }
        }
        write!(f, ": {} ({}).", self.score, self.signal_type)
    }
}

/// What kind of step.
///
/// ```
/// use sspp_core::{Event, ScoringModel, StepKind};
/// let model = ScoringModel::embedded_default();
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let kinds: Vec<_> = model.explain(&event).unwrap().steps.iter().map(|step| step.kind).collect();
/// use StepKind::{Base, Cap, Modifier, Round};
/// assert_eq!(kinds, [Base, Modifier, Modifier, Cap, Round]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// The event type's worth.
    Base,
    /// A modifier, fired or not.
    Modifier,
    /// The bounds of a signal.
    Cap,
    /// Rounding to 0.01, half up.
    Round,
}

/// A step of an explanation.
///
/// ```
/// use sspp_core::{Event, ScoringModel, Units};
/// let model = ScoringModel::embedded_default();
/// let event = Event::builder("acc_1", "user_1", "email_clicked", "2024-12-21")
///     .metadata(r#"{"responseTimeHours": 2}"#)
///     .build()
///     .unwrap();
/// let explanation = model.explain(&event).unwrap();
/// let step = &explanation.steps[1];
/// assert_eq!((step.id, step.fired), (Some("quick_response"), Some(true)));
/// assert_eq!(step.reason, "answered within 24 hours");
/// assert_eq!((step.delta, step.total), (Units::new(1_000), Units::new(7_000)));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Step<'m> {
    /// What kind.
    pub kind: StepKind,
    /// The modifier's id; `None` for other steps.
    pub id: Option<&'m str>,
    /// Whether the modifier fired; `None` for other steps.
    pub fired: Option<bool>,
    /// What the modifier's condition read, as far as the condition's text tells; empty for other steps.
    pub inputs: Vec<StepInput<'m>>,
    /// Why, in words.
    pub reason: Cow<'m, str>,
    /// Why the condition could not be evaluated; the modifier did not apply then.
    pub error: Option<String>,
    /// What it changed.
    pub delta: Units,
    /// The sum after it.
    pub total: Units,
}

/// A member that a condition read.
///
/// A string of more than 200 characters is cut and ends in `…`. An array or object whose JSON is longer than
/// 200 characters is given as a string: the beginning of its JSON, ending in `…`. An element of a list is given as the
/// whole list.
///
/// ```
/// use sspp_core::{Event, ScoringModel};
/// let model = ScoringModel::embedded_default();
/// let event = Event::builder("acc_1", "user_1", "email_clicked", "2024-12-21")
///     .metadata(r#"{"responseTimeHours": "5"}"#)
///     .build()
///     .unwrap();
/// let explanation = model.explain(&event).unwrap();
/// let input = &explanation.steps[1].inputs[0];
/// assert_eq!((input.path, input.value.as_ref().unwrap().as_str()), ("metadata.responseTimeHours", Some("5")));
/// assert_eq!(explanation.steps[2].inputs[0].value, None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StepInput<'m> {
    /// For instance `metadata.responseTimeHours`.
    pub path: &'m str,
    /// Its value; `None` when it is missing.
    pub value: Option<Value>,
}

/// The most characters of an input that an explanation gives.
const MAX_INPUT_CHARS: usize = 200;

/// A value as an explanation gives it.
pub(super) fn presented(found: &Found<'_>) -> Value {
    match found {
        Found::Null => Value::Null,
        Found::Bool(value) => Value::Bool(*value),
        Found::Number(number) => Value::Number(number.clone()),
        Found::Text(text) => Value::String(shortened(text, MAX_INPUT_CHARS).into_owned()),
        Found::Compound(value) => match shortened(&value.to_string(), MAX_INPUT_CHARS) {
            Cow::Borrowed(_) => value.clone(),
            Cow::Owned(beginning) => Value::String(beginning),
        },
    }
}

/// The text itself, or its beginning and `…`.
pub(super) fn shortened(text: &str, most_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most_chars) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}
