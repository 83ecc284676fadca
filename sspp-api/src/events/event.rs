//! An event on its way in, as the document shows it.

use poem_openapi::Object;

use crate::http::schema::{Instant, RawJson};

/// Something that happened at an account.
// Only described by this type: the hot path reads the bytes straight into the engine's own.
#[derive(Debug, Object)]
#[oai(rename = "Event", rename_all = "camelCase")]
pub(crate) struct EventSchema {
    /// The account it is about, as the producer names it: 1 to 255 characters, none of them a control character.
    #[oai(validator(min_length = 1, max_length = 255))]
    account_id: String,
    /// The user it is about, as the producer names them: 1 to 255 characters, none of them a control character.
    #[oai(validator(min_length = 1, max_length = 255))]
    user_id: String,
    /// The event type: one of those of the active scoring model, see `/event-types`.
    event_type: String,
    /// When it happened: RFC 3339, a date (midnight UTC) or a date-time without offset (UTC); from 1970 to five
    /// minutes ahead.
    timestamp: Instant,
    /// Metadata, at most 32 levels deep; kept as it is, but for white space between its parts.
    metadata: Option<RawJson>,
    /// The producer's own id for the event, so that a retry counts once; also as the `Idempotency-Key` header.
    #[oai(nullable, validator(min_length = 1, max_length = 100))]
    event_id: Option<String>,
    /// The system the event comes from; scopes its event ids.
    #[oai(nullable, validator(min_length = 1, max_length = 255))]
    source: Option<String>,
}
