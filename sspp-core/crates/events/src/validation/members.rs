//! The members of an event as raw JSON, and how each is checked.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::metadata::Name;
use super::violation::{Violation, Violations};
use crate::{
    AccountId, Event, EventType, ExternalId, IdFault, KnownTypes, Metadata, Source, Timestamp, UserId,
};

/// Violations listed at most: enough to correct an event by, too few to make an answer large.
pub(super) const MOST_VIOLATIONS: usize = 100;

/// The members of an event as raw JSON.
#[derive(Default)]
pub(super) struct Members<'j> {
    pub(super) account_id: Option<&'j RawValue>,
    pub(super) user_id: Option<&'j RawValue>,
    pub(super) event_type: Option<&'j RawValue>,
    pub(super) timestamp: Option<&'j RawValue>,
    pub(super) metadata: Option<&'j RawValue>,
    pub(super) event_id: Option<&'j RawValue>,
    pub(super) source: Option<&'j RawValue>,
    /// About members that should not be there.
    pub(super) found: Vec<Violation>,
}

pub(super) struct MembersVisitor;

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

pub(super) fn unknown_member(name: &str) -> Violation {
    let shown: String = name.chars().take(100).collect();
    let mut violation = Violation::of_member(&shown, "unknown_member", "");
    violation.detail = format!("property {shown} should not exist");
    violation
}

impl Members<'_> {
    /// Checks every member; what an absent model or clock would judge is left to the receiver.
    pub(super) fn check(
        self,
        model: Option<&dyn KnownTypes>,
        now: Option<Timestamp>,
    ) -> Result<Event, Violations> {
        let mut found = self.found;
        let account_id = required(self.account_id, "accountId", AccountId::new, &mut found);
        let user_id = required(self.user_id, "userId", UserId::new, &mut found);
        let event_type = match model {
            Some(model) => event_type(self.event_type, model, &mut found),
            None => required(self.event_type, "eventType", EventType::new, &mut found),
        };
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
pub(super) enum Text {
    /// Missing or null.
    Absent,
    /// Not a string.
    Other,
    /// A string that is no Unicode text.
    Broken,
    Given(String),
}

pub(super) fn text(raw: Option<&RawValue>) -> Text {
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

fn event_type(
    raw: Option<&RawValue>,
    model: &dyn KnownTypes,
    found: &mut Vec<Violation>,
) -> Option<EventType> {
    let text = text(raw);
    if let Text::Given(name) = &text
        && let Some(known) = model.known(name)
    {
        return Some(known.clone());
    }
    if matches!(&text, Text::Absent) || matches!(&text, Text::Given(name) if name.is_empty()) {
        found.push(Violation::of_member("eventType", "required", "should not be empty"));
    }
    let wrong = format!("must be one of the following values: {}", model.names().join(", "));
    found.push(Violation::of_member("eventType", "unknown_event_type", wrong));
    None
}

fn timestamp(
    raw: Option<&RawValue>,
    now: Option<Timestamp>,
    found: &mut Vec<Violation>,
) -> Option<Timestamp> {
    let text = match text(raw) {
        Text::Given(text) => text,
        Text::Absent => String::new(),
        Text::Other | Text::Broken => "not a string".to_owned(),
    };
    if text.is_empty() {
        found.push(Violation::of_member("timestamp", "required", "should not be empty"));
    }
    Timestamp::parse(&text)
        .and_then(|timestamp| now.map_or(Ok(timestamp), |now| timestamp.not_after(now)))
        .map_err(|fault| found.push(Violation::of_timestamp(fault)))
        .ok()
}

fn metadata(raw: Option<&RawValue>, found: &mut Vec<Violation>) -> Option<Metadata> {
    let Some(raw) = raw else { return Some(Metadata::default()) };
    Metadata::from_raw(raw).map_err(|fault| found.push(Violation::of_metadata(&fault))).ok()
}
