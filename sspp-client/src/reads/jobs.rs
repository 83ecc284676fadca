//! Jobs: events on their way through the server, and what became of them.

use serde::{Deserialize, Serialize};
use sspp_events::{AccountId, EventId, EventType, Metadata, SignalId, SignalType, Timestamp, UserId};

use super::EventContent;
use super::parameters::Parameters;
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;
use crate::words::JobState;

/// An event on its way through the server, or what became of it.
///
/// ```
/// # fn shown(job: &sspp_client::Job) {
/// if job.state == sspp_client::JobState::Failed {
///     println!("{} became a dead letter: {:?}", job.id, job.failed_reason);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Job {
    /// The job's id, which is the event's.
    pub id: EventId,
    /// Where it is on its way.
    pub state: JobState,
    /// The event; none where a dead letter's payload cannot be read.
    pub data: Option<EventContent>,
    /// When the event was received; JSON has milliseconds since 1970.
    #[serde(serialize_with = "millis::write", deserialize_with = "millis::read")]
    pub timestamp: Timestamp,
    /// When it was scored or given up; JSON has milliseconds since 1970.
    #[serde(default, serialize_with = "millis::write", deserialize_with = "millis::read_option")]
    pub processed_on: Option<Timestamp>,
    /// When it was stored or given up; JSON has milliseconds since 1970.
    #[serde(default, serialize_with = "millis::write", deserialize_with = "millis::read_option")]
    pub finished_on: Option<Timestamp>,
    /// The signal it became; not in lists.
    #[serde(rename = "returnvalue")]
    pub signal: Option<JobSignal>,
    /// How many attempts failed; not in lists.
    pub attempts_made: Option<u32>,
    /// Why it became a dead letter.
    pub failed_reason: Option<String>,
}

/// The signal that a job became.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct JobSignal {
    /// Its number, for [`Client::signal`].
    pub id: SignalId,
    /// The account it is about.
    pub account_id: AccountId,
    /// The person it is about.
    pub user_id: UserId,
    /// The event type.
    pub event_type: EventType,
    /// The signal type.
    pub signal_type: SignalType,
    /// The score: two decimals.
    pub signal_score: f64,
    /// When it happened.
    pub timestamp: Timestamp,
    /// When it was scored.
    pub processed_at: Timestamp,
    /// What else the producer said, with its numbers as they were written.
    pub metadata: Metadata,
}

/// How many jobs are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct JobStats {
    /// Jobs to be taken next.
    pub waiting: u64,
    /// Jobs in progress.
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

/// Instants as JSON has them here: milliseconds since 1970.
mod millis {
    use serde::de::Error;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use sspp_events::Timestamp;

    pub(super) fn write<S: Serializer>(
        instant: &(impl Copy + Into<Option<Timestamp>>),
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        (*instant).into().map(Timestamp::millis).serialize(serializer)
    }

    pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        instant(i64::deserialize(deserializer)?)
    }

    pub(super) fn read_option<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        Option::<i64>::deserialize(deserializer)?.map(instant).transpose()
    }

    fn instant<E: Error>(millis: i64) -> Result<Timestamp, E> {
        let instant = millis.checked_mul(1_000).and_then(Timestamp::from_micros);
        instant.ok_or_else(|| {
            E::custom(format!("{millis} is not an instant from 1970 to 9999, in milliseconds"))
        })
    }
}

impl Client {
    /// Where an event is on its way; `None` if the server does not know it. A job's id is the event's. For one event,
    /// [`event`](Self::event) says more.
    pub async fn job(&self, id: EventId) -> Result<Option<Job>, Error> {
        self.find(format!("/jobs/{id}")).await
    }

    /// The newest jobs: 1 to 100 of them.
    ///
    /// # Errors
    /// What the request failed with. [`Error::Request`] for any other number.
    pub async fn recent_jobs(&self, limit: u32) -> Result<Vec<Job>, Error> {
        let mut parameters = Parameters::default();
        parameters.set_limit(limit, 100);
        self.ask(Call::get(format!("/jobs/recent{}", parameters.query()?.as_str()))).await
    }

    /// How many jobs are in which state.
    pub async fn job_stats(&self) -> Result<JobStats, Error> {
        self.ask(Call::get("/jobs/stats")).await
    }
}
