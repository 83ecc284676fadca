//! Where a `CloudEvent` has what an event has, by the form in which it came: for what is said of its faults.

use super::violation::{Violation, escape};

/// How a `CloudEvent` came.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Structured,
    /// Structured, with the data in base64.
    Encoded,
    Binary,
}

impl Form {
    /// A violation of an attribute.
    pub(super) fn wrong(self, attribute: &str, code: &'static str, wrong: &str) -> Violation {
        let (pointer, label) = self.attribute(attribute);
        Violation { pointer, code: code.into(), detail: format!("{label} {wrong}") }
    }

    /// A violation of a member of the data.
    pub(super) fn wrong_data(self, member: &str, code: &'static str, wrong: &str) -> Violation {
        let (pointer, label) = self.data(&escape(member), member);
        Violation { pointer, code: code.into(), detail: format!("{label} {wrong}") }
    }

    fn attribute(self, name: &str) -> (String, String) {
        match self {
            Self::Structured | Self::Encoded => (format!("/{name}"), name.to_owned()),
            Self::Binary => (format!("ce-{name}"), format!("ce-{name}")),
        }
    }

    fn data(self, pointer: &str, label: &str) -> (String, String) {
        match self {
            Self::Structured => (format!("/data/{pointer}"), format!("data.{label}")),
            // No pointer leads into base64.
            Self::Encoded => ("/data_base64".to_owned(), format!("{label} in data_base64")),
            Self::Binary => (format!("/{pointer}"), label.to_owned()),
        }
    }

    /// A violation with the place where a `CloudEvent` has the member; and whether that is in the data.
    pub(super) fn place(self, violation: Violation, by_subject: bool) -> (Violation, bool) {
        let Violation { pointer, code, detail } = violation;
        let rest = pointer.strip_prefix('/').unwrap_or(&pointer);
        let member = rest.split('/').next().unwrap_or_default();
        let said = detail.strip_prefix(member).unwrap_or(&detail);
        let attribute = match member {
            "eventId" => "id",
            "source" => "source",
            "eventType" => "type",
            "timestamp" => "time",
            "accountId" if by_subject => "subject",
            _ => {
                let (pointer, label) = self.data(rest, member);
                let hint = if member == "accountId" && code == "required" {
                    "; it may also be the subject"
                } else {
                    ""
                };
                return (Violation { pointer, code, detail: format!("{label}{said}{hint}") }, true);
            }
        };
        let (pointer, label) = self.attribute(attribute);
        let hint =
            if code == "unknown_event_type" { "; a prefix may come before it, up to a dot" } else { "" };
        (Violation { pointer, code, detail: format!("{label}{said}{hint}") }, false)
    }
}
