//! Scores in the producer, by the engine of the server: for a look before an event is sent, or without a server.

use std::sync::{Arc, PoisonError};

use sspp_core::{ScoringModel, Timestamp};

use crate::client::Client;
use crate::error::Error;
use crate::event::SalesEvent;

/// What an event would be worth.
///
/// ```
/// use sspp_client::{Client, SalesEvent};
/// let client = Client::from_env().build()?;
/// let score = client.score_local(&SalesEvent::demo_completed("acc_1", "user_1").with("interactionCount", 4)).unwrap();
/// assert_eq!((score.score, score.signal_type.as_str()), (1.0, "high_intent"));
/// let fired: Vec<_> = score.steps.iter().filter(|step| step.delta > 0.0).collect();
/// assert_eq!(fired.len(), 2, "{fired:?}");
/// # Ok::<(), sspp_client::BuildError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LocalScore {
    /// What it would tell.
    pub signal_type: String,
    /// What it would be worth: two decimals.
    pub score: f64,
    /// How it comes to that: the base, every modifier, the cap, the rounding; the deltas sum to the score.
    pub steps: Vec<LocalStep>,
    /// The scoring model: name and version.
    pub model: String,
}

/// One step towards a score.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LocalStep {
    /// The modifier's id.
    pub id: Option<String>,
    /// Whether the modifier applied.
    pub fired: Option<bool>,
    /// Why, in words.
    pub reason: String,
    /// What the step changed.
    pub delta: f64,
}

impl Client {
    /// Scores an event here, with the built-in model, or the one that was fetched last. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an event that the server would not take, [`Error::Scoring`] for a type that the model lacks.
    pub fn score_local(&self, event: &SalesEvent) -> Result<LocalScore, Error> {
        let now = Timestamp::from_datetime(self.shared.core.clock.now());
        let event = event.clone().check(now)?;
        let model = Arc::clone(&self.shared.model.read().unwrap_or_else(PoisonError::into_inner));
        let explained = model.explain(&event).map_err(|error| Error::Scoring(error.to_string()))?;
        let steps = explained.steps.iter().map(|step| LocalStep {
            id: step.id.map(str::to_owned),
            fired: step.fired,
            reason: step.reason.to_string(),
            delta: step.delta.to_f64(),
        });
        Ok(LocalScore {
            signal_type: explained.signal_type.to_string(),
            score: explained.score.to_f64(),
            steps: steps.collect(),
            model: format!("{} {}", model.name(), model.version()),
        })
    }

    /// Fetches the server's active scoring model for [`score_local`](Self::score_local); gives its name and version.
    pub async fn fetch_model(&self) -> Result<String, Error> {
        let fetched = self.scoring_model().await?;
        let model = ScoringModel::from_json(fetched.document.get());
        let model = model
            .map_err(|faults| Error::Scoring(format!("the server's model is not understood: {faults}")))?;
        let name = format!("{} {}", model.name(), model.version());
        *self.shared.model.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(model);
        Ok(name)
    }
}
