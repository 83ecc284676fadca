//! Dead letters: events that could not become signals, to be looked at, and replayed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sspp_core::Metadata;

use super::Pages;
use crate::client::Client;
use crate::error::Error;
use crate::url::{Query, segment};

/// An event that could not become a signal, kept with the reason.
///
/// ```
/// # fn shown(letter: &sspp_client::DeadLetter) {
/// println!("{}: {} ({})", letter.id, letter.reason, letter.detail);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetter {
    /// By which the letter is known.
    pub id: String,
    /// By which the event is known.
    pub event_id: String,
    /// For programs, for instance `unknown_event_type`.
    pub reason: String,
    /// The reason in a sentence.
    pub detail: String,
    /// How many attempts failed.
    pub attempts: u32,
    /// When the event was queued: RFC 3339.
    pub enqueued_at: String,
    /// When it was given up: RFC 3339.
    pub died_at: String,
    /// Whether it can be replayed as it is.
    pub replayable: bool,
    /// The event; none where the payload cannot be read.
    pub event: Option<DeadLetterEvent>,
}

/// The event of a dead letter.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetterEvent {
    /// The account it is about.
    pub account_id: String,
    /// The person it is about.
    pub user_id: String,
    /// What happened.
    pub event_type: String,
    /// When it happened: RFC 3339.
    pub timestamp: String,
    /// When it was received: RFC 3339.
    pub received_at: String,
    /// What else the producer said, with its numbers as they were written.
    pub metadata: Metadata,
    /// The system it came from, if it said so.
    pub source: Option<String>,
    /// The producer's own id for it, if it had one.
    pub external_id: Option<String>,
}

/// Which dead letters: all of them, the last recorded first, if nothing is said.
///
/// ```
/// use sspp_client::DeadLetterQuery;
/// let query = DeadLetterQuery::default().reason("unknown_event_type").from("2026-01-01");
/// # let _ = query;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct DeadLetterQuery {
    reason: Option<String>,
    event_type: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl DeadLetterQuery {
    /// Given up for this reason.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Whose event is of this type.
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Given up at or after this instant: RFC 3339, or a date.
    pub fn from(mut self, from: impl fmt::Display) -> Self {
        self.from = Some(from.to_string());
        self
    }

    /// Given up before this instant: RFC 3339, or a date.
    pub fn to(mut self, to: impl fmt::Display) -> Self {
        self.to = Some(to.to_string());
        self
    }
}

/// What a replay did.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Replay {
    /// `queued`; or `already_signal`: an earlier replay, or the producer, was quicker.
    pub status: String,
    /// By which [`Client::job`] finds it.
    pub job_id: String,
    /// By which the event is known, as before.
    pub event_id: String,
    /// The signal that the event is already.
    pub signal_id: Option<i64>,
}

/// How far a replay of many got.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReplayMany {
    /// Whether nothing was done but counting.
    pub dry_run: bool,
    /// How many letters were put back into the queue.
    pub replayed: u64,
    /// Those that cannot be replayed as they are.
    pub skipped: Vec<SkippedLetter>,
    /// How many letters come after those.
    pub remaining: u64,
    /// Where to go on; none when all were looked at.
    pub next_cursor: Option<String>,
}

/// A dead letter that was not replayed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SkippedLetter {
    /// The letter.
    pub id: String,
    /// Why, and what to do.
    pub detail: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReplayRequest<'q> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'q str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'q str>,
    dry_run: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'q str>,
}

impl Client {
    /// Lists dead letters, page by page as they are needed.
    pub fn dead_letters(&self, query: &DeadLetterQuery) -> Pages<DeadLetter> {
        let mut wire = Query::default();
        let members = [
            ("reason", &query.reason),
            ("eventType", &query.event_type),
            ("from", &query.from),
            ("to", &query.to),
        ];
        for (name, value) in members {
            if let Some(value) = value {
                wire.set(name, value);
            }
        }
        Pages::new(self.clone(), "/dead-letters", wire)
    }

    /// One dead letter; `None` if there is none of this id.
    pub async fn dead_letter(&self, id: &str) -> Result<Option<DeadLetter>, Error> {
        self.get(format!("/dead-letters/{}", segment(id))).await
    }

    /// Puts a dead letter's event back into the queue, under its id: however often, one signal comes of it.
    pub async fn replay_dead_letter(&self, id: &str) -> Result<Replay, Error> {
        self.post(format!("/dead-letters/{}/replay", segment(id)), Vec::new()).await
    }

    /// Puts many back, the first recorded first, or only counts them (`dry_run`). One call looks at some thousand; go on with
    /// its `next_cursor` as `cursor` until that is none.
    pub async fn replay_dead_letters(
        &self,
        query: &DeadLetterQuery,
        dry_run: bool,
        cursor: Option<&str>,
    ) -> Result<ReplayMany, Error> {
        let request = ReplayRequest {
            reason: query.reason.as_deref(),
            event_type: query.event_type.as_deref(),
            from: query.from.as_deref(),
            to: query.to.as_deref(),
            dry_run,
            cursor,
        };
        self.post("/dead-letters/replay".to_owned(), serde_json::to_vec(&request)?).await
    }
}
