//! An event on its way in: documented in full, read as bytes; and the answer that it was accepted.

use bytes::Bytes;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Request, RequestBody, Response, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaResponses, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiExtractor, ApiExtractorType, ApiResponse, ExtractParamOptions, Object};
use sspp_core::{Event, EventId};

use super::cloud_event::{CloudEventSchema, CloudHeaders};
use super::payload::{JSON, answer};
use super::schema::{Instant, RawJson};
use crate::body::read_body;
use crate::error::Problem;
use crate::media::Media;
use crate::state::Inner;

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

/// How an event is written.
#[derive(Debug)]
pub(crate) enum EventForm {
    /// As SSPP has it.
    Plain,
    /// A `CloudEvent` in the structured form.
    CloudEvent,
    /// The data of a `CloudEvent` in the binary form.
    CloudData(Box<CloudHeaders>),
}

/// The bytes of an event, read within the limits.
#[derive(Debug)]
pub(crate) struct EventBody {
    pub(crate) json: Bytes,
    pub(crate) form: EventForm,
    pub(crate) idempotency_key: Option<HeaderValue>,
    /// Whether the header came more than once.
    pub(crate) many_keys: bool,
}

impl EventForm {
    /// Of a body that is one event.
    pub(super) fn of(media: Media, headers: &HeaderMap) -> Self {
        if media == Media::CloudEvent {
            return Self::CloudEvent;
        }
        CloudHeaders::of(headers).map_or(Self::Plain, |headers| Self::CloudData(Box::new(headers)))
    }
}

impl<'a> ApiExtractor<'a> for EventBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        EventSchema::register(registry);
        CloudEventSchema::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: Some(
                "One event in JSON, at most 256 KiB before and after decompression (gzip, zstd)",
            ),
            content: vec![
                MetaMediaType { content_type: "application/json", schema: EventSchema::schema_ref() },
                MetaMediaType {
                    content_type: "application/cloudevents+json",
                    schema: CloudEventSchema::schema_ref(),
                },
            ],
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let (media, json) =
            receive(request, body, &[Media::Json, Media::CloudEvent], Event::MAX_BYTES).await?;
        let mut keys = request.headers().get_all("idempotency-key").iter();
        Ok(Self {
            json,
            form: EventForm::of(media, request.headers()),
            idempotency_key: keys.next().cloned(),
            many_keys: keys.next().is_some(),
        })
    }
}

/// What a request's body is, and the body within a limit.
pub(super) async fn receive(
    request: &Request,
    body: &mut RequestBody,
    accepted: &[Media],
    limit: usize,
) -> Result<(Media, Bytes), Problem> {
    let Some(state) = request.data::<std::sync::Arc<Inner>>() else {
        return Err(Problem::internal("the service's state is missing from a request"));
    };
    let media = Media::of(request.headers(), accepted)?;
    let body = body.take().map_err(|error| Problem::internal(error.to_string()))?;
    Ok((media, read_body(request, body, limit, state.settings.body_timeout).await?))
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
