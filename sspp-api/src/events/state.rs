//! One event: what it said, where it is on its way, and what it became.

use poem_openapi::Object;
use serde::Serialize;
use sspp_core::{AcceptedEvent, DeadLetter, Envelope, Event, QueuedJob, Signal};

use crate::dead_letters::Reason;
use crate::http::schema::{Id, Instant, RawJson};
use crate::jobs::{Found, JobState};
use crate::signals::SignalBody;

/// An event, where it is on its way, and what it became.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "EventState", rename_all = "camelCase")]
pub(crate) struct EventStateBody {
    /// By which the event is known.
    event_id: Id,
    /// By which its job is found under `/jobs/{id}`; opaque.
    job_id: Id,
    /// Where it is on its way; `completed`: it is a signal, `failed`: it is a dead letter.
    state: JobState,
    /// When the event was received, by the queue's clock.
    received_at: Instant,
    /// What the producer said; absent where a dead letter's payload cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    event: Option<StatedEvent>,
    /// How many attempts failed, unless it became a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    attempts_made: Option<u32>,
    /// The signal it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    signal: Option<SignalBody>,
    /// The dead letter it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    dead_letter: Option<DeathBody>,
}

/// What a producer said.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct StatedEvent {
    /// The account it is about.
    account_id: String,
    /// The person it is about.
    user_id: String,
    /// What happened.
    event_type: String,
    /// When it happened.
    timestamp: Instant,
    /// What else the producer said, without the white space between its parts.
    metadata: RawJson,
    /// The system it came from, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    source: Option<String>,
    /// The producer's own id for it, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    external_id: Option<String>,
}

/// Why an event could not become a signal.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct DeathBody {
    /// The dead letter's id.
    id: String,
    /// What kind of reason.
    reason: Reason,
    /// What was wrong, in a sentence.
    detail: String,
    /// When it was given up.
    died_at: Instant,
}

impl From<&Event> for StatedEvent {
    fn from(event: &Event) -> Self {
        Self {
            account_id: event.account_id.to_string(),
            user_id: event.user_id.to_string(),
            event_type: event.event_type.to_string(),
            timestamp: Instant(event.timestamp),
            metadata: RawJson(event.metadata.clone()),
            source: event.source.as_ref().map(ToString::to_string),
            external_id: event.external_id.as_ref().map(ToString::to_string),
        }
    }
}

fn stated(payload: &[u8]) -> Option<StatedEvent> {
    Envelope::decode(payload).ok().map(|envelope| StatedEvent::from(&envelope.event))
}

impl From<Found> for EventStateBody {
    fn from(found: Found) -> Self {
        match found {
            Found::Signal(signal) => signal.into(),
            Found::Job(job) => job.into(),
            Found::DeadLetter(letter) => letter.into(),
        }
    }
}

impl From<QueuedJob> for EventStateBody {
    fn from(job: QueuedJob) -> Self {
        Self {
            event_id: Id(job.event_id),
            job_id: Id(job.event_id),
            state: job.state.into(),
            received_at: Instant(job.enqueued_at),
            event: stated(&job.payload),
            attempts_made: Some(job.attempts),
            signal: None,
            dead_letter: None,
        }
    }
}

impl From<Signal> for EventStateBody {
    fn from(signal: Signal) -> Self {
        let AcceptedEvent { event_id, received_at, event } = &*signal.recorded.accepted;
        Self {
            event_id: Id(*event_id),
            job_id: Id(*event_id),
            state: JobState::Completed,
            received_at: Instant(*received_at),
            event: Some(event.into()),
            attempts_made: None,
            signal: Some(signal.into()),
            dead_letter: None,
        }
    }
}

impl From<DeadLetter> for EventStateBody {
    fn from(letter: DeadLetter) -> Self {
        Self {
            event_id: Id(letter.event_id),
            job_id: Id(letter.event_id),
            state: JobState::Failed,
            received_at: Instant(letter.enqueued_at),
            event: stated(&letter.payload),
            attempts_made: Some(letter.attempts),
            signal: None,
            dead_letter: Some(DeathBody {
                id: letter.id.to_string(),
                reason: Reason(letter.reason),
                detail: letter.detail,
                died_at: Instant(letter.died_at),
            }),
        }
    }
}
