//! An event as the batch route takes it: encoded once, when it is emitted, and sent in these bytes however often.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sspp_events::{AccountId, Event, EventId, ExternalId, Random, Source, Timestamp};

use super::sales_event::SalesEvent;
use crate::errors::Error;

/// An event's JSON.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    /// The id it is known by; `None` of an event that was stored, whose JSON has it.
    id: Option<EventId>,
    pub(crate) json: Bytes,
    /// In the order in which events are emitted, once it is.
    pub(crate) number: u64,
}

impl Encoded {
    /// An event that an earlier run may have stored.
    #[cfg(feature = "spool")]
    pub(crate) const fn stored(json: Bytes) -> Self {
        Self { id: None, json, number: 0 }
    }

    /// The id that the server knows the event by. Only bytes that no client wrote have none.
    pub(crate) fn id(&self) -> Option<EventId> {
        if self.id.is_some() {
            return self.id;
        }
        let Ids { event_id, account_id, source } = serde_json::from_slice(&self.json).ok()?;
        Some(EventId::of_external(&event_id, source.as_ref(), &account_id))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ids {
    event_id: ExternalId,
    account_id: AccountId,
    source: Option<Source>,
}

/// An event that a server takes, with its id and its JSON.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) id: EventId,
    pub(crate) event: Event,
    pub(crate) encoded: Encoded,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'e> {
    event_id: WireId<'e>,
    account_id: &'e str,
    user_id: &'e str,
    event_type: &'e str,
    timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'e RawValue>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireId<'e> {
    Own(&'e str),
    Made(EventId),
}

/// An event that no server takes: the id that it would be known by, and why.
#[derive(Debug)]
pub(crate) struct Unsendable {
    pub(crate) id: EventId,
    pub(crate) error: Error,
}

/// Checks an event by the server's rules and writes it as JSON. An event that is not valid may have no id of its own: it gets a
/// new one.
pub(crate) fn check(
    event: SalesEvent,
    now: DateTime<Utc>,
    random: &dyn Random,
) -> Result<Checked, Unsendable> {
    let event = event
        .into_event(Timestamp::from_datetime(now))
        .map_err(|wrong| Unsendable { id: EventId::generate(now, random), error: wrong.into() })?;
    let id = match &event.external_id {
        Some(id) => EventId::of_external(id, event.source.as_ref(), &event.account_id),
        None => EventId::generate(now, random),
    };
    let json = encode(&event, id).map_err(|error| Unsendable { id, error })?;
    if json.len() > Event::MAX_BYTES {
        let error = Error::TooLarge { bytes: json.len(), limit: Event::MAX_BYTES };
        return Err(Unsendable { id, error });
    }
    Ok(Checked { id, event, encoded: Encoded { id: Some(id), json, number: 0 } })
}

/// The producer's own id is sent as it is: the server makes the same UUID of it, and shows it.
fn encode(event: &Event, id: EventId) -> Result<Bytes, Error> {
    let wire = Wire {
        event_id: event.external_id.as_ref().map_or(WireId::Made(id), |own| WireId::Own(own.as_str())),
        account_id: event.account_id.as_str(),
        user_id: event.user_id.as_str(),
        event_type: event.event_type.as_str(),
        timestamp: event.timestamp,
        source: event.source.as_ref().map(Source::as_str),
        metadata: Some(event.metadata.as_raw()).filter(|raw| raw.get() != "{}"),
    };
    let mut json = Vec::with_capacity(192 + event.metadata.as_str().len());
    serde_json::to_writer(&mut json, &wire)?;
    Ok(json.into())
}

#[cfg(test)]
mod tests {
    use sspp_events::SeededRandom;

    use super::*;

    fn encoded(event: SalesEvent) -> (EventId, serde_json::Value) {
        let now = "2026-01-15T10:00:00Z".parse().unwrap();
        let Checked { id, encoded, .. } = check(event, now, &SeededRandom::new(1)).unwrap();
        let stored = Encoded { id: None, ..encoded };
        assert_eq!(stored.id(), Some(id), "the JSON has the id");
        (id, serde_json::from_slice(&stored.json).unwrap())
    }

    #[test]
    fn an_event_without_id_gets_a_uuid_v7_of_its_instant() {
        let (id, json) = encoded(SalesEvent::call_made("acc", "user"));
        assert_eq!(id.as_uuid().get_version_num(), 7);
        assert_eq!(json["eventId"], id.to_string());
        assert_eq!(json["timestamp"], "2026-01-15T10:00:00.000Z");
        assert!(json.get("metadata").is_none() && json.get("source").is_none());
    }

    #[test]
    fn an_own_id_travels_as_it_is_and_is_known_by_the_uuid_the_server_makes() {
        let (id, json) =
            encoded(SalesEvent::call_made("acc", "user").at("2026-01-15").id("7").source("crm").with("x", 1));
        let event = Event::builder("acc", "user", "call_made", "2026-01-15")
            .source("crm")
            .event_id("7")
            .build()
            .unwrap();
        let own = event.external_id.unwrap();
        assert_eq!(id, EventId::of_external(&own, event.source.as_ref(), &event.account_id));
        assert_eq!((&json["eventId"], &json["metadata"]), (&"7".into(), &serde_json::json!({"x": 1})));
    }

    #[test]
    fn an_event_over_the_servers_limit_is_refused_at_once() {
        let event = SalesEvent::call_made("acc", "user").with("x", "x".repeat(Event::MAX_BYTES));
        let now = "2026-01-15T10:00:00Z".parse().unwrap();
        let refused = check(event, now, &SeededRandom::new(1)).unwrap_err();
        assert!(matches!(refused.error, Error::TooLarge { .. }));
    }
}
