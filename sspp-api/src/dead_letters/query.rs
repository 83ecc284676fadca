//! Filters of dead letters: in a query string, or in the body of a replay of many.

use poem_openapi::types::Type as _;
use serde::Deserialize;
use sspp_core::{
    DeadLetterCursor, DeadLetterFilter, DeadLetterQuery, DeadLetterReason, EventType, SortOrder, Timestamp,
    Violation,
};
use sspp_events::read_text;

use super::body::Reason;
use crate::http::{AFTER_TO, Given, Parameters, Problem, QueryParameters, is_reversed};

/// Letters that a replay of many looks at in one call, at most.
const REPLAY_MAX: u32 = 10_000;

/// Which dead letters a list shows.
#[derive(Debug)]
pub(super) struct LetterQuery(pub(super) DeadLetterQuery);

impl QueryParameters for LetterQuery {
    fn read(parameters: &mut Parameters<'_>) -> Self {
        let given = parameters.given("reason", "Only letters with this reason.", Reason::schema_ref);
        let reason = parameters.among("reason", given, &DeadLetterReason::ALL.map(DeadLetterReason::as_str));
        let meaning = "Only letters whose event has this type; the active model need not know it.";
        let event_type = match parameters.text("eventType", meaning) {
            Given::Absent => None,
            Given::Once(text) => EventType::new(text)
                .map_err(|fault| parameters.refuse("eventType", "invalid_type", format!("eventType {fault}")))
                .ok(),
            Given::Repeated => {
                parameters.refuse("eventType", "repeated", "eventType must be a string");
                None
            }
        };
        let (from, to) = parameters.period(
            "Only letters recorded at or after this instant.",
            "Only letters recorded before this instant.",
        );
        let limit = parameters.limit("Letters a page.");
        let after = match parameters.text("cursor", "The `nextCursor` of the page before.") {
            Given::Absent => None,
            Given::Once(text) => number(&text, SortOrder::Descending)
                .map_err(|sentence| parameters.refuse("cursor", "malformed_cursor", sentence))
                .ok(),
            Given::Repeated => {
                parameters.refuse("cursor", "repeated", "cursor must be given only once");
                None
            }
        };
        let reason = reason.and_then(|reason| reason.parse().ok());
        let filter = DeadLetterFilter { reason, event_type, from, to };
        Self(DeadLetterQuery { filter, order: SortOrder::Descending, after, limit })
    }
}

/// The number of a cursor of such a list.
fn number(text: &str, order: SortOrder) -> Result<i64, String> {
    match text.parse::<DeadLetterCursor>() {
        Ok(cursor) if cursor.order == order => Ok(cursor.number),
        Ok(_) => Err("cursor belongs to another list".to_owned()),
        Err(fault) => Err(format!("cursor {fault}")),
    }
}

/// A request to replay many.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ReplayRequest {
    pub(super) query: DeadLetterQuery,
    pub(super) dry_run: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    reason: Option<String>,
    event_type: Option<String>,
    from: Option<String>,
    to: Option<String>,
    #[serde(default)]
    dry_run: bool,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Reads the body of a replay of many.
pub(super) fn parse_replay(json: &[u8]) -> Result<ReplayRequest, Problem> {
    let malformed = |why: &dyn std::fmt::Display| {
        let detail = format!("the body is not a replay request: {why}");
        Problem::new(poem::http::StatusCode::BAD_REQUEST, "malformed-body", detail)
    };
    let text = read_text(json).map_err(|fault| malformed(&format!("it {fault}")))?;
    let wire: Wire = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    let mut found = Vec::new();
    let mut refuse = |member, code, sentence: &dyn std::fmt::Display| {
        found.push(Violation::of_member(member, code, sentence));
    };
    let reason = wire.reason.and_then(|text| {
        let names = DeadLetterReason::ALL.map(DeadLetterReason::as_str).join(", ");
        let sentence = format!("must be one of the following values: {names}");
        text.parse().map_err(|_| refuse("reason", "not_one_of", &sentence)).ok()
    });
    let event_type = wire.event_type.and_then(|text| {
        EventType::new(text).map_err(|fault| refuse("eventType", "invalid_type", &fault)).ok()
    });
    let mut instant = |member, text: Option<String>| {
        text.and_then(|text| {
            Timestamp::parse(&text).map_err(|fault| refuse(member, "malformed_timestamp", &fault)).ok()
        })
    };
    let (from, to) = (instant("from", wire.from), instant("to", wire.to));
    if is_reversed(from, to) {
        refuse("from", "after_to", &AFTER_TO);
    }
    let limit = wire.limit.unwrap_or(1_000);
    if !(1..=REPLAY_MAX).contains(&limit) {
        refuse("limit", "out_of_range", &format!("must be from 1 to {REPLAY_MAX}"));
    }
    let after = wire.cursor.and_then(|text| {
        let violation = |sentence: String| Violation {
            pointer: "/cursor".to_owned(),
            code: "malformed_cursor".into(),
            detail: sentence,
        };
        number(&text, SortOrder::Ascending).map_err(|sentence| found.push(violation(sentence))).ok()
    });
    if !found.is_empty() {
        return Err(Problem::invalid("invalid-request", found));
    }
    let filter = DeadLetterFilter { reason, event_type, from, to };
    // The first recorded first: a letter that dies again keeps its place, so no replay runs after its own letters.
    let query = DeadLetterQuery { filter, order: SortOrder::Ascending, after, limit };
    Ok(ReplayRequest { query, dry_run: wire.dry_run })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_violation_of_a_replay_is_listed() {
        let problem = parse_replay(br#"{"reason":"x","eventType":"","from":"now","limit":0,"cursor":"?"}"#);
        let text = format!("{:?}", problem.unwrap_err());
        for member in ["reason", "eventType", "from", "limit", "cursor"] {
            assert!(text.contains(&format!("/{member}")), "{member}: {text}");
        }
        let reversed = parse_replay(br#"{"from":"2026-02-01","to":"2026-01-01"}"#).unwrap_err();
        assert!(format!("{reversed:?}").contains("from must not be after to"), "{reversed:?}");
        for malformed in ["", "[]", "{\"dryrun\":true}", "{\"limit\":-1}"] {
            assert!(parse_replay(malformed.as_bytes()).is_err(), "{malformed}");
        }
        let empty = parse_replay(b"{}").unwrap();
        assert!(empty.query.filter.is_empty() && !empty.dry_run);
        // As the answer's `nextCursor` comes at the end, and as the document says of each of these.
        let nulls = br#"{"reason":null,"eventType":null,"from":null,"to":null,"limit":null,"cursor":null}"#;
        assert_eq!(parse_replay(nulls).unwrap(), empty);
    }
}
