//! A sales event as a producer writes it down: nothing is checked before it is emitted.

use serde::Serialize;
use serde_json::Value;
use sspp_events::{
    AccountId, Event, EventId, EventType, ExternalId, Metadata, MetadataFault, Source, Timestamp,
    TimestampFault, Violation, Violations,
};

use super::draft::Draft;

/// A sales event to be emitted or sent.
///
/// Without [`at`](Self::at) it happened when it is emitted; without [`id`](Self::id) it gets a UUID v7 then. With an id of its own it
/// needs a time too: sent again, it must be the same event.
///
/// ```
/// use sspp_client::SalesEvent;
/// let event = SalesEvent::email_clicked("acc_1", "user_1").with("link", "pricing").with("responseTimeHours", 2);
/// let own = SalesEvent::new("webinar_attended", "acc_1", "user_1").at("2026-01-15T10:00:00Z").id("webinar-7-ada").source("crm");
/// assert_eq!((own.get_source(), own.get_id()), (Some("crm"), Some("webinar-7-ada")));
/// # let _ = event;
/// ```
///
/// What it says can be read back, by `get_` and the name of the method that says it: for [`before_send`], and for a
/// [`SignalEmitter`] of your own, which gets a checked [`Event`] out of it by [`into_event`](Self::into_event).
///
/// [`before_send`]: crate::ClientBuilder::before_send
/// [`SignalEmitter`]: crate::SignalEmitter
#[derive(Debug, Clone, PartialEq)]
pub struct SalesEvent {
    event_type: String,
    account: String,
    user: String,
    at: Option<Result<Timestamp, TimestampFault>>,
    source: Option<String>,
    id: Option<String>,
    metadata: Draft,
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
            metadata: Draft::default(),
        }
    }

    /// Adds a member of metadata; one of the same name is replaced. `NaN` and the infinities become
    /// `null`: JSON has no such numbers.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.set(name.into(), value.into());
        self
    }

    /// Sets the whole metadata by a value that serde writes as a JSON object, in place of what was set before;
    /// [`with`](Self::with) adds to it. Numbers are sent in all the digits that serde writes.
    ///
    /// A value that is no object, or cannot be written, is reported beside the event's other faults when the event is
    /// emitted.
    ///
    /// ```
    /// use sspp_client::{Client, SalesEvent};
    ///
    /// #[derive(serde::Serialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Call {
    ///     minutes: u32,
    ///     with_manager: bool,
    /// }
    ///
    /// let event = SalesEvent::call_made("acc_1", "user_1").metadata(&Call { minutes: 12, with_manager: true }).with("line", 3);
    /// assert_eq!(event.get_metadata().unwrap().as_str(), r#"{"minutes":12,"withManager":true,"line":3}"#);
    ///
    /// let client = Client::builder("http://127.0.0.1:9").build()?;
    /// let error = client.emit(SalesEvent::call_made("acc_1", "user_1").metadata(&[12])).unwrap_err();
    /// assert_eq!(error.to_string(), "the event is not valid: metadata must be an object");
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    #[must_use]
    pub fn metadata(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        self.metadata = Draft::whole(Metadata::from_serialize(&value));
        self
    }

    /// Takes a member of metadata out, for instance in [`before_send`](crate::ClientBuilder::before_send).
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.metadata.remove(name);
        self
    }

    /// When it happened: a [`Timestamp`], a [`SystemTime`](std::time::SystemTime), a `chrono::DateTime`, with the features
    /// `jiff` and `time` the types of those libraries, or a text: RFC 3339, or a date (midnight UTC).
    ///
    /// A text that is none of them, and an instant outside of 1970 to 9999, are reported beside the event's other faults when
    /// the event is emitted. The server refuses what is more than five minutes ahead of its clock.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use sspp_client::SalesEvent;
    /// let event = SalesEvent::call_made("acc_1", "user_1");
    /// for event in [event.clone().at(SystemTime::now()), event.clone().at(chrono::Utc::now()), event.at("2026-01-15T10:00:00+01:00")] {
    ///     assert!(event.get_at().unwrap().is_ok());
    /// }
    /// ```
    #[must_use]
    pub fn at<T>(mut self, instant: T) -> Self
    where
        T: TryInto<Timestamp>,
        T::Error: Into<TimestampFault>,
    {
        self.at = Some(instant.try_into().map_err(Into::into));
        self
    }

    /// The system it comes from, for instance `crm`: scopes its own ids.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Your own id for it, up to 100 characters: however often it is sent under it, it counts once. It needs [`at`](Self::at) beside
    /// it: with another time it would be another event, which the server does not take under the same id.
    ///
    /// An account and a [`source`](Self::source) have ids of their own: the same id with another source is another event. A UUID is one
    /// everywhere.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets another type, for instance in [`before_send`](crate::ClientBuilder::before_send).
    ///
    /// ```
    /// use sspp_client::SalesEvent;
    /// let event = SalesEvent::call_made("ACC_1", "ada@example.com").account("acc_1").user("ada").event_type("demo_completed");
    /// assert_eq!((event.get_account(), event.get_user(), event.get_event_type()), ("acc_1", "ada", "demo_completed"));
    /// ```
    #[must_use]
    pub fn event_type(mut self, event_type: impl Into<String>) -> Self {
        self.event_type = event_type.into();
        self
    }

    /// Sets another account.
    #[must_use]
    pub fn account(mut self, account: impl Into<String>) -> Self {
        self.account = account.into();
        self
    }

    /// Sets another user.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    /// Its type, for instance `email_clicked`.
    pub fn get_event_type(&self) -> &str {
        &self.event_type
    }

    /// The account it is about.
    pub fn get_account(&self) -> &str {
        &self.account
    }

    /// The person it is about.
    pub fn get_user(&self) -> &str {
        &self.user
    }

    /// When it happened, if that is set; a fault where it is no timestamp.
    pub fn get_at(&self) -> Option<Result<Timestamp, TimestampFault>> {
        self.at
    }

    /// The system it comes from, if that is set.
    pub fn get_source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Your own id for it, if it has one.
    pub fn get_id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// A member of its metadata.
    pub fn get(&self, name: &str) -> Option<Value> {
        self.metadata.get(name)
    }

    /// All of its metadata, checked: `{}` if there is none.
    pub fn get_metadata(&self) -> Result<Metadata, MetadataFault> {
        self.metadata.clone().check().unwrap_or_else(|| Ok(Metadata::default()))
    }

    /// Checks every member, and gives the event as the server takes it; `now` is when it happened, if that was not said and the event has
    /// no id of its own.
    ///
    /// # Errors
    /// Every fault of the event.
    ///
    /// ```
    /// use sspp_client::{Clock as _, SalesEvent, SystemClock, Timestamp};
    /// let now = Timestamp::from_datetime(SystemClock.now());
    /// let event = SalesEvent::call_made("acc_1", "user_1").into_event(now).unwrap();
    /// assert_eq!((event.account_id.as_str(), event.timestamp), ("acc_1", now));
    /// assert_eq!(SalesEvent::call_made("", "").into_event(now).unwrap_err().iter().count(), 2);
    /// ```
    pub fn into_event(self, now: Timestamp) -> Result<Event, Violations> {
        let undated = self.id.is_some() && self.at.is_none();
        let mut builder =
            Event::builder(self.account, self.user, self.event_type, "").at(self.at.unwrap_or(Ok(now)));
        if let Some(source) = self.source {
            builder = builder.source(source);
        }
        if let Some(id) = self.id {
            builder = builder.event_id(id);
        }
        if let Some(metadata) = self.metadata.check() {
            builder = builder.checked_metadata(metadata);
        }
        let built = builder.build();
        if !undated {
            return built;
        }
        let mut wrong = built.as_ref().err().cloned().map(Violations::into_vec).unwrap_or_default();
        wrong.push(Violation {
            pointer: "/timestamp".to_owned(),
            code: "required".into(),
            detail: "an event with its own id needs a time, otherwise sending it again makes a different event: call at()"
                .to_owned(),
        });
        Violations::from_vec(wrong).map_or(built, Err)
    }

    /// The id it is known by, if it has one of its own; `source` is that of events that name none.
    pub(crate) fn own_id(&self, source: Option<&str>) -> Option<EventId> {
        let source = self.source.as_deref().or(source).map(Source::new).transpose().ok()?;
        let account = AccountId::new(self.account.as_str()).ok()?;
        Some(EventId::of_external(&ExternalId::new(self.id.as_deref()?).ok()?, source.as_ref(), &account))
    }

    /// An event that was checked, under the id that it is known by.
    pub(crate) fn known_by(event: Event, id: EventId) -> Self {
        let event = Self::from(event);
        if event.id.is_some() { event } else { event.id(id.to_string()) }
    }

    /// Sets the system it comes from if the event has none.
    pub(crate) fn default_source(&mut self, source: &str) {
        self.source.get_or_insert_with(|| source.to_owned());
    }
}

/// As [`Verdict::NotSent`](crate::Verdict::NotSent) gives it back.
impl From<Box<Self>> for SalesEvent {
    fn from(event: Box<Self>) -> Self {
        *event
    }
}

impl From<Event> for SalesEvent {
    fn from(event: Event) -> Self {
        Self {
            event_type: event.event_type.into(),
            account: event.account_id.into(),
            user: event.user_id.into(),
            at: Some(Ok(event.timestamp)),
            source: event.source.map(String::from),
            id: event.external_id.map(String::from),
            metadata: Draft::whole(Ok(event.metadata)),
        }
    }
}

#[cfg(test)]
#[path = "sales_event_tests.rs"]
mod tests;
