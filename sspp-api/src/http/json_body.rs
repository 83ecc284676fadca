//! A JSON body: documented as a type, and read as bytes within a limit, so that every violation can be listed.

use std::marker::PhantomData;

use bytes::Bytes;
use poem_openapi::registry::Registry;
use poem_openapi::types::Type;
use sspp_core::Event;

use super::call::{Call, Input};
use super::documentation::{Documentation, media};
use super::media::Media;
use super::problem::Problem;
use super::schema::register_closed;

/// A JSON body that is documented as `S`.
#[derive(Debug)]
pub(crate) struct JsonText<S> {
    pub(crate) json: Bytes,
    schema: PhantomData<S>,
}

/// What the body of a request may be.
pub(crate) trait JsonSchema: Type {
    const DESCRIPTION: &'static str =
        "A JSON object, at most 256 KiB before and after decompression (gzip, zstd)";
    const MAX_BYTES: usize = Event::MAX_BYTES;
    /// In JSON, where no operation records one.
    const EXAMPLE: Option<&'static str> = None;
}

impl<S: JsonSchema + 'static> Input for JsonText<S> {
    fn document(to: &mut Documentation) {
        to.refers_to(register::<S>);
        to.request(S::DESCRIPTION, vec![media("application/json", S::schema_ref())]);
    }

    async fn read(call: &mut Call) -> Result<Self, Problem> {
        Media::of(call.request.headers(), &[Media::Json], false)?;
        Ok(Self { json: call.body(S::MAX_BYTES).await?, schema: PhantomData })
    }
}

fn register<S: JsonSchema>(registry: &mut Registry) {
    register_closed::<S>(registry);
    if let Some(schema) = registry.schemas.get_mut(&*S::name()) {
        schema.example = S::EXAMPLE.and_then(|example| serde_json::from_str(example).ok());
    }
}
