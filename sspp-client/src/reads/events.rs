//! An event by its id: where it is on its way, and what it became.

use serde::{Deserialize, Serialize};
use sspp_events::{
    AccountId, DeadLetterId, EventId, EventType, ExternalId, Metadata, Source, Timestamp, UserId,
};

use super::Signal;
use crate::api::{Query, segment};
use crate::client::Client;
use crate::errors::Error;
use crate::words::{DeadLetterReason, JobState};

/// An event, where it is on its way, and what it became.
///
/// ```
/// # fn shown(found: &sspp_client::EventState) {
/// match (&found.signal, &found.dead_letter) {
///     (Some(signal), _) => println!("worth {}", signal.signal_score),
///     (_, Some(letter)) => println!("{}: {}", letter.reason, letter.detail),
///     _ => println!("{}", found.state),
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventState {
    /// The event's id.
    pub event_id: EventId,
    /// Where it is on its way.
    pub state: JobState,
    /// When it was received, by the queue's clock.
    pub received_at: Timestamp,
    /// What the producer said; none where a dead letter's payload cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventContent>,
    /// How many attempts failed, unless it became a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts_made: Option<u32>,
    /// The signal it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<Signal>,
    /// The dead letter it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetterSummary>,
}

/// What a producer said.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EventContent {
    /// The account it is about.
    pub account_id: AccountId,
    /// The person it is about.
    pub user_id: UserId,
    /// The event type.
    pub event_type: EventType,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What else the producer said, with its numbers as they were written.
    pub metadata: Metadata,
    /// The system it came from, if it said so; not in jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The producer's own id for it, if it had one; not in jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
}

/// Why an event became a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetterSummary {
    /// The letter's id, for [`Client::dead_letter`].
    pub id: DeadLetterId,
    /// What kind of reason.
    pub reason: DeadLetterReason,
    /// The reason in a sentence.
    pub detail: String,
    /// When the event was given up.
    pub died_at: Timestamp,
}

impl Client {
    /// One event; `None` if the server does not know its id. [`emit`](Self::emit) and [`send`](Self::send) give the id.
    pub async fn event(&self, id: EventId) -> Result<Option<EventState>, Error> {
        self.find(event_path(id)).await
    }

    /// One event by its producer's own id, its account, and its source if it has one; `None` if the server does not know it.
    pub async fn event_by_external_id(
        &self,
        id: &ExternalId,
        account: &AccountId,
        source: Option<&Source>,
    ) -> Result<Option<EventState>, Error> {
        let mut query = Query::default();
        query.set("accountId", account.as_str());
        if let Some(source) = source {
            query.set("source", source.as_str());
        }
        self.find(format!("/events/{}{}", segment(id.as_str()), query.as_str())).await
    }
}

pub(super) fn event_path(id: EventId) -> String {
    format!("/events/{id}")
}
