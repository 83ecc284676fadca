//! Bodies that hold events, one or many, in every form that is taken: documented in full, read as bytes within the limits.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::http::HeaderValue;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde::Deserialize as _;
use sspp_core::{BatchFormat, Event};
use sspp_events::skip_byte_order_mark;

use super::batch::{BatchSchema, batch_content};
use super::cloud_event::{CloudDataSchema, CloudEventSchema, CloudHeaders};
use super::event::EventSchema;
use super::payload::media;
use super::schema::register_closed;
use crate::body::read_body;
use crate::error::Problem;
use crate::media::Media;
use crate::state::Inner;

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

/// What a body holds.
#[derive(Debug)]
pub(crate) enum Holds {
    One(EventForm),
    Many(BatchFormat),
}

/// What plain JSON is to an operation. All else is told by the content type alone, and taken by each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlainJson {
    Event,
    Batch,
    /// A batch where it has the member `events`, else one event.
    Either,
}

/// An operation that takes events.
pub(crate) trait TakesEvents: Send + Sync {
    const PLAIN: PlainJson;

    /// What the document says of the body.
    fn meta() -> MetaRequest;
}

/// The bytes of an event or of a batch.
#[derive(Debug)]
pub(crate) struct EventsBody<O> {
    pub(crate) bytes: Bytes,
    pub(crate) holds: Holds,
    pub(crate) idempotency_key: Option<HeaderValue>,
    /// Whether the header came more than once.
    pub(crate) many_keys: bool,
    operation: PhantomData<O>,
}

impl<'a, O: TakesEvents> ApiExtractor<'a> for EventsBody<O> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        register_closed::<EventSchema>(registry);
        register_closed::<BatchSchema>(registry);
        CloudEventSchema::register(registry);
        register_closed::<CloudDataSchema>(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(O::meta())
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let headers = request.headers();
        let is_data = CloudHeaders::are_in(headers);
        let accepted = [Media::Json, Media::Lines, Media::CloudEvent, Media::CloudEvents];
        let media = Media::of(headers, &accepted, is_data)?;
        let (mut holds, limit) = match media {
            Media::Lines => (Holds::Many(BatchFormat::Lines), BatchFormat::MAX_BYTES),
            Media::CloudEvents => (Holds::Many(BatchFormat::CloudEvents), BatchFormat::MAX_BYTES),
            Media::CloudEvent => (Holds::One(EventForm::CloudEvent), Event::MAX_BYTES),
            Media::Json if is_data => {
                (Holds::One(EventForm::CloudData(Box::new(CloudHeaders::read(headers)))), Event::MAX_BYTES)
            }
            Media::Json if O::PLAIN == PlainJson::Event => (Holds::One(EventForm::Plain), Event::MAX_BYTES),
            Media::Json => (Holds::Many(BatchFormat::Events), BatchFormat::MAX_BYTES),
        };
        let mut keys = headers.get_all("idempotency-key").iter();
        let (idempotency_key, many_keys) = (keys.next().cloned(), keys.next().is_some());
        if idempotency_key.is_some() && matches!(holds, Holds::Many(_)) && O::PLAIN != PlainJson::Either {
            let sentence =
                "Idempotency-Key names one event: give each event of a batch an eventId of its own";
            return Err(Problem::parameter("Idempotency-Key", "not_for_batches", sentence).into());
        }
        let bytes = receive(request, body, limit).await?;
        if O::PLAIN == PlainJson::Either
            && matches!(holds, Holds::Many(BatchFormat::Events))
            && !has_events(&bytes)
        {
            holds = Holds::One(EventForm::Plain);
        }
        Ok(Self { bytes, holds, idempotency_key, many_keys, operation: PhantomData })
    }
}

/// A request's body within a limit.
pub(super) async fn receive(
    request: &Request,
    body: &mut RequestBody,
    limit: usize,
) -> Result<Bytes, Problem> {
    let Some(state) = request.data::<std::sync::Arc<Inner>>() else {
        return Err(Problem::internal("the service's state is missing from a request"));
    };
    let body = body.take().map_err(|error| Problem::internal(error.to_string()))?;
    read_body(request, body, limit, state.settings.body_timeout).await
}

/// Whether JSON is an object with the member `events`.
fn has_events(json: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Wrapper {
        #[serde(rename = "events")]
        _events: serde::de::IgnoredAny,
    }
    // An array would pass for an object; and what comes after does not matter here.
    skip_byte_order_mark(json).is_ok_and(|json| {
        json.trim_ascii_start().starts_with(b"{")
            && Wrapper::deserialize(&mut serde_json::Deserializer::from_slice(json)).is_ok()
    })
}

/// Takes an event.
#[derive(Debug)]
pub(crate) struct TakesOne;

impl TakesEvents for TakesOne {
    const PLAIN: PlainJson = PlainJson::Event;

    fn meta() -> MetaRequest {
        MetaRequest {
            description: Some(
                "One event in JSON, at most 256 KiB before and after decompression (gzip, zstd). Also a batch under the content types \
                 of batches",
            ),
            content: vec![
                media("application/json", EventSchema::schema_ref()),
                media("application/cloudevents+json", CloudEventSchema::schema_ref()),
            ],
            required: true,
        }
    }
}

/// Takes a batch.
#[derive(Debug)]
pub(crate) struct TakesMany;

impl TakesEvents for TakesMany {
    const PLAIN: PlainJson = PlainJson::Batch;

    fn meta() -> MetaRequest {
        MetaRequest {
            description: Some(
                "1 to 1,000 events, at most 4 MiB before and after decompression (gzip, zstd): an object with `events`, an \
                 event a line, or an array of CloudEvents (`application/cloudevents-batch+json`). A single CloudEvent is a batch of one",
            ),
            content: batch_content(BatchSchema::schema_ref()),
            required: true,
        }
    }
}

/// Checks either.
#[derive(Debug)]
pub(crate) struct ChecksEither;

impl TakesEvents for ChecksEither {
    const PLAIN: PlainJson = PlainJson::Either;

    fn meta() -> MetaRequest {
        let json = MetaSchema {
            one_of: vec![EventSchema::schema_ref(), BatchSchema::schema_ref()],
            ..MetaSchema::ANY
        };
        MetaRequest {
            description: Some(
                "One event or a batch, as `/events` and `/events/batch` take them, CloudEvents too",
            ),
            content: batch_content(MetaSchemaRef::Inline(Box::new(json))),
            required: true,
        }
    }
}
