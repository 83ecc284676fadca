//! What a producer said: members that several answers share.

use poem_openapi::Object;
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{Envelope, Event};

use crate::http::schema::{Instant, RawJson};

/// The event of a job.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "JobEvent", rename_all = "camelCase")]
pub(crate) struct EventFacts {
    /// The account it is about.
    account_id: String,
    /// The user it is about.
    user_id: String,
    /// The event type.
    event_type: String,
    /// When it happened.
    timestamp: Instant,
    /// The event's metadata, without the white space between its parts.
    metadata: RawJson,
}

/// What a producer said.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub(crate) struct StatedEvent {
    #[serde(flatten)]
    #[oai(flatten)]
    facts: EventFacts,
    /// The system that the event came from, if the producer named it.
    source: Option<String>,
    /// The producer's own id for the event, if it gave one.
    external_id: Option<String>,
}

impl From<Event> for EventFacts {
    fn from(event: Event) -> Self {
        Self {
            account_id: event.account_id.into(),
            user_id: event.user_id.into(),
            event_type: event.event_type.into(),
            timestamp: Instant(event.timestamp),
            metadata: RawJson(event.metadata),
        }
    }
}

impl From<Event> for StatedEvent {
    fn from(mut event: Event) -> Self {
        let (source, external_id) = (event.source.take(), event.external_id.take());
        Self {
            facts: event.into(),
            source: source.map(String::from),
            external_id: external_id.map(String::from),
        }
    }
}

/// The event of a payload; none where that cannot be read.
pub(crate) fn event_of<T: From<Event>>(payload: &[u8]) -> Option<T> {
    Envelope::decode(payload).ok().map(|envelope| envelope.event.into())
}
