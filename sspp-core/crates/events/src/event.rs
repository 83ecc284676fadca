//! A sales activity event, before and after it was accepted.

use serde_json::{Map, Value};

use crate::validation::{Violation, Violations};
use crate::{
    AccountId, EventId, EventType, ExternalId, Metadata, MetadataFault, Source, Timestamp, TimestampFault,
    UserId,
};

/// Something that happened at an account: an email was opened, a meeting was booked.
///
/// ```
/// use sspp_core::Event;
/// let event = Event::builder("acc_1", "user_1", "email_clicked", "2024-12-21T10:00:00Z")
///     .metadata(r#"{"link": "pricing"}"#)
///     .build()
///     .unwrap();
/// assert_eq!(event.event_type.as_str(), "email_clicked");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The account it is about.
    pub account_id: AccountId,
    /// The person it is about.
    pub user_id: UserId,
    /// What happened.
    pub event_type: EventType,
    /// When it happened, by the producer's clock.
    pub timestamp: Timestamp,
    /// Anything else the producer has to say.
    pub metadata: Metadata,
    /// The system it comes from.
    pub source: Option<Source>,
    /// The producer's own id for it.
    pub external_id: Option<ExternalId>,
}

impl Event {
    /// The most bytes an event's JSON may have: 256 KiB.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// Starts an event from its four required members; faults are reported by [`EventBuilder::build`].
    pub fn builder(
        account_id: impl Into<String>,
        user_id: impl Into<String>,
        event_type: impl Into<String>,
        timestamp: impl AsRef<str>,
    ) -> EventBuilder {
        EventBuilder {
            account_id: account_id.into(),
            user_id: user_id.into(),
            event_type: event_type.into(),
            timestamp: Timestamp::parse(timestamp.as_ref()),
            metadata: None,
            source: None,
            event_id: None,
        }
    }
}

/// Collects the members of an [`Event`] and checks them all at once.
///
/// ```
/// use sspp_core::Event;
/// let violations = Event::builder("", "user_1", "email_clicked", "yesterday").build().unwrap_err();
/// let sentences: Vec<_> = violations.iter().map(|violation| violation.detail.as_str()).collect();
/// assert_eq!(
///     sentences,
///     ["accountId should not be empty", "timestamp must be a valid ISO 8601 date string"]
/// );
/// ```
#[derive(Debug, Clone)]
pub struct EventBuilder {
    account_id: String,
    user_id: String,
    event_type: String,
    timestamp: Result<Timestamp, TimestampFault>,
    metadata: Option<Result<Metadata, MetadataFault>>,
    source: Option<String>,
    event_id: Option<String>,
}

impl EventBuilder {
    /// Says when it happened by what converts into a [`Timestamp`], in place of the text that it was begun with.
    ///
    /// ```
    /// use sspp_core::Event;
    /// let event = Event::builder("acc_1", "user_1", "call_made", "").at(std::time::SystemTime::UNIX_EPOCH).build().unwrap();
    /// assert_eq!(event.timestamp.to_string(), "1970-01-01T00:00:00.000Z");
    /// ```
    #[must_use]
    pub fn at<T>(mut self, instant: T) -> Self
    where
        T: TryInto<Timestamp>,
        T::Error: Into<TimestampFault>,
    {
        self.timestamp = instant.try_into().map_err(Into::into);
        self
    }

    /// Adds metadata: the text of a JSON object.
    #[must_use]
    pub fn metadata(mut self, json: impl AsRef<str>) -> Self {
        self.metadata = Some(Metadata::parse(json.as_ref()));
        self
    }

    /// Adds metadata by its members.
    #[must_use]
    pub fn members(mut self, members: &Map<String, Value>) -> Self {
        self.metadata = Some(Metadata::from_members(members));
        self
    }

    /// Adds metadata that was checked; a fault is reported beside the other violations.
    #[must_use]
    pub fn checked_metadata(mut self, checked: Result<Metadata, MetadataFault>) -> Self {
        self.metadata = Some(checked);
        self
    }

    /// Names the system the event comes from.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Gives the producer's id for the event, so that a retry counts once.
    #[must_use]
    pub fn event_id(mut self, id: impl Into<String>) -> Self {
        self.event_id = Some(id.into());
        self
    }

    /// Checks every member and collects all violations.
    pub fn build(self) -> Result<Event, Violations> {
        let mut found = Vec::new();
        let account_id = keep(AccountId::new(self.account_id), "accountId", &mut found);
        let user_id = keep(UserId::new(self.user_id), "userId", &mut found);
        let event_type = keep(EventType::new(self.event_type), "eventType", &mut found);
        let timestamp = self.timestamp.map_err(|fault| found.push(Violation::of_timestamp(fault))).ok();
        let metadata = self.metadata.map_or_else(
            || Some(Metadata::default()),
            |checked| checked.map_err(|fault| found.push(Violation::of_metadata(&fault))).ok(),
        );
        let source = self.source.map(|text| keep(Source::new(text), "source", &mut found));
        let external_id = self.event_id.map(|text| keep(ExternalId::new(text), "eventId", &mut found));
        match (account_id, user_id, event_type, timestamp, metadata) {
            (Some(account_id), Some(user_id), Some(event_type), Some(timestamp), Some(metadata))
                if found.is_empty() =>
            {
                Ok(Event {
                    account_id,
                    user_id,
                    event_type,
                    timestamp,
                    metadata,
                    source: source.flatten(),
                    external_id: external_id.flatten(),
                })
            }
            _ => Err(Violations::new(found)),
        }
    }
}

fn keep<T>(result: Result<T, crate::IdFault>, member: &'static str, found: &mut Vec<Violation>) -> Option<T> {
    result.map_err(|fault| found.push(Violation::of_id(member, fault))).ok()
}

/// An event that SSPP took responsibility for: it has its id and the instant it was received.
///
/// ```
/// use sspp_core::{Clock, Envelope, Event, SystemClock, SystemRandom, Timestamp};
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let envelope = Envelope::new(event, SystemClock.now(), &SystemRandom::new());
/// let accepted = envelope.received(Timestamp::parse("2024-12-22").unwrap());
/// assert_eq!(accepted.effective_time(), accepted.event.timestamp);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedEvent {
    /// What the event is known by.
    pub event_id: EventId,
    /// When it was received, by the queue's clock.
    pub received_at: Timestamp,
    /// The event itself.
    pub event: Event,
}

impl AcceptedEvent {
    /// The instant from which the event counts and fades: its own time, but never after it was received.
    pub fn effective_time(&self) -> Timestamp {
        self.event.timestamp.min(self.received_at)
    }
}
