//! Jobs: events on their way, and what became of them.

use std::sync::Arc;

use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{AcceptedEvent, QueueDepth, Signal, SignalStats, Timestamp};

use super::find::Found;
use crate::events::{EventFacts, event_of};
use crate::http::schema::Instant;

/// Where an event is on its way.
#[derive(Debug, Clone, Copy, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase", remote = "sspp_core::JobState")]
pub(crate) enum JobState {
    Waiting,
    Active,
    Delayed,
    Completed,
    Failed,
}

/// A job in the list of recent ones: without progress and result.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "RecentJob", rename_all = "camelCase")]
pub(crate) struct RecentJobBody {
    /// The job's id, which is the event's.
    pub(super) id: String,
    /// Where it is on its way.
    state: JobState,
    /// The event; absent where a dead letter's payload cannot be read.
    data: Option<EventFacts>,
    /// When the event was received, in milliseconds since 1970.
    pub(super) timestamp: i64,
    /// When it was scored or became a dead letter, in milliseconds since 1970.
    processed_on: Option<i64>,
    /// When it was stored or became a dead letter, in milliseconds since 1970.
    finished_on: Option<i64>,
    /// Why it became a dead letter.
    failed_reason: Option<String>,
}

/// An event on its way through a queue, or its result.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Job")]
pub(crate) struct JobBody {
    #[serde(flatten)]
    #[oai(flatten)]
    pub(super) recent: RecentJobBody,
    /// Always 0, as the predecessor had it.
    progress: u32,
    /// The signal it became.
    returnvalue: Option<JobSignal>,
    /// How many attempts failed.
    #[serde(rename = "attemptsMade")]
    #[oai(rename = "attemptsMade")]
    attempts_made: Option<u32>,
}

/// The signal a job became.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct JobSignal {
    /// Its number, as under `/signals/{id}`.
    id: i64,
    #[serde(flatten)]
    #[oai(flatten)]
    event: EventFacts,
    /// The signal type.
    signal_type: String,
    /// The score, with two decimals.
    signal_score: f64,
    /// When it was scored.
    processed_at: Instant,
}

impl From<Signal> for JobSignal {
    fn from(signal: Signal) -> Self {
        let stored = signal.recorded;
        Self {
            id: signal.id.get(),
            event: Arc::unwrap_or_clone(stored.accepted).event.into(),
            signal_type: stored.signal_type.into(),
            signal_score: stored.score.to_f64(),
            processed_at: Instant(stored.processed_at),
        }
    }
}

impl JobBody {
    fn new(id: String, state: JobState, received_at: Timestamp, data: Option<EventFacts>) -> Self {
        let timestamp = received_at.millis();
        let (processed_on, finished_on, failed_reason) = (None, None, None);
        let recent = RecentJobBody { id, state, data, timestamp, processed_on, finished_on, failed_reason };
        Self { recent, progress: 0, returnvalue: None, attempts_made: None }
    }

    fn finished(mut self, at: Timestamp) -> Self {
        self.recent.processed_on = Some(at.millis());
        self.recent.finished_on = Some(at.millis());
        self
    }
}

impl From<Found> for JobBody {
    fn from(found: Found) -> Self {
        match found {
            Found::Job(job) => {
                let id = job.event_id.to_string();
                let body = Self::new(id, job.state.into(), job.enqueued_at, event_of(&job.payload));
                Self { attempts_made: Some(job.attempts), ..body }
            }
            Found::Signal(signal) => {
                let AcceptedEvent { event_id, received_at, event } = (*signal.recorded.accepted).clone();
                let body =
                    Self::new(event_id.to_string(), JobState::Completed, received_at, Some(event.into()));
                let body = body.finished(signal.recorded.processed_at);
                Self { returnvalue: Some(signal.into()), ..body }
            }
            Found::DeadLetter(letter) => {
                let (id, event) = (letter.id.to_string(), event_of(&letter.payload));
                let body = Self::new(id, JobState::Failed, letter.enqueued_at, event);
                let mut body = body.finished(letter.died_at);
                body.recent.failed_reason = Some(format!("{}: {}", letter.reason, letter.detail));
                Self { attempts_made: Some(letter.attempts), ..body }
            }
        }
    }
}

/// How many jobs are in which state.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobStats")]
pub(crate) struct JobStatsBody {
    /// Jobs to be taken next.
    waiting: u64,
    /// Active jobs: held by a worker.
    active: u64,
    /// Signals made.
    completed: u64,
    /// Dead letters kept.
    failed: u64,
    /// Jobs to be taken later.
    delayed: u64,
    /// All of them.
    total: u64,
}

impl JobStatsBody {
    pub(crate) fn new(depth: QueueDepth, stats: &SignalStats) -> Self {
        let (completed, failed) = (stats.signals, stats.dead_letters);
        let QueueDepth { waiting, active, delayed } = depth;
        Self { waiting, active, completed, failed, delayed, total: depth.total() + completed + failed }
    }
}
