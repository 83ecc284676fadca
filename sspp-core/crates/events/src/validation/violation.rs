//! What is wrong with an event, member by member.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{IdFault, MetadataFault, TimestampFault};

/// One thing that is wrong: where, a stable code, and a sentence.
///
/// ```
/// use sspp_core::Event;
/// let violations = Event::builder("", "u", "call_made", "2024-12-21").build().unwrap_err();
/// let first = violations.iter().next().unwrap();
/// assert_eq!((first.pointer.as_str(), first.code.as_ref()), ("/accountId", "empty"));
/// assert_eq!(first.to_string(), "accountId should not be empty");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// JSON pointer (RFC 6901) of the member in the event, or the name of the query parameter.
    pub pointer: String,
    /// What kind of thing is wrong; stable, for programs.
    pub code: std::borrow::Cow<'static, str>,
    /// What is wrong, for people; names the member.
    pub detail: String,
}

impl Violation {
    /// A violation of a top-level member; the sentence is the member's name and what is wrong with it.
    pub fn of_member(member: &str, code: &'static str, wrong: impl fmt::Display) -> Self {
        Self {
            pointer: format!("/{}", escape(member)),
            code: code.into(),
            detail: format!("{member} {wrong}"),
        }
    }

    pub(crate) fn of_id(member: &str, fault: IdFault) -> Self {
        let code = match fault {
            IdFault::Empty => "empty",
            IdFault::TooLong { .. } => "too_long",
            IdFault::ControlCharacter => "control_character",
        };
        Self::of_member(member, code, fault)
    }

    pub(crate) fn of_timestamp(fault: TimestampFault) -> Self {
        let code = match fault {
            TimestampFault::Malformed => "malformed_timestamp",
            TimestampFault::TooEarly => "too_early",
            TimestampFault::TooLate => "too_late",
        };
        Self::of_member("timestamp", code, fault)
    }

    pub(crate) fn of_metadata(fault: &MetadataFault) -> Self {
        let detail = format!("metadata{} {}", fault.pointer, fault.detail);
        Self { pointer: format!("/metadata{}", fault.pointer), code: fault.code.into(), detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

/// A reference token of a JSON pointer (RFC 6901, section 3).
pub(crate) fn escape(member: &str) -> String {
    member.replace('~', "~0").replace('/', "~1")
}

/// Everything that is wrong with an event, in the order of its members; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Violations(Vec<Violation>);

impl Violations {
    pub(crate) fn new(found: Vec<Violation>) -> Self {
        debug_assert!(!found.is_empty(), "an event without violations is valid");
        Self(found)
    }

    /// Wraps what was found; `None` when nothing was.
    ///
    /// ```
    /// assert_eq!(sspp_core::Violations::from_vec(Vec::new()), None);
    /// ```
    pub fn from_vec(found: Vec<Violation>) -> Option<Self> {
        (!found.is_empty()).then_some(Self(found))
    }

    /// The violations.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// The violations, owned.
    pub fn into_vec(self) -> Vec<Violation> {
        self.0
    }
}

impl From<Violation> for Violations {
    fn from(violation: Violation) -> Self {
        Self(vec![violation])
    }
}

impl<'a> IntoIterator for &'a Violations {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, violation) in self.0.iter().enumerate() {
            write!(f, "{}{violation}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
