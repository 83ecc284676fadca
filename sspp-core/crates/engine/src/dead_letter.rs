//! Dead letters: events that could not become signals, kept with the reason.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::NewSignal;
use sspp_events::{ContentDigest, DeadLetterId, EventId, Timestamp};

/// Why an event could not become a signal.
///
/// ```
/// use sspp_core::DeadLetterReason;
/// assert_eq!(DeadLetterReason::CrashLoop.as_str(), "crash_loop");
/// assert_eq!("crash_loop".parse(), Ok(DeadLetterReason::CrashLoop));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum DeadLetterReason {
    /// The payload is no envelope, or holds what no event can hold.
    Undecodable,
    /// The envelope's version stayed unknown, though it was looked at for 24 hours.
    UnknownVersion,
    /// The event's type stayed unknown to the scoring models of all workers that looked at it for 24 hours. Direct intake does not
    /// wait: its model lacks the type.
    UnknownEventType,
    /// The store refused this one event.
    Rejected,
    /// Every attempt failed.
    AttemptsExhausted,
    /// The process died three times while it scored this event.
    CrashLoop,
    /// The event's id belongs to a signal or dead letter with other content.
    EventIdConflict,
}

impl DeadLetterReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Undecodable,
        Self::UnknownVersion,
        Self::UnknownEventType,
        Self::Rejected,
        Self::AttemptsExhausted,
        Self::CrashLoop,
        Self::EventIdConflict,
    ];

    /// The reason as stores and APIs write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::UnknownVersion => "unknown_version",
            Self::UnknownEventType => "unknown_event_type",
            Self::Rejected => "rejected",
            Self::AttemptsExhausted => "attempts_exhausted",
            Self::CrashLoop => "crash_loop",
            Self::EventIdConflict => "event_id_conflict",
        }
    }
}

impl fmt::Display for DeadLetterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for DeadLetterReason {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| format!("'{text}' is not a dead letter reason"))
    }
}

impl TryFrom<String> for DeadLetterReason {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeadLetterReason> for String {
    fn from(reason: DeadLetterReason) -> Self {
        reason.as_str().to_owned()
    }
}

/// A dead letter on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeadLetter {
    /// What it will be known by.
    pub id: DeadLetterId,
    /// The event it is about.
    pub event_id: EventId,
    /// What the event says; `None` when the payload was not, or could not be, decoded.
    pub content: Option<ContentDigest>,
    /// The queue's payload, byte for byte.
    pub payload: Bytes,
    /// Why it is here.
    pub reason: DeadLetterReason,
    /// The reason in a sentence, for a person.
    pub detail: String,
    /// How many attempts were made and failed.
    pub attempts: u32,
    /// When the event was first queued, by the queue's clock.
    pub enqueued_at: Timestamp,
    /// When it was given up.
    pub died_at: Timestamp,
}

impl NewDeadLetter {
    /// The letter about a signal whose event id belongs to a signal or dead letter with other content.
    pub fn conflict(signal: &NewSignal, payload: Bytes) -> Self {
        let event_id = signal.accepted.event_id;
        Self {
            id: DeadLetterId::of_conflict(event_id, signal.content),
            event_id,
            content: Some(signal.content),
            payload,
            reason: DeadLetterReason::EventIdConflict,
            detail: format!("event id {event_id} belongs to other content; send it under another id"),
            attempts: 0,
            enqueued_at: signal.accepted.received_at,
            died_at: signal.processed_at,
        }
    }

    /// The letter about this one's content, whose event id belongs to other content. Content that was not decoded is
    /// identified by the SHA-256 of its payload.
    #[must_use]
    pub fn as_conflict(&self) -> Self {
        let content =
            self.content.unwrap_or_else(|| ContentDigest::from_bytes(Sha256::digest(&self.payload).into()));
        let Self { event_id, reason, detail, .. } = self;
        Self {
            id: DeadLetterId::of_conflict(*event_id, content),
            reason: DeadLetterReason::EventIdConflict,
            detail: format!(
                "event id {event_id} belongs to other content; send it under another id ({reason}: {detail})"
            ),
            ..self.clone()
        }
    }

    /// The account, user and event type that the payload names.
    pub fn facts(&self) -> crate::PayloadFacts {
        crate::PayloadFacts::of_payload(&self.payload)
    }

    /// Whether this letter is about what a known one is about: by content, or by payload where one was not decoded.
    pub fn is_about(&self, content: Option<ContentDigest>, payload: &[u8]) -> bool {
        match (self.content, content) {
            (Some(one), Some(other)) => one == other,
            _ => self.payload == payload,
        }
    }
}

/// A stored dead letter; the same fields as [`NewDeadLetter`], which the store changes nothing of.
pub type DeadLetter = NewDeadLetter;
