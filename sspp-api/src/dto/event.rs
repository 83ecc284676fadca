//! An event on its way in: documented in full, read as bytes; and the answer that it was accepted.

use bytes::Bytes;
use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaResponses, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object};
use sspp_core::{Event, EventId};

use super::payload::{JSON, answer};
use super::schema::{Instant, RawJson};
use crate::body::read_json;
use crate::error::Problem;
use crate::state::Inner;

/// Something that happened at an account.
// Only described by this type: the hot path reads the bytes straight into the engine's own.
#[derive(Debug, Object)]
#[oai(rename = "Event", rename_all = "camelCase", example)]
struct EventSchema {
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
    /// Anything else, at most 32 levels deep; kept byte for byte.
    #[oai(skip_serializing_if_is_none)]
    metadata: Option<RawJson>,
    /// The producer's own id for the event, so that a retry counts once; also as the `Idempotency-Key` header.
    #[oai(skip_serializing_if_is_none, validator(min_length = 1, max_length = 100))]
    event_id: Option<String>,
    /// The system the event comes from; scopes its event ids.
    #[oai(skip_serializing_if_is_none, validator(min_length = 1, max_length = 255))]
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

/// The bytes of an event, read within the limits.
#[derive(Debug)]
pub(crate) struct EventBody {
    pub(crate) json: Bytes,
    pub(crate) idempotency_key: Option<HeaderValue>,
    /// Whether the header came more than once.
    pub(crate) many_keys: bool,
}

impl<'a> ApiExtractor<'a> for EventBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        EventSchema::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: Some(
                "One event in JSON, at most 256 KiB before and after decompression (gzip, zstd)",
            ),
            content: vec![MetaMediaType {
                content_type: "application/json",
                schema: EventSchema::schema_ref(),
            }],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let Some(state) = request.data::<std::sync::Arc<Inner>>() else {
            return Err(Problem::internal("the service's state is missing from a request").into());
        };
        let body = body.take().map_err(|error| Problem::internal(error.to_string()))?;
        let json = read_json(request, body, Event::MAX_BYTES, state.settings.body_timeout).await?;
        let mut keys = request.headers().get_all("idempotency-key").iter();
        Ok(Self { json, idempotency_key: keys.next().cloned(), many_keys: keys.next().is_some() })
    }
}

/// The event is in the queue.
#[derive(Debug, Object)]
#[oai(rename = "Accepted", rename_all = "camelCase")]
struct AcceptedSchema {
    /// Always `accepted`.
    status: String,
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

impl ApiResponse for Accepted {
    fn meta() -> MetaResponses {
        let description = "The event is in the queue; a retry under the same event id counts once";
        MetaResponses { responses: vec![answer(202, description, JSON, AcceptedSchema::schema_ref())] }
    }

    fn register(registry: &mut Registry) {
        AcceptedSchema::register(registry);
    }
}
