//! Jobs (events on their way through the server) and the event types it knows.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;
use crate::url::segment;

/// An event on its way through the server, or what became of it.
///
/// ```
/// # fn shown(job: &sspp_client::Job) {
/// if job.state == "failed" {
///     println!("{} became a dead letter: {:?}", job.id, job.failed_reason);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Job {
    /// The job's id, which is the event's.
    pub id: String,
    /// `waiting`, `active`, `delayed`, `completed` or `failed`.
    pub state: String,
    /// The event; none where a dead letter's payload cannot be read.
    pub data: Option<Value>,
    /// When the event was received, in milliseconds since 1970.
    pub timestamp: i64,
    /// When it was scored or given up, in milliseconds since 1970.
    pub processed_on: Option<i64>,
    /// When it was stored or given up, in milliseconds since 1970.
    pub finished_on: Option<i64>,
    /// The signal it became; not in lists.
    #[serde(rename = "returnvalue")]
    pub signal: Option<Value>,
    /// How many attempts failed; not in lists.
    pub attempts_made: Option<u32>,
    /// Why it became a dead letter.
    pub failed_reason: Option<String>,
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct JobStats {
    /// Jobs to be taken next.
    pub waiting: u64,
    /// Jobs in hand.
    pub active: u64,
    /// Signals made.
    pub completed: u64,
    /// Dead letters kept.
    pub failed: u64,
    /// Jobs to be taken later.
    pub delayed: u64,
    /// All of them.
    pub total: u64,
}

/// A scoring model's identity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of its canonical JSON.
    pub digest: String,
}

/// The event types of the server's scoring model.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct EventTypes {
    /// The active model.
    pub model: ModelInfo,
    /// Its event types, in its own order.
    #[serde(alias = "eventTypes")]
    pub event_types: Vec<EventTypeInfo>,
}

/// What an event type is worth.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct EventTypeInfo {
    /// The type, as events name it.
    #[serde(alias = "eventType")]
    pub event_type: String,
    /// Its worth before modifiers.
    pub base: f64,
    /// What it tells.
    #[serde(alias = "signalType")]
    pub signal_type: String,
    /// The group in which it counts for an account.
    pub group: String,
}

impl Client {
    /// Where an event is on its way, by its job's id, which is the event's; `None` if there is none.
    pub async fn job(&self, id: &str) -> Result<Option<Job>, Error> {
        self.get(format!("/jobs/{}", segment(id))).await
    }

    /// The newest jobs: 1 to 100 of them.
    pub async fn recent_jobs(&self, limit: u32) -> Result<Vec<Job>, Error> {
        self.get_known(&format!("/jobs/recent?limit={limit}")).await
    }

    /// How many jobs are in which state.
    pub async fn job_stats(&self) -> Result<JobStats, Error> {
        self.get_known("/jobs/stats").await
    }

    /// The event types that the server takes.
    pub async fn event_types(&self) -> Result<EventTypes, Error> {
        self.get_known("/event-types").await
    }
}
