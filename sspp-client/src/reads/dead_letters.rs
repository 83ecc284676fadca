//! Dead letters: events that could not become signals, to be looked at, edited, replayed, removed.

use std::fmt::Display;

use serde::{Deserialize, Serialize};
use sspp_events::{AccountId, DeadLetterId, EventId, EventType, Metadata, Timestamp, UserId};

use super::parameters::{Parameters, setters};
use super::{EventContent, Pages};
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;
use crate::words::DeadLetterReason;

/// An event that could not become a signal, kept with the reason.
///
/// ```
/// # fn shown(letter: &sspp_client::DeadLetter) {
/// println!("{}: {} ({})", letter.id, letter.reason, letter.detail);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeadLetter {
    /// The letter's id: the event's, unless that belongs to other content.
    pub id: DeadLetterId,
    /// The event's id.
    pub event_id: EventId,
    /// Why it was given up.
    pub reason: DeadLetterReason,
    /// The reason in a sentence.
    pub detail: String,
    /// How many attempts failed.
    pub attempts: u32,
    /// When the event was received.
    pub enqueued_at: Timestamp,
    /// When it was given up.
    pub died_at: Timestamp,
    /// Whether it can be replayed as it is.
    pub replayable: bool,
    /// The event; none where the payload cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<EventContent>,
    /// The payload where it cannot be read as an event, if it is text; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// The payload where it cannot be read as an event and is no text, in base64; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload_base64: Option<String>,
}

/// Which dead letters: all of them by default. A list has the last recorded first, a replay takes the first recorded first.
///
/// A value that is not valid is refused before anything is sent, with [`Error::Request`].
///
/// ```
/// use sspp_client::{DeadLetterQuery, DeadLetterReason};
/// let query = DeadLetterQuery::default().reason(DeadLetterReason::UnknownEventType).from("2026-01-01");
/// # let _ = query;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct DeadLetterQuery(pub(super) Parameters);

impl DeadLetterQuery {
    setters! {
        /// Given up for this reason: a [`DeadLetterReason`], or its text. What is no reason of the server's is refused by it: a newer server
        /// may have more.
        reason = unchecked("reason");
        /// With an event of this type: an [`EventType`], or its text; known to the scoring model or not.
        event_type = text("eventType", EventType, "invalid_type");
        /// Given up at or after this instant: as [`SignalQuery::from`](crate::SignalQuery::from).
        from = instant("from");
        /// Given up before this instant: as [`from`](Self::from).
        to = instant("to");
        /// Letters a page, 1 to 100; 20 by default. Of a replay: how many letters a call looks at, 1 to 10,000; 1,000 by default.
        page_size = limit(10_000);
        /// From where an earlier list, or an earlier replay, stopped: its `next_cursor`.
        cursor = unchecked("cursor");
    }
}

/// Changes to a dead letter's event. Members that are not given stay, and so does the event's id.
///
/// The server checks the whole event as if it had just been sent. A value that is not valid is refused before anything is sent, with
/// [`Error::Request`].
///
/// ```
/// use sspp_client::{DeadLetterEdit, EventType};
/// let edit = DeadLetterEdit::default().event_type(EventType::CALL_MADE).metadata(r#"{"minutes": 5}"#);
/// # let _ = edit;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct DeadLetterEdit(Parameters);

impl DeadLetterEdit {
    setters! {
        /// It is about this account: an [`AccountId`], or its text.
        account = text("accountId", AccountId, "invalid_id");
        /// It is about this user: a [`UserId`], or its text.
        user = text("userId", UserId, "invalid_id");
        /// This happened: an [`EventType`], or its text; one of the server's scoring model.
        event_type = text("eventType", EventType, "invalid_type");
        /// It happened then: as [`SignalQuery::from`](crate::SignalQuery::from).
        at = instant("timestamp");
    }

    /// The producer said this besides: a JSON object as text. It replaces the metadata as a whole.
    pub fn metadata(mut self, json: impl AsRef<str>) -> Self {
        match Metadata::parse(json.as_ref()) {
            Ok(metadata) => self.0.set_unchecked("metadata", metadata.as_str()),
            Err(fault) => self.0.set_fault("metadata", fault.code, fault.to_string()),
        }
        self
    }
}

impl Client {
    /// Lists dead letters, page by page as they are needed.
    pub fn dead_letters(&self, query: &DeadLetterQuery) -> Pages<DeadLetter> {
        let mut parameters = query.0.clone();
        parameters.limit_at_most(100);
        Pages::new(self.clone(), "/dead-letters", parameters)
    }

    /// One dead letter; `None` if there is none of this id.
    pub async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, Error> {
        self.find(format!("/dead-letters/{id}")).await
    }

    /// Changes a dead letter's event, and gives the letter as it is then. It waits to be replayed. Where the payload cannot be read as an
    /// event, the edit has to be a whole one.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 404 if there is no such letter, 400 if the event would not be valid, 409 if it was changed
    /// meanwhile or cannot be edited.
    pub async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        edit: &DeadLetterEdit,
    ) -> Result<DeadLetter, Error> {
        let body = edit.0.json(&["metadata"])?;
        self.ask(Call::patch(format!("/dead-letters/{id}"), body)).await
    }

    /// Removes a dead letter for good: its event never becomes a signal.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 404 if there is no such letter.
    pub async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<(), Error> {
        let call = Call::delete(format!("/dead-letters/{id}"));
        self.with_api(|outbox| async move { outbox.api.empty(call).await }).await
    }
}
