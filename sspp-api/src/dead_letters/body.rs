//! Dead letters on the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use poem_openapi::registry::MetaSchema;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{DeadLetter, DeadLetterReason, Envelope};

use crate::events::StatedEvent;
use crate::http::JsonSchema;
use crate::http::schema::{Instant, RawJson, documented};

/// Why an event could not become a signal.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(crate) struct Reason(pub(crate) DeadLetterReason);

documented!(component Reason, "DeadLetterReason", MetaSchema {
    description: Some("Why an event could not become a signal."),
    enum_items: DeadLetterReason::ALL.iter().map(|reason| reason.as_str().into()).collect(),
    ..MetaSchema::new("string")
});

/// An event that could not become a signal, kept with the reason.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "DeadLetter", rename_all = "camelCase")]
pub(crate) struct DeadLetterBody {
    /// The letter's id: the event's id, unless that belongs to other content.
    id: String,
    /// The event's id.
    event_id: String,
    /// Why it could not become a signal.
    reason: Reason,
    /// The reason in a sentence.
    detail: String,
    /// How many attempts failed.
    attempts: u32,
    /// When the event was received, by the clock of the queue, or of the database where there is none.
    enqueued_at: Instant,
    /// When it became a dead letter.
    died_at: Instant,
    /// Whether it can be replayed as it is.
    replayable: bool,
    /// The event; absent where the payload cannot be read.
    event: Option<LetterEvent>,
    /// The payload where it cannot be read as an event, if it is text. Not in lists.
    payload: Option<String>,
    /// The payload where it cannot be read as an event and is no text, in base64. Not in lists.
    payload_base64: Option<String>,
}

/// The event of a dead letter.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "DeadLetterEvent", rename_all = "camelCase")]
struct LetterEvent {
    #[serde(flatten)]
    #[oai(flatten)]
    event: StatedEvent,
    /// When it was received.
    received_at: Instant,
}

impl DeadLetterBody {
    /// With the payload where it cannot be read.
    pub(crate) fn whole(letter: DeadLetter) -> Self {
        let payload = letter.payload.clone();
        let mut body = Self::from(letter);
        if body.event.is_none() {
            match std::str::from_utf8(&payload) {
                Ok(text) => body.payload = Some(text.to_owned()),
                Err(_) => body.payload_base64 = Some(STANDARD.encode(&payload)),
            }
        }
        body
    }
}

impl From<DeadLetter> for DeadLetterBody {
    fn from(letter: DeadLetter) -> Self {
        let envelope = Envelope::decode(&letter.payload).ok();
        let own = envelope.as_ref().is_some_and(|envelope| envelope.event_id == letter.event_id);
        let received_at = Instant(letter.enqueued_at);
        let event = envelope.map(|envelope| LetterEvent { event: envelope.event.into(), received_at });
        Self {
            id: letter.id.to_string(),
            event_id: letter.event_id.to_string(),
            replayable: own && letter.reason != DeadLetterReason::EventIdConflict,
            reason: Reason(letter.reason),
            detail: letter.detail,
            attempts: letter.attempts,
            enqueued_at: Instant(letter.enqueued_at),
            died_at: Instant(letter.died_at),
            event,
            payload: None,
            payload_base64: None,
        }
    }
}

/// Where in the list of dead letters this page is.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub(crate) struct LetterPagination {
    /// Letters a page.
    pub(crate) limit: u32,
    /// How many letters the filter has.
    pub(crate) total: u64,
    /// The `cursor` of the next page; null on the last.
    #[oai(nullable)]
    pub(crate) next_cursor: Option<String>,
    /// False when there are more than `total` and they were not counted.
    pub(crate) total_is_exact: bool,
}

/// A page of dead letters, the last recorded first.
#[derive(Debug, Serialize, Object)]
pub(crate) struct DeadLetterPage {
    /// The letters.
    pub(crate) data: Vec<DeadLetterBody>,
    /// Where this page is.
    pub(crate) pagination: LetterPagination,
}

/// What a replay found.
#[derive(Debug, Clone, Copy, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case")]
pub(crate) enum ReplayStatus {
    Queued,
    Signal,
    AlreadySignal,
    DeadLetter,
    Erased,
}

/// What a replay did.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Replayed", rename_all = "camelCase")]
pub(crate) struct ReplayAccepted {
    /// `queued`: the event is in the queue again. `already_signal`: an earlier replay or the producer sent it first. Without a queue
    /// the outcome is known at once: `signal`, `dead_letter` where it failed again, or `erased` where its account or user was erased.
    pub(crate) status: ReplayStatus,
    /// The job's id, for `/jobs/{id}`.
    pub(crate) job_id: String,
    /// The event's id, as before.
    pub(crate) event_id: String,
    /// The signal that the event is.
    pub(crate) signal_id: Option<i64>,
    /// The dead letter that the event became again.
    pub(crate) dead_letter_id: Option<String>,
    /// A sentence for people.
    pub(crate) message: String,
}

/// A dead letter that was not replayed.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "SkippedDeadLetter")]
pub(crate) struct SkippedBody {
    /// The letter.
    pub(crate) id: String,
    /// Why, and what to do.
    pub(crate) detail: String,
}

/// How far a replay of many got.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "BulkReplay", rename_all = "camelCase")]
pub(crate) struct BulkReplayBody {
    /// Whether this call only counted.
    pub(crate) dry_run: bool,
    /// How many letters' events this call gave to intake again.
    pub(crate) replayed: u64,
    /// Those that cannot become a signal as they are.
    pub(crate) skipped: Vec<SkippedBody>,
    /// How many letters of the filter come after those.
    pub(crate) remaining: u64,
    /// False when more than `remaining` are left and they were not counted.
    pub(crate) remaining_is_exact: bool,
    /// Send it as `cursor`, with the same filter, to continue; null when all letters of the filter were looked at.
    #[oai(nullable)]
    pub(crate) next_cursor: Option<String>,
}

/// What to change of a dead letter's event: members that are not given stay.
#[derive(Debug, Object)]
#[oai(rename = "DeadLetterPatch", rename_all = "camelCase")]
pub(crate) struct EditSchema {
    /// The account it is about.
    #[oai(validator(min_length = 1, max_length = 255))]
    account_id: Option<String>,
    /// The user it is about.
    #[oai(validator(min_length = 1, max_length = 255))]
    user_id: Option<String>,
    /// The event type: one of those of the active scoring model.
    event_type: Option<String>,
    /// When it happened.
    timestamp: Option<Instant>,
    /// The metadata as a whole; it replaces the old one.
    metadata: Option<RawJson>,
}

impl JsonSchema for EditSchema {
    const EXAMPLE: Option<&'static str> = Some(r#"{"eventType":"email_clicked"}"#);
}

/// Which dead letters to replay, and how many at once.
#[derive(Debug, Object)]
#[oai(rename = "BulkReplayRequest", rename_all = "camelCase")]
pub(crate) struct ReplayFilterSchema {
    /// Only letters with this reason.
    reason: Option<Reason>,
    /// Only letters whose event has this type.
    #[oai(nullable)]
    event_type: Option<String>,
    /// Only letters recorded at or after this instant.
    #[oai(nullable)]
    from: Option<Instant>,
    /// Only letters recorded before this instant.
    #[oai(nullable)]
    to: Option<Instant>,
    /// Only count them.
    dry_run: Option<bool>,
    /// How many letters this call looks at, at most; 1,000 if not given.
    #[oai(nullable, validator(minimum(value = "1"), maximum(value = "10000")))]
    limit: Option<u32>,
    /// The `nextCursor` of the call before.
    #[oai(nullable)]
    cursor: Option<String>,
}

impl JsonSchema for ReplayFilterSchema {}
