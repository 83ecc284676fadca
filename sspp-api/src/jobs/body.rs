//! Jobs: events on their way, and what became of them.

use poem_openapi::{Enum, Object};
use serde::Serialize;
use sspp_core::{AcceptedEvent, DeadLetter, Envelope, Event, QueueDepth, QueuedJob, Signal, SignalStats};

use super::find::Found;
use crate::http::schema::{Instant, RawJson};

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

/// An event on its way through the queue, or what became of it.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Job", rename_all = "camelCase")]
pub(crate) struct JobBody {
    /// The job's id, which is the event's.
    pub(crate) id: String,
    /// Where it is on its way.
    state: JobState,
    /// Always 0, as the predecessor had it.
    progress: u32,
    /// The event; absent where a dead letter's payload cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    data: Option<JobEvent>,
    /// When the event was received, in milliseconds since 1970.
    pub(crate) timestamp: i64,
    /// When it was scored or given up, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    processed_on: Option<i64>,
    /// When it was stored or given up, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    finished_on: Option<i64>,
    /// The signal it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    returnvalue: Option<JobSignal>,
    /// How many attempts failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    attempts_made: Option<u32>,
    /// Why it became a dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    failed_reason: Option<String>,
}

/// The event of a job.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct JobEvent {
    /// The account it is about.
    account_id: String,
    /// The person it is about.
    user_id: String,
    /// What happened.
    event_type: String,
    /// When it happened.
    timestamp: Instant,
    /// What else the producer said.
    metadata: RawJson,
}

/// The signal a job became.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
struct JobSignal {
    /// Its number, as under `/signals/{id}`.
    id: i64,
    /// The account it is about.
    account_id: String,
    /// The person it is about.
    user_id: String,
    /// What happened.
    event_type: String,
    /// What that tells.
    signal_type: String,
    /// What it is worth.
    signal_score: f64,
    /// When it happened.
    timestamp: Instant,
    /// When it was scored.
    processed_at: Instant,
    /// What else the producer said.
    metadata: RawJson,
}

impl From<&Event> for JobEvent {
    fn from(event: &Event) -> Self {
        Self {
            account_id: event.account_id.to_string(),
            user_id: event.user_id.to_string(),
            event_type: event.event_type.to_string(),
            timestamp: Instant(event.timestamp),
            metadata: RawJson(event.metadata.clone()),
        }
    }
}

impl From<&Signal> for JobSignal {
    fn from(signal: &Signal) -> Self {
        let stored = &signal.recorded;
        let event = &stored.accepted.event;
        Self {
            id: signal.id.get(),
            account_id: event.account_id.to_string(),
            user_id: event.user_id.to_string(),
            event_type: event.event_type.to_string(),
            signal_type: stored.signal_type.to_string(),
            signal_score: stored.score.to_f64(),
            timestamp: Instant(event.timestamp),
            processed_at: Instant(stored.processed_at),
            metadata: RawJson(event.metadata.clone()),
        }
    }
}

fn event_of(payload: &[u8]) -> Option<JobEvent> {
    Envelope::decode(payload).ok().map(|envelope| JobEvent::from(&envelope.event))
}

impl From<QueuedJob> for JobBody {
    fn from(job: QueuedJob) -> Self {
        Self {
            id: job.event_id.to_string(),
            state: job.state.into(),
            progress: 0,
            data: event_of(&job.payload),
            timestamp: job.enqueued_at.millis(),
            processed_on: None,
            finished_on: None,
            returnvalue: None,
            attempts_made: Some(job.attempts),
            failed_reason: None,
        }
    }
}

impl From<Signal> for JobBody {
    fn from(signal: Signal) -> Self {
        let AcceptedEvent { event_id, received_at, event } = &*signal.recorded.accepted;
        let processed = signal.recorded.processed_at.millis();
        Self {
            id: event_id.to_string(),
            state: JobState::Completed,
            progress: 0,
            data: Some(event.into()),
            timestamp: received_at.millis(),
            processed_on: Some(processed),
            finished_on: Some(processed),
            returnvalue: Some((&signal).into()),
            attempts_made: None,
            failed_reason: None,
        }
    }
}

impl From<DeadLetter> for JobBody {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id.to_string(),
            state: JobState::Failed,
            progress: 0,
            data: event_of(&letter.payload),
            timestamp: letter.enqueued_at.millis(),
            processed_on: Some(letter.died_at.millis()),
            finished_on: Some(letter.died_at.millis()),
            returnvalue: None,
            attempts_made: Some(letter.attempts),
            failed_reason: Some(format!("{}: {}", letter.reason, letter.detail)),
        }
    }
}

impl From<Found> for JobBody {
    fn from(found: Found) -> Self {
        match found {
            Found::Signal(signal) => signal.into(),
            Found::Job(job) => job.into(),
            Found::DeadLetter(letter) => letter.into(),
        }
    }
}

/// A job in the list of recent ones: without progress and result.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "RecentJob", rename_all = "camelCase")]
pub(crate) struct RecentJobBody {
    /// The job's id, which is the event's.
    id: String,
    /// Where it is on its way.
    state: JobState,
    /// The event; absent where a dead letter's payload cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    data: Option<JobEvent>,
    /// When the event was received, in milliseconds since 1970.
    timestamp: i64,
    /// When it was scored or given up, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    processed_on: Option<i64>,
    /// When it was stored or given up, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    finished_on: Option<i64>,
    /// Why it became a dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    failed_reason: Option<String>,
}

impl From<JobBody> for RecentJobBody {
    fn from(job: JobBody) -> Self {
        Self {
            id: job.id,
            state: job.state,
            data: job.data,
            timestamp: job.timestamp,
            processed_on: job.processed_on,
            finished_on: job.finished_on,
            failed_reason: job.failed_reason,
        }
    }
}

/// How many jobs are in which state.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobStats")]
pub(crate) struct JobStatsBody {
    /// Jobs to be taken next.
    waiting: u64,
    /// Jobs in hand.
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
