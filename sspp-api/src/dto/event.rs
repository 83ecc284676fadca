//! An event on its way in, as the document shows it; and the answer that it was accepted.

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiResponse, Object};
use sspp_core::EventId;

use super::BatchAnswer;
use super::payload::{JSON, answer};
use super::schema::{Instant, RawJson, constant};

/// Something that happened at an account.
// Only described by this type: the hot path reads the bytes straight into the engine's own.
#[derive(Debug, Object)]
#[oai(rename = "Event", rename_all = "camelCase", example)]
pub(super) struct EventSchema {
    /// The account it is about, as the producer names it: 1 to 255 characters, none of them a control character.
    #[oai(validator(min_length = 1, max_length = 255))]
    account_id: String,
    /// The person it is about, as the producer names them: 1 to 255 characters, none of them a control character.
    #[oai(validator(min_length = 1, max_length = 255))]
    user_id: String,
    /// What happened: one of the types of the active scoring model, see `/event-types`.
    event_type: String,
    /// When it happened: RFC 3339, a date (midnight UTC) or a date-time without offset (UTC); from 1970 to five
    /// minutes ahead.
    timestamp: Instant,
    /// Anything else, at most 32 levels deep; kept as it is, but for white space between its parts.
    #[oai(skip_serializing_if_is_none)]
    metadata: Option<RawJson>,
    /// The producer's own id for the event, so that a retry counts once; also as the `Idempotency-Key` header.
    #[oai(nullable, skip_serializing_if_is_none, validator(min_length = 1, max_length = 100))]
    event_id: Option<String>,
    /// The system the event comes from; scopes its event ids.
    #[oai(nullable, skip_serializing_if_is_none, validator(min_length = 1, max_length = 255))]
    source: Option<String>,
}

impl poem_openapi::types::Example for EventSchema {
    fn example() -> Self {
        let instant = sspp_core::Timestamp::from_micros(1_734_775_200_000_000);
        Self {
            account_id: "acc_1".to_owned(),
            user_id: "user_1".to_owned(),
            event_type: "email_clicked".to_owned(),
            timestamp: Instant(instant.unwrap_or(sspp_core::Timestamp::from_datetime(<_>::default()))),
            metadata: sspp_core::Metadata::parse(r#"{"campaign":"spring","responseTimeHours":2}"#)
                .ok()
                .map(RawJson),
            event_id: Some("order-4711".to_owned()),
            source: Some("crm".to_owned()),
        }
    }
}

constant! {
    /// An event was taken.
    AcceptedStatus, "AcceptedStatus" = "accepted"
}

/// The event is in the queue.
#[derive(Debug, Object)]
#[oai(rename = "Accepted", rename_all = "camelCase")]
struct AcceptedSchema {
    /// Always `accepted`.
    status: AcceptedStatus,
    /// By which the job is found under `/jobs/{id}`; opaque.
    job_id: String,
    /// By which the event is known.
    event_id: String,
    /// For people.
    message: String,
}

/// 202: the event is in the queue, as durably as the queue is.
#[derive(Debug)]
pub(crate) struct Accepted(pub(crate) EventId);

impl IntoResponse for Accepted {
    fn into_response(self) -> Response {
        // Nothing in it needs escaping, so it is written without serde: this is the hot path.
        let id = self.0;
        let body = format!(
            r#"{{"status":"accepted","jobId":"{id}","eventId":"{id}","message":"Event queued for processing"}}"#
        );
        let mut response = Response::from(body);
        response.set_status(StatusCode::ACCEPTED);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        response
    }
}

/// What became of the body of one event's operation.
#[derive(Debug)]
pub(crate) enum Taken {
    One(Accepted),
    /// A sink of `CloudEvents` has one address for everything.
    Many(BatchAnswer),
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        match self {
            Self::One(accepted) => accepted.into_response(),
            Self::Many(verdicts) => verdicts.into_response(),
        }
    }
}

// The answer to a batch is left to words: as another schema here, it would be a case in every client that sends one event.
impl ApiResponse for Taken {
    fn meta() -> MetaResponses {
        let description = "The event is in the queue; a retry under the same event id counts once. A batch is answered as by `/events/batch`";
        MetaResponses { responses: vec![answer(202, description, JSON, AcceptedSchema::schema_ref())] }
    }

    fn register(registry: &mut Registry) {
        AcceptedSchema::register(registry);
    }
}
