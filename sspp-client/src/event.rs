//! A sales event as a producer writes it down: nothing is checked before it is emitted.

use std::fmt;

use serde_json::{Map, Value};
use sspp_core::{Event, EventType, Metadata, Timestamp, Violations};

/// A sales event to be emitted or sent.
///
/// Without [`at`](Self::at) it happened when it is emitted; without [`id`](Self::id) it gets a UUID v7 then.
///
/// ```
/// use sspp_client::SalesEvent;
/// let event = SalesEvent::email_clicked("acc_1", "user_1").with("link", "pricing").with("responseTimeHours", 2);
/// let own = SalesEvent::new("webinar_attended", "acc_1", "user_1").at("2026-01-15T10:00:00Z").id("webinar-7-ada").source("crm");
/// # let _ = (event, own);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SalesEvent {
    event_type: String,
    account: String,
    user: String,
    at: Option<String>,
    source: Option<String>,
    id: Option<String>,
    metadata: Said,
}

/// What the producer says besides.
#[derive(Debug, Clone, PartialEq)]
enum Said {
    Members(Map<String, Value>),
    /// As it was checked: numbers and texts as they came.
    Verbatim(Metadata),
}

macro_rules! known_types {
    ($($(#[$doc:meta])* $name:ident = $constant:ident;)*) => {
        impl SalesEvent {
            $($(#[$doc])*
            pub fn $name(account: impl Into<String>, user: impl Into<String>) -> Self {
                Self::new(EventType::$constant.as_str(), account, user)
            })*
        }
    };
}

known_types! {
    /// An email was sent to the account.
    email_sent = EMAIL_SENT;
    /// An email was opened.
    email_opened = EMAIL_OPENED;
    /// A link in an email was clicked.
    email_clicked = EMAIL_CLICKED;
    /// A call was made to the account.
    call_made = CALL_MADE;
    /// A meeting was booked.
    meeting_booked = MEETING_BOOKED;
    /// A demo was completed.
    demo_completed = DEMO_COMPLETED;
}

impl SalesEvent {
    /// An event of any type that the server's scoring model knows, about a person (`user`) at an account.
    pub fn new(event_type: impl Into<String>, account: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            event_type: event_type.into(),
            account: account.into(),
            user: user.into(),
            at: None,
            source: None,
            id: None,
            metadata: Said::Members(Map::new()),
        }
    }

    /// Adds a member of metadata; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let mut members = match self.metadata {
            Said::Members(members) => members,
            // Metadata that was checked is an object.
            Said::Verbatim(metadata) => serde_json::from_str(metadata.as_str()).unwrap_or_default(),
        };
        members.insert(name.into(), value.into());
        self.metadata = Said::Members(members);
        self
    }

    /// When it happened: RFC 3339, a date (midnight UTC), or a [`Timestamp`] as text; from 1970 to five minutes ahead.
    #[must_use]
    pub fn at(mut self, timestamp: impl fmt::Display) -> Self {
        self.at = Some(timestamp.to_string());
        self
    }

    /// The system it comes from, for instance `crm`: scopes its ids.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Your own id for it, up to 100 characters: however often it is sent under it, it counts once.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Checks every member.
    pub(crate) fn check(self, now: Timestamp) -> Result<Event, Violations> {
        let said = self.at.as_deref();
        let mut builder = Event::builder(self.account, self.user, self.event_type, said.unwrap_or_default());
        if said.is_none() {
            builder = builder.at(now);
        }
        if let Some(source) = self.source {
            builder = builder.source(source);
        }
        if let Some(id) = self.id {
            builder = builder.event_id(id);
        }
        match self.metadata {
            Said::Members(members) if members.is_empty() => builder.build(),
            Said::Members(members) => builder.members(&members).build(),
            Said::Verbatim(metadata) => Ok(Event { metadata, ..builder.build()? }),
        }
    }
}

impl From<Event> for SalesEvent {
    fn from(event: Event) -> Self {
        Self {
            event_type: event.event_type.into(),
            account: event.account_id.into(),
            user: event.user_id.into(),
            at: Some(event.timestamp.to_string()),
            source: event.source.map(String::from),
            id: event.external_id.map(String::from),
            metadata: Said::Verbatim(event.metadata),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-01-15T10:00:00Z").unwrap()
    }

    #[test]
    fn an_event_says_what_it_was_given() {
        let event = SalesEvent::email_clicked("acc", "user").with("a", 1).with("a", 2).with("b", "x");
        let event = event.source("crm").id("7").check(now()).unwrap();
        assert_eq!(event.metadata.as_str(), r#"{"a":2,"b":"x"}"#);
        assert_eq!((event.timestamp, event.event_type), (now(), EventType::EMAIL_CLICKED));
        let violations = SalesEvent::new("", "", "u").at("later").check(now()).unwrap_err();
        assert_eq!(violations.iter().count(), 3);
    }

    #[test]
    fn a_checked_event_is_kept_byte_for_byte() {
        let event = Event::builder("a", "u", "call_made", "2026-01-01T00:00:00.000001Z")
            .metadata(r#"{"n" : 1.50}"#)
            .build()
            .unwrap();
        assert_eq!(SalesEvent::from(event.clone()).check(now()), Ok(event.clone()));
        let more = SalesEvent::from(event).with("m", true).check(now()).unwrap();
        assert_eq!(more.metadata.as_str(), r#"{"n":1.5,"m":true}"#);
    }
}
