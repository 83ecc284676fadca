//! One event: what it said, where it is on its way, and what it became.

use poem_openapi::Object;
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{AcceptedEvent, EventId, Timestamp};

use super::stated::{StatedEvent, event_of};
use crate::dead_letters::Reason;
use crate::http::schema::{Id, Instant};
use crate::jobs::{Found, JobState};
use crate::signals::SignalBody;

/// An event, where it is on its way, and what it became.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "EventState", rename_all = "camelCase")]
pub(crate) struct EventStateBody {
    /// The event's id.
    event_id: Id,
    /// The job's id, for `/jobs/{id}`.
    job_id: Id,
    /// Where it is on its way; `completed`: it is a signal, `failed`: it is a dead letter.
    state: JobState,
    /// When the event was received, by the clock of the queue, or of the database where there is none.
    received_at: Instant,
    /// What the producer said; absent where a dead letter's payload cannot be read.
    event: Option<StatedEvent>,
    /// How many attempts failed, unless it became a signal.
    attempts_made: Option<u32>,
    /// The signal it became.
    signal: Option<SignalBody>,
    /// The dead letter it became.
    dead_letter: Option<DeathBody>,
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
    /// The error in a sentence.
    detail: String,
    /// When it became a dead letter.
    died_at: Instant,
}

impl EventStateBody {
    fn new(event_id: EventId, state: JobState, received_at: Timestamp, event: Option<StatedEvent>) -> Self {
        let (event_id, received_at) = (Id(event_id), Instant(received_at));
        let job_id = event_id;
        let (attempts_made, signal, dead_letter) = (None, None, None);
        Self { event_id, job_id, state, received_at, event, attempts_made, signal, dead_letter }
    }
}

impl From<Found> for EventStateBody {
    fn from(found: Found) -> Self {
        match found {
            Found::Job(job) => Self {
                attempts_made: Some(job.attempts),
                ..Self::new(job.event_id, job.state.into(), job.enqueued_at, event_of(&job.payload))
            },
            Found::Signal(signal) => {
                let AcceptedEvent { event_id, received_at, event } = (*signal.recorded.accepted).clone();
                let body = Self::new(event_id, JobState::Completed, received_at, Some(event.into()));
                Self { signal: Some(signal.into()), ..body }
            }
            Found::DeadLetter(letter) => {
                let event = event_of(&letter.payload);
                Self {
                    attempts_made: Some(letter.attempts),
                    dead_letter: Some(DeathBody {
                        id: letter.id.to_string(),
                        reason: Reason(letter.reason),
                        detail: letter.detail,
                        died_at: Instant(letter.died_at),
                    }),
                    ..Self::new(letter.event_id, JobState::Failed, letter.enqueued_at, event)
                }
            }
        }
    }
}
