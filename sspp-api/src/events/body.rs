//! Bodies that hold events, one or many, in every form that is taken: documented in full, read as bytes within the limits.

use std::marker::PhantomData;

use bytes::Bytes;
use poem::http::HeaderValue;
use poem_openapi::registry::{MetaParamIn, MetaSchema};
use poem_openapi::types::Type as _;
use serde::Deserialize as _;
use sspp_core::{BatchFormat, Event};
use sspp_events::skip_byte_order_mark;

use super::batch_schema::{BatchSchema, batch_content};
use super::cloud_event::{CloudDataSchema, CloudEventSchema, CloudHeaders};
use super::event::EventSchema;
use crate::http::schema::{inline, register_closed};
use crate::http::{Call, Documentation, Input, Media, Problem, media};

/// The header that names an event whose body does not.
pub(super) const KEY: &str = "Idempotency-Key";

/// How an event is written.
#[derive(Debug)]
pub(super) enum EventForm {
    /// As SSPP has it.
    Plain,
    /// A `CloudEvent` in the structured form.
    CloudEvent,
    /// The data of a `CloudEvent` in the binary form.
    CloudData(Box<CloudHeaders>),
}

/// Contents of a body.
#[derive(Debug)]
pub(super) enum Holds {
    One(EventForm),
    Many(BatchFormat),
}

/// What plain JSON is to an operation. Every other form follows from the content type, and every operation takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainJson {
    Event,
    Batch,
    /// A batch where it has the member `events`, else one event.
    Either,
}

/// What an operation makes of a body.
pub(super) trait TakesEvents: Send + Sync + 'static {
    const PLAIN: PlainJson;

    /// What the document says of the body.
    fn document(to: &mut Documentation);
}

/// The bytes of an event or of a batch.
#[derive(Debug)]
pub(super) struct EventsBody<O> {
    pub(super) bytes: Bytes,
    pub(super) holds: Holds,
    pub(super) idempotency_key: Option<HeaderValue>,
    /// Whether the header came more than once.
    pub(super) many_keys: bool,
    operation: PhantomData<O>,
}

impl<O: TakesEvents> Input for EventsBody<O> {
    fn document(to: &mut Documentation) {
        to.refers_to(register_closed::<EventSchema>);
        to.refers_to(register_closed::<BatchSchema>);
        to.refers_to(CloudEventSchema::register);
        to.refers_to(register_closed::<CloudDataSchema>);
        O::document(to);
    }

    async fn read(call: &mut Call) -> Result<Self, Problem> {
        let headers = call.request.headers();
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
        let mut keys = headers.get_all(KEY).iter();
        let (idempotency_key, many_keys) = (keys.next().cloned(), keys.next().is_some());
        if idempotency_key.is_some() && matches!(holds, Holds::Many(_)) && O::PLAIN != PlainJson::Either {
            let sentence =
                "Idempotency-Key names one event: give each event of a batch an eventId of its own";
            return Err(Problem::parameter(KEY, "not_for_batches", sentence));
        }
        let bytes = call.body(limit).await?;
        if O::PLAIN == PlainJson::Either
            && matches!(holds, Holds::Many(BatchFormat::Events))
            && !has_events(&bytes)
        {
            holds = Holds::One(EventForm::Plain);
        }
        Ok(Self { bytes, holds, idempotency_key, many_keys, operation: PhantomData })
    }
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
pub(super) struct TakesOne;

impl TakesEvents for TakesOne {
    const PLAIN: PlainJson = PlainJson::Event;

    fn document(to: &mut Documentation) {
        let meaning =
            "The event's id, if the body has none. If both are given and differ, the answer is a 400.";
        let id = MetaSchema { min_length: Some(1), max_length: Some(100), ..MetaSchema::new("string") };
        to.parameter(MetaParamIn::Header, KEY, meaning, inline(id));
        let description = "One event in JSON, at most 256 KiB before and after decompression (gzip, zstd). Also a batch under the content types \
             of batches";
        let content = vec![
            media("application/json", EventSchema::schema_ref()),
            media("application/cloudevents+json", CloudEventSchema::schema_ref()),
        ];
        to.request(description, content);
    }
}

/// Takes a batch.
#[derive(Debug)]
pub(super) struct TakesMany;

impl TakesEvents for TakesMany {
    const PLAIN: PlainJson = PlainJson::Batch;

    fn document(to: &mut Documentation) {
        let description = "1 to 1,000 events, at most 4 MiB before and after decompression (gzip, zstd): an object with `events`, an \
             event a line, or an array of CloudEvents (`application/cloudevents-batch+json`). A single CloudEvent is a batch of one";
        to.request(description, batch_content(BatchSchema::schema_ref()));
    }
}

/// Checks either.
#[derive(Debug)]
pub(super) struct ChecksEither;

impl TakesEvents for ChecksEither {
    const PLAIN: PlainJson = PlainJson::Either;

    fn document(to: &mut Documentation) {
        let one_of = vec![EventSchema::schema_ref(), BatchSchema::schema_ref()];
        let json = inline(MetaSchema { one_of, ..MetaSchema::ANY });
        let description = "One event or a batch, as `/events` and `/events/batch` take them, CloudEvents too";
        to.request(description, batch_content(json));
    }
}
