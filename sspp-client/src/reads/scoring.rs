//! What the server's scoring model is, and what it makes of events.

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use sspp_events::{EventType, ModelDigest, SignalType, Units, Violation};

use super::validate::{Prepared, one_each, prepare};
use super::{ExplanationStep, ModelInfo};
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;
use crate::event::SalesEvent;
use crate::words::PreviewStatus;

/// The most events that the server previews at once.
const AT_ONCE: usize = 100;

/// The server's active scoring model.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ActiveModel {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// What it is for, in its author's words.
    pub description: String,
    /// SHA-256 of its canonical JSON.
    pub digest: ModelDigest,
    /// The document in canonical JSON.
    pub document: Box<RawValue>,
}

/// The event types of the server's scoring model.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct EventTypes {
    /// The active model.
    pub model: ModelInfo,
    /// Its event types, in its own order.
    pub event_types: Vec<EventTypeInfo>,
}

/// What an event type is worth.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct EventTypeInfo {
    /// The type, as events name it.
    pub event_type: EventType,
    /// Its worth before modifiers.
    pub base: f64,
    /// What it tells.
    pub signal_type: SignalType,
    /// The group in which it counts for an account.
    pub group: String,
}

/// What a scoring model makes of events.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// The model that scored; none where there was no valid event to ask the server about.
    pub model: Option<ModelInfo>,
    /// One result an event, in their order.
    pub results: Vec<PreviewResult>,
}

/// What a scoring model makes of one event.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct PreviewResult {
    /// Which event: its place, from 0.
    pub index: usize,
    /// Whether it has a score.
    pub status: PreviewStatus,
    /// The event type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventType>,
    /// The signal type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_type: Option<SignalType>,
    /// The score: two decimals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal_score: Option<f64>,
    /// The same in units of 0.0001.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Units>,
    /// What was done, in order; the deltas sum to the score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ExplanationStep>,
    /// The whole in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The event's faults, where it has no score.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
}

impl Client {
    /// The server's active scoring model.
    pub async fn scoring_model(&self) -> Result<ActiveModel, Error> {
        self.ask(Call::get("/scoring/model")).await
    }

    /// The event types that the server takes.
    pub async fn event_types(&self) -> Result<EventTypes, Error> {
        self.ask(Call::get("/event-types")).await
    }

    /// What the server's scoring model makes of events; nothing is stored. An event that is not valid has a result that says why.
    ///
    /// ```no_run
    /// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
    /// use sspp_client::SalesEvent;
    /// let preview = client.preview([SalesEvent::email_clicked("acc_1", "ada").with("responseTimeHours", 2)]).await?;
    /// println!("{:?}", preview.results[0].summary);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the request failed with.
    pub async fn preview<I>(&self, events: I) -> Result<Preview, Error>
    where
        I: IntoIterator,
        I::Item: Into<SalesEvent>,
    {
        self.preview_by(events.into_iter().map(Into::into).collect(), None).await
    }

    /// What a scoring model of your own makes of events: its document in JSON or in TOML.
    ///
    /// # Errors
    /// As [`preview`](Self::preview). [`Error::Refused`] with every fault of the model; [`Error::Request`] for JSON that is none.
    pub async fn preview_with<I>(&self, model: &str, events: I) -> Result<Preview, Error>
    where
        I: IntoIterator,
        I::Item: Into<SalesEvent>,
    {
        let model = document(model)?;
        self.preview_by(events.into_iter().map(Into::into).collect(), Some(model)).await
    }

    async fn preview_by(
        &self,
        events: Vec<SalesEvent>,
        model: Option<Box<RawValue>>,
    ) -> Result<Preview, Error> {
        let many = events.len();
        let Prepared { parts, rejected } = prepare(events, &self.inner.outbox, AT_ONCE);
        let mut scored_by = None;
        let mut results: Vec<(usize, PreviewResult)> = Vec::new();
        for part in parts {
            let call = Call::post("/scoring/preview", with_model(part.body(), model.as_deref()));
            let preview: Preview = self.ask(call).await?;
            scored_by = preview.model.or(scored_by);
            for result in preview.results {
                let Some((index, _)) = part.place(result.index) else { continue };
                results.push((index, PreviewResult { index, ..result }));
            }
        }
        results.extend(rejected.into_iter().map(|(index, event)| {
            let rejected = PreviewResult {
                index,
                status: PreviewStatus::Rejected,
                event_type: None,
                signal_type: None,
                signal_score: None,
                units: None,
                steps: Vec::new(),
                summary: None,
                errors: event.errors,
            };
            (index, rejected)
        }));
        Ok(Preview { model: scored_by, results: one_each(results, many)? })
    }
}

/// `{"events":[…]}` becomes `{"events":[…],"model":…}`.
fn with_model(mut body: Vec<u8>, model: Option<&RawValue>) -> Vec<u8> {
    if let Some(model) = model {
        body.pop();
        body.extend_from_slice(br#","model":"#);
        body.extend_from_slice(model.get().as_bytes());
        body.push(b'}');
    }
    body
}

/// A model as the API takes it: an object, or TOML as a text.
fn document(model: &str) -> Result<Box<RawValue>, Error> {
    let model = model.trim();
    if !model.starts_with('{') {
        return Ok(to_raw_value(model)?);
    }
    RawValue::from_string(model.to_owned())
        .map_err(|error| Error::request("/model", "malformed", format!("model is not JSON: {error}")))
}
