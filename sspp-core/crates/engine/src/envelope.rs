//! What the queue carries: an accepted event in a versioned, tagged JSON envelope.

use std::borrow::Cow;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{NewJob, TraceContext};
use sspp_events::{
    AcceptedEvent, AccountId, Event, EventId, EventType, ExternalId, Metadata, Random, Source, Timestamp,
    UserId,
};

/// An accepted event on its way through the queue. When it was received, the queue says.
///
/// The first members of the JSON are `v` (the version, 1) and `kind` (`event`); instants are microseconds since 1970.
/// Within a version members are only ever added, and readers skip those they do not know.
///
/// ```
/// use sspp_core::{Clock, Envelope, Event, SystemClock, SystemRandom};
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let envelope = Envelope::new(event, SystemClock.now(), &SystemRandom::new());
/// assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// What the event is known by.
    pub event_id: EventId,
    /// The event.
    pub event: Event,
}

/// Why a payload is not an envelope that this release can read.
///
/// ```
/// use sspp_core::{Envelope, EnvelopeFault};
/// assert_eq!(Envelope::decode(br#"{"v":7}"#), Err(EnvelopeFault::UnknownVersion { version: 7 }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeFault {
    /// Of a version that this release cannot read: a newer one may.
    #[error("the envelope's version {version} is unknown to this release")]
    UnknownVersion {
        /// The version it claims.
        version: u64,
    },
    /// Of a kind that this release cannot read: a newer one may.
    #[error("the envelope's kind '{kind}' is unknown to this release")]
    UnknownKind {
        /// The kind it claims.
        kind: String,
    },
    /// Not an envelope, or one that holds what no event can hold.
    #[error("the payload is not an envelope: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
}

const VERSION: u64 = 1;
const KIND: &str = "event";
const PREFIX: &[u8] = br#"{"v":1,"kind":"event","#;

/// Of what another release may have written only the version is certain.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

#[derive(Deserialize)]
struct Kind<'p> {
    #[serde(borrow)]
    kind: Cow<'p, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'p> {
    v: u64,
    #[serde(borrow)]
    kind: Cow<'p, str>,
    event_id: EventId,
    #[serde(borrow)]
    account_id: Cow<'p, str>,
    #[serde(borrow)]
    user_id: Cow<'p, str>,
    #[serde(borrow)]
    event_type: Cow<'p, str>,
    timestamp: i64,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    source: Option<Cow<'p, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    external_id: Option<Cow<'p, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    traceparent: Option<Cow<'p, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    tracestate: Option<Cow<'p, str>>,
    #[serde(borrow)]
    metadata: &'p RawValue,
}

impl Envelope {
    /// Accepts an event: its id follows from the producer's id, or is made new.
    pub fn new(event: Event, now: DateTime<Utc>, random: &dyn Random) -> Self {
        let event_id = match &event.external_id {
            Some(id) => EventId::of_external(id, event.source.as_ref(), &event.account_id),
            None => EventId::generate(now, random),
        };
        Self { event_id, event }
    }

    /// The event with the instant at which the queue received it.
    pub fn received(self, received_at: Timestamp) -> AcceptedEvent {
        AcceptedEvent { event_id: self.event_id, received_at, event: self.event }
    }

    /// The event as something to queue, with the trace of the request that brought it, where there is one.
    pub fn job(&self, trace: Option<&TraceContext>) -> NewJob {
        NewJob::new(self.event_id, self.event.account_id.clone(), self.encode_traced(trace))
    }

    /// Writes the envelope in the version that every running release can read.
    pub fn encode(&self) -> Bytes {
        self.encode_traced(None)
    }

    /// Writes the envelope, and beside it the trace of the request that brought the event, where there is one. Readers
    /// that know nothing of traces skip it.
    pub fn encode_traced(&self, trace: Option<&TraceContext>) -> Bytes {
        let Self { event_id, event } = self;
        let wire = Wire {
            v: VERSION,
            kind: KIND.into(),
            event_id: *event_id,
            account_id: event.account_id.as_str().into(),
            user_id: event.user_id.as_str().into(),
            event_type: event.event_type.as_str().into(),
            timestamp: event.timestamp.micros(),
            source: event.source.as_ref().map(|source| source.as_str().into()),
            external_id: event.external_id.as_ref().map(|id| id.as_str().into()),
            traceparent: trace.map(|trace| trace.traceparent().into()),
            tracestate: trace.and_then(TraceContext::tracestate).map(Cow::from),
            metadata: event.metadata.as_raw(),
        };
        let mut buffer = Vec::with_capacity(256 + event.metadata.as_str().len());
        if let Err(error) = serde_json::to_writer(&mut buffer, &wire) {
            // Strings, integers and raw JSON always serialize; should that change, the reader dead-letters it.
            debug_assert!(false, "an envelope could not be written: {error}");
        }
        buffer.into()
    }

    /// Reads an envelope, checking every member as if it came from outside: it may have.
    pub fn decode(payload: &[u8]) -> Result<Self, EnvelopeFault> {
        Self::decode_traced(payload).map(|(envelope, _)| envelope)
    }

    /// Reads an envelope as [`Envelope::decode`] does, and the trace that it was written with.
    pub fn decode_traced(payload: &[u8]) -> Result<(Self, Option<TraceContext>), EnvelopeFault> {
        // What this release wrote itself needs no second look.
        if !payload.starts_with(PREFIX) {
            let Version { v } = serde_json::from_slice(payload).map_err(malformed)?;
            if v != VERSION {
                return Err(EnvelopeFault::UnknownVersion { version: v });
            }
            let Kind { kind } = serde_json::from_slice(payload).map_err(malformed)?;
            if kind != KIND {
                return Err(EnvelopeFault::UnknownKind { kind: kind.chars().take(100).collect() });
            }
        }
        let wire: Wire<'_> = serde_json::from_slice(payload).map_err(malformed)?;
        let event = Event {
            account_id: AccountId::new(wire.account_id).map_err(malformed)?,
            user_id: UserId::new(wire.user_id).map_err(malformed)?,
            event_type: EventType::new(wire.event_type).map_err(malformed)?,
            timestamp: instant(wire.timestamp)?,
            metadata: Metadata::from_raw(wire.metadata).map_err(malformed)?,
            source: wire.source.map(Source::new).transpose().map_err(malformed)?,
            external_id: wire.external_id.map(ExternalId::new).transpose().map_err(malformed)?,
        };
        // A trace only helps to find faults, so an invalid one is dropped and the event is kept.
        let trace =
            wire.traceparent.and_then(|parent| TraceContext::parse(&parent, wire.tracestate.as_deref()));
        Ok((Self { event_id: wire.event_id, event }, trace))
    }
}

fn instant(micros: i64) -> Result<Timestamp, EnvelopeFault> {
    Timestamp::from_micros(micros)
        .ok_or_else(|| malformed(format!("{micros} is no instant from 1970 to 9999")))
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes by value")]
fn malformed(reason: impl ToString) -> EnvelopeFault {
    EnvelopeFault::Malformed { reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let event = Event::builder("acc", "user", "call_made", "2024-12-21T10:00:00.000001Z")
            .metadata(r#"{"a" : 1.50}"#)
            .source("crm")
            .event_id("7")
            .build()
            .unwrap();
        let event_id =
            EventId::of_external(&ExternalId::new("7").unwrap(), event.source.as_ref(), &event.account_id);
        let envelope = Envelope { event_id, event };
        let bytes = envelope.encode();
        assert_eq!(Envelope::decode(&bytes), Ok(envelope));
        let mut json = serde_json::from_slice(&bytes).unwrap();
        change(&mut json);
        serde_json::to_vec(&json).unwrap()
    }

    #[test]
    fn unknown_versions_and_kinds_differ_from_garbage() {
        assert_eq!(
            Envelope::decode(&payload(|json| json["v"] = 2.into())),
            Err(EnvelopeFault::UnknownVersion { version: 2 })
        );
        let other = br#"{"v":2,"kind":{"of":"another shape"}}"#;
        assert_eq!(Envelope::decode(other), Err(EnvelopeFault::UnknownVersion { version: 2 }));
        assert_eq!(
            Envelope::decode(&payload(|json| json["kind"] = "erase".into())),
            Err(EnvelopeFault::UnknownKind { kind: "erase".into() })
        );
        for garbage in
            [&b""[..], b"null", b"{}", b"\xff", b"{\"v\":1}x", b"{\"v\":1,\"kind\":\"event\"}", b"[1]"]
        {
            assert!(!matches!(Envelope::decode(garbage), Ok(_) | Err(EnvelopeFault::UnknownVersion { .. })));
        }
    }

    #[test]
    fn what_no_event_can_hold_is_refused() {
        for (member, value) in [
            ("accountId", serde_json::json!("")),
            ("userId", serde_json::json!("a\u{0}")),
            ("eventType", serde_json::json!("x".repeat(101))),
            ("timestamp", serde_json::json!(-1)),
            ("metadata", serde_json::json!([])),
            ("eventId", serde_json::json!("7")),
        ] {
            let bytes = payload(|json| json[member] = value.clone());
            assert!(matches!(Envelope::decode(&bytes), Err(EnvelopeFault::Malformed { .. })), "{member}");
        }
    }

    #[test]
    fn unknown_members_are_skipped() {
        assert!(Envelope::decode(&payload(|json| json["later"] = "1".into())).is_ok());
    }

    #[test]
    fn a_trace_is_carried_and_a_bad_one_left_out() {
        let bad = Envelope::decode_traced(&payload(|json| json["traceparent"] = "00-1".into()));
        let (envelope, none) = bad.unwrap();
        assert_eq!(none, None);
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = TraceContext::parse(parent, Some("a=1"));
        let bytes = envelope.encode_traced(trace.as_ref());
        assert_eq!(Envelope::decode_traced(&bytes), Ok((envelope.clone(), trace)));
        assert_eq!(Envelope::decode(&bytes), Ok(envelope));
    }
}
