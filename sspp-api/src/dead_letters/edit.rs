//! Editing a dead letter: some members of its event are replaced, and the whole is checked as at intake.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::{RawValue, to_raw_value};
use sspp_core::{
    ContentDigest, DeadLetter, DeadLetterReason, Envelope, Event, ParseFault, ScoringModel, Timestamp,
    Violation, parse_event,
};
use sspp_events::read_text;

use crate::http::Problem;

const MEMBERS: [&str; 5] = ["accountId", "userId", "eventType", "timestamp", "metadata"];

/// A letter's payload and content after the change.
#[derive(Debug)]
pub(super) struct Edited {
    pub(super) payload: Bytes,
    pub(super) content: ContentDigest,
}

/// Applies a change to a letter's event. Where the payload cannot be read, the change has to be a whole event.
pub(super) fn edit(
    letter: &DeadLetter,
    change: &[u8],
    model: &ScoringModel,
    now: Timestamp,
) -> Result<Edited, Problem> {
    if letter.reason == DeadLetterReason::EventIdConflict {
        let detail = format!(
            "Dead letter {} cannot be edited: its event id {} belongs to an event with other content; send the event under another id, and remove the letter",
            letter.id, letter.event_id
        );
        return Err(Problem::new(poem::http::StatusCode::CONFLICT, "event-id-conflict", detail));
    }
    let malformed = |detail: String| {
        Problem::new(
            poem::http::StatusCode::BAD_REQUEST,
            "malformed-body",
            format!("the body is not a change: {detail}"),
        )
    };
    let change = read_text(change).map_err(|fault| malformed(format!("it {fault}")))?;
    let mut parser = serde_json::Deserializer::from_str(change);
    let members = parser.deserialize_map(Pairs).and_then(|members| parser.end().map(|()| members));
    let mut members = members.map_err(|error| malformed(error.to_string()))?;
    if members.is_empty() {
        return Err(malformed(format!("it names none of {}", MEMBERS.join(", "))));
    }
    let found: Vec<Violation> =
        members.iter().filter(|(name, _)| !MEMBERS.contains(&name.as_str())).map(refused).collect();
    if !found.is_empty() {
        return Err(Problem::invalid("invalid-event", found));
    }
    let former = Envelope::decode(&letter.payload).ok().map(|envelope| envelope.event);
    if let Some(former) = &former {
        add_missing(&mut members, former).map_err(|error| Problem::internal(error.to_string()))?;
    }
    let parts: Vec<String> =
        members.iter().map(|(name, value)| format!("\"{name}\":{}", value.get())).collect();
    let whole = format!("{{{}}}", parts.join(","));
    let mut event = parse_event(whole.as_bytes(), model, now).map_err(|fault| match fault {
        ParseFault::Invalid(violations) => Problem::invalid("invalid-event", violations.into_vec()),
        ParseFault::TooLarge { limit, .. } => {
            Problem::too_large(format!("The edited event is larger than {limit} bytes"))
        }
        fault => malformed(fault.to_string()),
    })?;
    if let Some(former) = former {
        (event.source, event.external_id) = (former.source, former.external_id);
    }
    let content = ContentDigest::of(&event);
    let payload = Envelope { event_id: letter.event_id, event }.encode();
    Ok(Edited { payload, content })
}

fn refused((name, _): &(String, Box<RawValue>)) -> Violation {
    let shown: String = name.chars().take(100).collect();
    if matches!(shown.as_str(), "eventId" | "source") {
        return Violation::of_member(
            &shown,
            "not_to_be_changed",
            "cannot be changed: the event keeps its id",
        );
    }
    let mut violation = Violation::of_member(&shown, "unknown_member", "");
    violation.detail =
        format!("property {shown} should not exist; what can be changed is {}", MEMBERS.join(", "));
    violation
}

fn add_missing(members: &mut Vec<(String, Box<RawValue>)>, event: &Event) -> serde_json::Result<()> {
    let former = [
        to_raw_value(event.account_id.as_str())?,
        to_raw_value(event.user_id.as_str())?,
        to_raw_value(event.event_type.as_str())?,
        to_raw_value(&event.timestamp)?,
        event.metadata.as_raw().to_owned(),
    ];
    for (name, value) in MEMBERS.into_iter().zip(former) {
        if !members.iter().any(|(given, _)| given == name) {
            members.push((name.to_owned(), value));
        }
    }
    Ok(())
}

/// The members of an object in their order, repeated ones too.
struct Pairs;

impl<'j> Visitor<'j> for Pairs {
    type Value = Vec<(String, Box<RawValue>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
            // An event has no more, so the rest would only be listed.
            if pairs.len() > 100 {
                return Err(serde::de::Error::custom("it has more than 100 members"));
            }
        }
        Ok(pairs)
    }
}
