//! An event's JSON, parsed once: a malformed text stops at the first fault, a well-formed one is checked to its end.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::metadata::{Name, check_metadata};
use super::violation::{Violation, Violations};
use crate::{
    AccountId, Event, EventType, ExternalId, IdFault, Metadata, ScoringModel, Source, Timestamp, UserId,
};

/// Why bytes are not an event.
///
/// ```
/// use sspp_core::{ParseFault, ScoringModel, Timestamp, parse_event};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let fault = parse_event(b"{\"accountId\":", &model, now).unwrap_err();
/// assert!(matches!(fault, ParseFault::Malformed { .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseFault {
    /// There are more bytes than an event may have.
    #[error("the event has {bytes} bytes, more than the {limit} allowed")]
    TooLarge {
        /// How many there are.
        bytes: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// The bytes are not one JSON object.
    #[error("{detail}")]
    Malformed {
        /// What is wrong and where.
        detail: String,
    },
    /// It is an object, but not an event that can be stored.
    #[error(transparent)]
    Invalid(Violations),
}

/// Violations listed at most: enough to mend an event by, too few to make an answer large.
const MOST_VIOLATIONS: usize = 100;

impl Event {
    /// The most bytes an event's JSON may have: 256 KiB.
    pub const MAX_BYTES: usize = 256 * 1024;
}

/// Reads an event from JSON and checks every member of it: by itself, against the event types `model` knows, and
/// against the clock of whoever receives it.
///
/// Members: `accountId`, `userId`, `eventType`, `timestamp`; optional `metadata` (an object), `eventId` and `source`.
/// Unknown and repeated members are violations. Sentences and their order are those of the predecessor.
///
/// ```
/// use sspp_core::{ScoringModel, Timestamp, parse_event};
/// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
/// let json = br#"{"accountId":"acc_1","userId":"u","eventType":"call_made","timestamp":"2025-12-31"}"#;
/// assert_eq!(parse_event(json, &model, now).unwrap().account_id.as_str(), "acc_1");
/// ```
pub fn parse_event(json: &[u8], model: &ScoringModel, now: Timestamp) -> Result<Event, ParseFault> {
    if json.len() > Event::MAX_BYTES {
        return Err(ParseFault::TooLarge { bytes: json.len(), limit: Event::MAX_BYTES });
    }
    let text = std::str::from_utf8(json).map_err(|error| ParseFault::Malformed {
        detail: format!("the body is not UTF-8: byte {} begins no character", error.valid_up_to()),
    })?;
    if text.trim_ascii().is_empty() {
        let detail = "the body is empty: expected a JSON object".to_owned();
        return Err(ParseFault::Malformed { detail });
    }
    let malformed = |error: serde_json::Error| ParseFault::Malformed {
        detail: format!("the body is not an event: {error}"),
    };
    let mut parser = serde_json::Deserializer::from_str(text);
    let members = parser.deserialize_map(MembersVisitor).map_err(malformed)?;
    parser.end().map_err(malformed)?;
    members.check(model, now).map_err(ParseFault::Invalid)
}

/// The members of an event as raw JSON.
#[derive(Default)]
struct Members<'j> {
    account_id: Option<&'j RawValue>,
    user_id: Option<&'j RawValue>,
    event_type: Option<&'j RawValue>,
    timestamp: Option<&'j RawValue>,
    metadata: Option<&'j RawValue>,
    event_id: Option<&'j RawValue>,
    source: Option<&'j RawValue>,
    /// About members that should not be there.
    found: Vec<Violation>,
}

struct MembersVisitor;

impl<'j> Visitor<'j> for MembersVisitor {
    type Value = Members<'j>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Members<'j>, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key_seed(Name)? {
            let slot = match name.as_ref() {
                "accountId" => &mut members.account_id,
                "userId" => &mut members.user_id,
                "eventType" => &mut members.event_type,
                "timestamp" => &mut members.timestamp,
                "metadata" => &mut members.metadata,
                "eventId" => &mut members.event_id,
                "source" => &mut members.source,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    if members.found.len() < MOST_VIOLATIONS {
                        members.found.push(unknown_member(&name));
                    }
                    continue;
                }
            };
            if slot.replace(map.next_value()?).is_some() && members.found.len() < MOST_VIOLATIONS {
                let violation = Violation::of_member(&name, "duplicate_member", "must appear only once");
                members.found.push(violation);
            }
        }
        Ok(members)
    }
}

fn unknown_member(name: &str) -> Violation {
    let shown: String = name.chars().take(100).collect();
    let mut violation = Violation::of_member(&shown, "unknown_member", "");
    violation.detail = format!("property {shown} should not exist");
    violation
}

impl Members<'_> {
    fn check(self, model: &ScoringModel, now: Timestamp) -> Result<Event, Violations> {
        let mut found = self.found;
        let account_id = required(self.account_id, "accountId", AccountId::new, &mut found);
        let user_id = required(self.user_id, "userId", UserId::new, &mut found);
        let event_type = event_type(self.event_type, model, &mut found);
        let timestamp = timestamp(self.timestamp, now, &mut found);
        let metadata = metadata(self.metadata, &mut found);
        let external_id = optional(self.event_id, "eventId", ExternalId::new, &mut found);
        let source = optional(self.source, "source", Source::new, &mut found);
        match (account_id, user_id, event_type, timestamp, metadata) {
            (Some(account_id), Some(user_id), Some(event_type), Some(timestamp), Some(metadata))
                if found.is_empty() =>
            {
                Ok(Event { account_id, user_id, event_type, timestamp, metadata, source, external_id })
            }
            _ => Err(Violations::new(found)),
        }
    }
}

/// A member's text.
enum Text {
    /// Missing or null.
    Absent,
    /// Not a string.
    Other,
    /// A string that is no Unicode text.
    Broken,
    Given(String),
}

fn text(raw: Option<&RawValue>) -> Text {
    match raw.map(RawValue::get) {
        None | Some("null") => Text::Absent,
        Some(json) if json.starts_with('"') => serde_json::from_str(json).map_or(Text::Broken, Text::Given),
        Some(_) => Text::Other,
    }
}

fn required<T>(
    raw: Option<&RawValue>,
    member: &'static str,
    make: impl Fn(String) -> Result<T, IdFault>,
    found: &mut Vec<Violation>,
) -> Option<T> {
    if matches!(text(raw), Text::Absent) {
        found.push(Violation::of_member(member, "required", "should not be empty"));
        found.push(Violation::of_member(member, "not_a_string", "must be a string"));
        return None;
    }
    optional(raw, member, make, found)
}

fn optional<T>(
    raw: Option<&RawValue>,
    member: &'static str,
    make: impl Fn(String) -> Result<T, IdFault>,
    found: &mut Vec<Violation>,
) -> Option<T> {
    let violation = match text(raw) {
        Text::Absent => return None,
        Text::Other => Violation::of_member(member, "not_a_string", "must be a string"),
        Text::Broken => Violation::of_member(member, "lone_surrogate", "must not hold lone surrogates"),
        Text::Given(text) => match make(text) {
            Ok(id) => return Some(id),
            Err(fault) => Violation::of_id(member, fault),
        },
    };
    found.push(violation);
    None
}

fn event_type(raw: Option<&RawValue>, model: &ScoringModel, found: &mut Vec<Violation>) -> Option<EventType> {
    let text = text(raw);
    if let Text::Given(name) = &text
        && let Some(rule) = model.rule(name)
    {
        return Some(rule.event_type.clone());
    }
    if matches!(&text, Text::Absent) || matches!(&text, Text::Given(name) if name.is_empty()) {
        found.push(Violation::of_member("eventType", "required", "should not be empty"));
    }
    let known: Vec<&str> = model.event_rules().iter().map(|rule| rule.event_type.as_str()).collect();
    let wrong = format!("must be one of the following values: {}", known.join(", "));
    found.push(Violation::of_member("eventType", "unknown_event_type", wrong));
    None
}

fn timestamp(raw: Option<&RawValue>, now: Timestamp, found: &mut Vec<Violation>) -> Option<Timestamp> {
    let text = match text(raw) {
        Text::Given(text) => text,
        Text::Absent => String::new(),
        Text::Other | Text::Broken => "not a string".to_owned(),
    };
    if text.is_empty() {
        found.push(Violation::of_member("timestamp", "required", "should not be empty"));
    }
    Timestamp::parse(&text)
        .and_then(|timestamp| timestamp.not_after(now))
        .map_err(|fault| found.push(Violation::of_timestamp(fault)))
        .ok()
}

fn metadata(raw: Option<&RawValue>, found: &mut Vec<Violation>) -> Option<Metadata> {
    let Some(raw) = raw else { return Some(Metadata::default()) };
    check_metadata(raw)
        .map(|()| Metadata::checked(raw.to_owned()))
        .map_err(|fault| found.push(Violation::of_metadata(&fault)))
        .ok()
}
