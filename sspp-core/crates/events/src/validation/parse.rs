//! An event's JSON, parsed once: a malformed text stops at the first fault, a well-formed one is checked to its end.

use serde::de::{Deserializer, Visitor};

use super::members::MembersVisitor;
use super::violation::{Violation, Violations};
use crate::{Event, KnownTypes, Timestamp, read_text};

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

impl ParseFault {
    /// What is wrong as violations, for an answer about many events: one of the event as a whole, with an empty pointer,
    /// where its members could not be looked at.
    ///
    /// ```
    /// use sspp_core::{ParseFault, ScoringModel, Timestamp, parse_event};
    /// let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
    /// let violations = parse_event(b"[1]", &model, now).unwrap_err().into_violations().into_vec();
    /// assert_eq!((violations[0].pointer.as_str(), violations[0].code.as_ref()), ("", "malformed_json"));
    /// ```
    pub fn into_violations(self) -> Violations {
        let code = match self {
            Self::Invalid(violations) => return violations,
            Self::TooLarge { .. } => "too_large",
            Self::Malformed { .. } => "malformed_json",
        };
        let detail = self.to_string().replacen("the body", "the event", 1);
        Violations::new(vec![Violation { pointer: String::new(), code: code.into(), detail }])
    }
}

/// Reads an event from JSON and checks every member of it: by itself, against the event types `model` knows, and
/// against the clock of its receiver.
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
pub fn parse_event(json: &[u8], model: &dyn KnownTypes, now: Timestamp) -> Result<Event, ParseFault> {
    read_object(json, MembersVisitor)?.check(Some(model), Some(now)).map_err(ParseFault::Invalid)
}

/// Reads an event as [`parse_event`] does before it is sent: which event types there are is known by the receiver's
/// model alone. Without `now`, what is too far in the future is left to the receiver's clock, too.
///
/// ```
/// use sspp_core::parse_unsent_event;
/// let json = |more| format!(r#"{{"accountId":"a","userId":"u","eventType":"webinar","timestamp":"2025-12-31"{more}}}"#);
/// assert_eq!(parse_unsent_event(json("").as_bytes(), None).unwrap().event_type.as_str(), "webinar");
/// let fault = parse_unsent_event(json(r#","colour":1"#).as_bytes(), None).unwrap_err();
/// assert_eq!(fault.to_string(), "property colour should not exist");
/// ```
pub fn parse_unsent_event(json: &[u8], now: Option<Timestamp>) -> Result<Event, ParseFault> {
    read_object(json, MembersVisitor)?.check(None, now).map_err(ParseFault::Invalid)
}

/// Reads bytes that are one JSON object, no larger than an event may be.
pub(super) fn read_object<'j, V: Visitor<'j>>(json: &'j [u8], visitor: V) -> Result<V::Value, ParseFault> {
    if json.len() > Event::MAX_BYTES {
        return Err(ParseFault::TooLarge { bytes: json.len(), limit: Event::MAX_BYTES });
    }
    let text = utf8(json).map_err(|detail| ParseFault::Malformed { detail })?;
    let malformed = |error: serde_json::Error| ParseFault::Malformed {
        detail: format!("the body is not a JSON object: {error}"),
    };
    let mut parser = serde_json::Deserializer::from_str(text);
    let value = parser.deserialize_map(visitor).map_err(malformed)?;
    parser.end().map_err(malformed)?;
    Ok(value)
}

/// The text of bytes, perhaps after a byte order mark; it must be there.
pub(super) fn utf8(json: &[u8]) -> Result<&str, String> {
    let text = read_text(json).map_err(|fault| format!("the body {fault}"))?;
    if text.trim_ascii().is_empty() {
        return Err("the body is empty: expected a JSON object".to_owned());
    }
    Ok(text)
}
