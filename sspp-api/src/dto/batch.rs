//! Bodies that may hold many events: documented in full, read as bytes.

use bytes::Bytes;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions, Object};
use serde_json::json;
use sspp_core::BatchFormat;

use super::cloud_event::CloudEventSchema;
use super::event::{EventForm, EventSchema, receive};
use crate::error::Problem;
use crate::media::Media;

/// Many events.
// Only described by this type, as an event is.
#[derive(Debug, Object)]
#[oai(rename = "EventBatch", rename_all = "camelCase")]
struct BatchSchema {
    /// The events, each at most 256 KiB; each is judged by itself.
    #[oai(validator(min_items = 1, max_items = 1000))]
    events: Vec<EventSchema>,
}

/// The bytes of a batch, read within the limits.
#[derive(Debug)]
pub(crate) struct BatchBody {
    pub(crate) body: Bytes,
    pub(crate) format: BatchFormat,
}

impl<'a> ApiExtractor<'a> for BatchBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        BatchSchema::register(registry);
        CloudEventSchema::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: Some(
                "1 to 1,000 events, at most 4 MiB before and after decompression (gzip, zstd): an object with `events`, an \
                 event a line, or an array of CloudEvents",
            ),
            content: content(BatchSchema::schema_ref()),
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        if request.headers().contains_key("idempotency-key") {
            let sentence =
                "Idempotency-Key names one event: give each event of a batch an eventId of its own";
            return Err(Problem::parameter("Idempotency-Key", "not_for_batches", sentence).into());
        }
        let accepted = [Media::Json, Media::Lines, Media::CloudEvents];
        let (media, body) = receive(request, body, &accepted, BatchFormat::MAX_BYTES).await?;
        Ok(Self { body, format: format_of(media) })
    }
}

const fn format_of(media: Media) -> BatchFormat {
    match media {
        Media::Lines => BatchFormat::Lines,
        Media::CloudEvents => BatchFormat::CloudEvents,
        Media::Json | Media::CloudEvent => BatchFormat::Events,
    }
}

/// What a body to be checked is.
#[derive(Debug)]
pub(crate) enum Checkable {
    /// A batch.
    Batch(BatchFormat),
    /// One event.
    One(EventForm),
    /// A batch where it has the member `events`, else one event.
    Either,
}

/// The bytes of an event or of a batch, read within the limits.
#[derive(Debug)]
pub(crate) struct CheckableBody {
    pub(crate) body: Bytes,
    pub(crate) what: Checkable,
}

impl<'a> ApiExtractor<'a> for CheckableBody {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        BatchBody::register(registry);
        EventSchema::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        let json = MetaSchema {
            one_of: vec![EventSchema::schema_ref(), BatchSchema::schema_ref()],
            ..MetaSchema::ANY
        };
        let mut content = content(MetaSchemaRef::Inline(Box::new(json)));
        content.push(MetaMediaType {
            content_type: "application/cloudevents+json",
            schema: CloudEventSchema::schema_ref(),
        });
        Some(MetaRequest {
            description: Some("One event or a batch, as `/events` and `/events/batch` take them"),
            content,
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> Result<Self> {
        let accepted = [Media::Json, Media::Lines, Media::CloudEvent, Media::CloudEvents];
        let (media, body) = receive(request, body, &accepted, BatchFormat::MAX_BYTES).await?;
        let what = match (media, EventForm::of(media, request.headers())) {
            (Media::Json, EventForm::Plain) => Checkable::Either,
            (Media::Json | Media::CloudEvent, form) => Checkable::One(form),
            _ => Checkable::Batch(format_of(media)),
        };
        Ok(Self { body, what })
    }
}

/// What a batch may be, where JSON is what is given.
fn content(json: MetaSchemaRef) -> Vec<MetaMediaType> {
    let lines = || {
        let example = concat!(
            r#"{"accountId":"acc_1","userId":"user_1","eventType":"email_opened","timestamp":"2024-12-21T10:00:00Z"}"#,
            "\n",
            r#"{"accountId":"acc_2","userId":"user_2","eventType":"call_made","timestamp":"2024-12-21T10:05:00Z"}"#,
            "\n"
        );
        let schema = MetaSchema { example: Some(json!(example)), ..MetaSchema::new("string") };
        MetaSchemaRef::Inline(Box::new(schema))
    };
    let cloud_events = MetaSchema {
        items: Some(Box::new(CloudEventSchema::schema_ref())),
        min_items: Some(1),
        max_items: Some(BatchFormat::MAX_EVENTS),
        ..MetaSchema::new("array")
    };
    let media = |content_type, schema| MetaMediaType { content_type, schema };
    vec![
        media("application/json", json),
        media("application/x-ndjson", lines()),
        media("application/jsonl", lines()),
        media("application/cloudevents-batch+json", MetaSchemaRef::Inline(Box::new(cloud_events))),
    ]
}
