//! Scores in the producer, by the engine of the server: for a look before an event is sent, or without a server.

use std::fmt;
use std::sync::{Arc, PoisonError};

use serde::Serialize;
use sspp_events::{EventType, SignalType, Units};
use sspp_scoring::{ScoringModel, Step};

use super::handle::Client;
use crate::errors::Error;
use crate::event::SalesEvent;
use crate::reads::{ExplanationStep, ModelInfo, StepInput};
use crate::words::StepKind;

/// What an event would be worth. As text it is the sentence that the server's explanation would have.
///
/// ```
/// use sspp_client::{Client, SalesEvent};
/// let client = Client::from_env().build()?;
/// let score = client.score_local(&SalesEvent::demo_completed("acc_1", "user_1").with("interactionCount", 4)).unwrap();
/// assert_eq!((score.score, score.signal_type.as_str()), (1.0, "high_intent"));
/// let fired: Vec<_> = score.steps.iter().filter_map(|step| step.id.as_deref().filter(|_| step.fired == Some(true))).collect();
/// assert_eq!(fired, ["repeated_interaction"]);
/// println!("{score}");
/// # Ok::<(), sspp_client::BuildError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LocalScore {
    /// The event type.
    pub event_type: EventType,
    /// The signal type.
    pub signal_type: SignalType,
    /// What it would be worth: two decimals.
    pub score: f64,
    /// The same in units of 0.0001.
    pub units: Units,
    /// How it comes to that: the base, every modifier, the cap, the rounding; the deltas sum to the score.
    pub steps: Vec<ExplanationStep>,
    /// The scoring model.
    pub model: ModelInfo,
    /// The whole in one sentence.
    pub summary: String,
}

impl fmt::Display for LocalScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary)
    }
}

impl From<&Step<'_>> for ExplanationStep {
    fn from(step: &Step<'_>) -> Self {
        let input = |input: &sspp_scoring::StepInput<'_>| StepInput {
            path: input.path.to_owned(),
            value: input.value.clone().unwrap_or_default(),
        };
        Self {
            kind: match step.kind {
                sspp_scoring::StepKind::Base => StepKind::Base,
                sspp_scoring::StepKind::Modifier => StepKind::Modifier,
                sspp_scoring::StepKind::Cap => StepKind::Cap,
                sspp_scoring::StepKind::Round => StepKind::Round,
            },
            id: step.id.map(str::to_owned),
            fired: step.fired,
            inputs: step.inputs.iter().map(input).collect(),
            reason: step.reason.to_string(),
            error: step.error.clone(),
            delta: step.delta.to_f64(),
            delta_units: step.delta,
            total: step.total.to_f64(),
            total_units: step.total,
        }
    }
}

impl From<&ScoringModel> for ModelInfo {
    fn from(model: &ScoringModel) -> Self {
        Self { name: model.name().to_owned(), version: model.version(), digest: model.digest() }
    }
}

impl Client {
    /// Scores an event here, with the built-in model, or the one that was fetched last. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::TooLarge`] for an event that the server would not take, [`Error::Scoring`] for a type that the model lacks.
    pub fn score_local(&self, event: &SalesEvent) -> Result<LocalScore, Error> {
        let outbox = &self.inner.outbox;
        let checked = outbox.intake.check(event.clone(), &*outbox.clock, &*outbox.random);
        let event = checked.map_err(|unsendable| unsendable.error)?.event;
        let model = Arc::clone(&self.inner.model.read().unwrap_or_else(PoisonError::into_inner));
        let explained = model.explain(&event).map_err(|error| Error::Scoring(error.to_string()))?;
        Ok(LocalScore {
            signal_type: explained.signal_type.clone(),
            score: explained.score.to_f64(),
            units: explained.score.units(),
            steps: explained.steps.iter().map(ExplanationStep::from).collect(),
            model: (&*model).into(),
            summary: explained.to_string(),
            event_type: event.event_type,
        })
    }

    /// Fetches the server's active scoring model for [`score_local`](Self::score_local).
    pub async fn fetch_model(&self) -> Result<ModelInfo, Error> {
        let fetched = self.scoring_model().await?;
        let model = ScoringModel::from_json(fetched.document.get());
        let model =
            model.map_err(|faults| Error::Scoring(format!("the server's model cannot be read: {faults}")))?;
        let info = ModelInfo::from(&model);
        *self.inner.model.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(model);
        Ok(info)
    }
}
