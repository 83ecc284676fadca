//! Many events in one body, taken apart so that one that is wrong spoils no other.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::cloud_event::parse_cloud_event;
use super::members::{MOST_VIOLATIONS, unknown_member};
use super::metadata::Name;
use super::parse::{ParseFault, parse_event, utf8};
use super::violation::{Violation, Violations};
use crate::{Event, KnownTypes, Timestamp, skip_byte_order_mark};

/// How a batch is written.
///
/// ```
/// use sspp_core::{BatchFormat, ScoringModel, Timestamp, parse_batch};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let good = r#"{"accountId":"a","userId":"u","eventType":"call_made","timestamp":"2025-12-31"}"#;
/// let lines = format!("{good}\n{{}}\n\n{good}");
/// let events = parse_batch(lines.as_bytes(), BatchFormat::Lines, &model, now).unwrap();
/// assert_eq!(events.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchFormat {
    /// One JSON object with the member `events`, an array of events.
    Events,
    /// An event a line (NDJSON); blank lines do not count.
    Lines,
    /// A JSON array of `CloudEvents` in the structured form.
    CloudEvents,
}

impl BatchFormat {
    /// The most bytes that a batch may have: 4 MiB.
    pub const MAX_BYTES: usize = 4 * 1024 * 1024;
    /// The most events that a batch may hold.
    pub const MAX_EVENTS: usize = 1_000;
}

/// Why bytes are not a batch. Nothing of it was taken.
///
/// ```
/// use sspp_core::{BatchFault, BatchFormat, ScoringModel, Timestamp, parse_batch};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let fault = parse_batch(br#"{"events":[]}"#, BatchFormat::Events, &model, now).unwrap_err();
/// assert!(matches!(&fault, BatchFault::Invalid(_)));
/// assert_eq!(fault.to_string(), "events must hold at least one event");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchFault {
    /// There are more bytes than a batch may have.
    #[error("the batch has {bytes} bytes, more than the {limit} allowed; send it in parts")]
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// There are more events than a batch may hold.
    #[error("the batch holds more than {limit} events; send it in parts")]
    TooMany {
        /// How many are allowed.
        limit: usize,
    },
    /// The bytes are not written as the format wants it, so where one event ends is unknown.
    #[error("{detail}")]
    Malformed {
        /// What is wrong and where.
        detail: String,
    },
    /// What is around the events is wrong.
    #[error(transparent)]
    Invalid(Violations),
}

/// Reads the events of a batch, each by itself: its event, or everything that is wrong with it, in the order of the
/// batch. Pointers begin at the event.
///
/// ```
/// use sspp_core::{BatchFormat, ScoringModel, Timestamp, parse_batch};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let json = br#"{"events":[{"accountId":"a","userId":"u","eventType":"call_made","timestamp":"2025-12-31"},7]}"#;
/// let events = parse_batch(json, BatchFormat::Events, &model, now).unwrap();
/// assert_eq!(events[0].as_ref().unwrap().account_id.as_str(), "a");
/// assert_eq!(events[1].as_ref().unwrap_err().iter().next().unwrap().code, "malformed_json");
/// ```
pub fn parse_batch(
    body: &[u8],
    format: BatchFormat,
    model: &dyn KnownTypes,
    now: Timestamp,
) -> Result<Vec<Result<Event, Violations>>, BatchFault> {
    if body.len() > BatchFormat::MAX_BYTES {
        return Err(BatchFault::TooLarge { bytes: body.len(), limit: BatchFormat::MAX_BYTES });
    }
    match format {
        BatchFormat::Lines => lines(body, |line| parse_event(line, model, now)),
        BatchFormat::Events => Ok(each(elements(body)?, |json| parse_event(json, model, now))),
        BatchFormat::CloudEvents => Ok(each(array(body)?, |json| parse_cloud_event(json, model, now))),
    }
}

fn lines(
    body: &[u8],
    parse: impl Fn(&[u8]) -> Result<Event, ParseFault>,
) -> Result<Vec<Result<Event, Violations>>, BatchFault> {
    let body = skip_byte_order_mark(body)
        .map_err(|fault| BatchFault::Malformed { detail: format!("the body {fault}") })?;
    let mut events = Vec::new();
    for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
        if events.len() == BatchFormat::MAX_EVENTS {
            return Err(BatchFault::TooMany { limit: BatchFormat::MAX_EVENTS });
        }
        events.push(parse(line).map_err(ParseFault::into_violations));
    }
    if events.is_empty() {
        let detail = "the batch is empty: expected an event in JSON on every line".to_owned();
        return Err(BatchFault::Malformed { detail });
    }
    Ok(events)
}

fn each(
    raw: Vec<&RawValue>,
    parse: impl Fn(&[u8]) -> Result<Event, ParseFault>,
) -> Vec<Result<Event, Violations>> {
    let parse = |raw: &RawValue| parse(raw.get().as_bytes()).map_err(ParseFault::into_violations);
    raw.into_iter().map(parse).collect()
}

/// The elements of the member `events`.
fn elements(body: &[u8]) -> Result<Vec<&RawValue>, BatchFault> {
    let mut found = Vec::new();
    let list = read(body, r#"a batch like {"events":[…]}"#, |parser, too_many| {
        parser.deserialize_map(WrapperVisitor { found: &mut found, too_many })
    })?;
    match list {
        Some(events) if events.is_empty() => {
            found.insert(0, wrong("required", "must hold at least one event"));
        }
        Some(events) if found.is_empty() => return Ok(events),
        Some(_) => {}
        None => found.insert(0, wrong("required", "must be there: an array of events")),
    }
    Err(BatchFault::Invalid(Violations::new(found)))
}

/// The elements of a bare array.
fn array(body: &[u8]) -> Result<Vec<&RawValue>, BatchFault> {
    let events =
        read(body, "an array of CloudEvents", |parser, too_many| ListSeed(too_many).deserialize(parser))?;
    if events.is_empty() {
        let detail = "the batch is empty: expected at least one CloudEvent".to_owned();
        return Err(BatchFault::Malformed { detail });
    }
    Ok(events)
}

type Parser<'j> = serde_json::Deserializer<serde_json::de::StrRead<'j>>;

fn read<'j, T>(
    body: &'j [u8],
    what: &str,
    read: impl FnOnce(&mut Parser<'j>, &mut bool) -> Result<T, serde_json::Error>,
) -> Result<T, BatchFault> {
    let text = utf8(body).map_err(|detail| BatchFault::Malformed { detail })?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let mut too_many = false;
    let value = read(&mut parser, &mut too_many).and_then(|value| parser.end().map(|()| value));
    value.map_err(|error| {
        if too_many {
            return BatchFault::TooMany { limit: BatchFormat::MAX_EVENTS };
        }
        BatchFault::Malformed { detail: format!("the body is not {what}: {error}") }
    })
}

fn wrong(code: &'static str, wrong: &str) -> Violation {
    Violation::of_member("events", code, wrong)
}

/// Looks at an object around events.
struct WrapperVisitor<'w> {
    found: &'w mut Vec<Violation>,
    too_many: &'w mut bool,
}

impl<'j> Visitor<'j> for WrapperVisitor<'_> {
    type Value = Option<Vec<&'j RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut events = None;
        while let Some(name) = map.next_key_seed(Name)? {
            if name == "events" && events.is_none() {
                events = Some(map.next_value_seed(ListSeed(self.too_many))?);
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if self.found.len() < MOST_VIOLATIONS {
                self.found.push(if name == "events" {
                    wrong("duplicate_member", "must appear only once")
                } else {
                    unknown_member(&name)
                });
            }
        }
        Ok(events)
    }
}

/// An array of events, each as raw JSON.
struct ListSeed<'w>(&'w mut bool);

impl<'j> DeserializeSeed<'j> for ListSeed<'_> {
    type Value = Vec<&'j RawValue>;
    fn deserialize<D: Deserializer<'j>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'j> Visitor<'j> for ListSeed<'_> {
    type Value = Vec<&'j RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(event) = list.next_element()? {
            if events.len() == BatchFormat::MAX_EVENTS {
                *self.0 = true;
                return Err(A::Error::custom("too many events"));
            }
            events.push(event);
        }
        Ok(events)
    }
}
