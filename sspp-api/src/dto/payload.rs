//! JSON answers that go through serde once (poem-openapi's own go through a tree of values, which raw JSON does not
//! survive), and the failures that an operation documents.

use std::marker::PhantomData;

use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::payload::Payload;
use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;
use serde::Serialize;
use sspp_core::{QueueError, StoreError};

use super::ProblemDocument;
use crate::error::{PROBLEM_JSON, Problem};

/// The predecessor's content type.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// An answer of status 200 in JSON.
#[derive(Debug)]
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: Type> Payload for JsonBody<T> {
    const CONTENT_TYPE: &'static str = JSON;

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: Serialize + Send> IntoResponse for JsonBody<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => Response::builder().content_type(JSON).body(body),
            Err(error) => {
                Problem::internal(format!("an answer could not be written: {error}")).into_response()
            }
        }
    }
}

impl<T: Type + Serialize> ApiResponse for JsonBody<T> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![answer(200, "The answer", JSON, T::schema_ref())] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

/// One answer in the document.
pub(crate) fn answer(
    status: u16,
    description: &'static str,
    content_type: &'static str,
    schema: MetaSchemaRef,
) -> MetaResponse {
    let content = vec![media(content_type, schema)];
    MetaResponse { description, status: Some(status), status_range: None, content, headers: vec![] }
}

/// One form of a body in the document. What comes after the content type's name, such as the charset, is left out: generators of
/// clients look for the name alone.
pub(crate) fn media(content_type: &'static str, schema: MetaSchemaRef) -> MetaMediaType {
    MetaMediaType { content_type: content_type.split(';').next().unwrap_or(content_type), schema }
}

/// A header of an answer in the document.
pub(crate) fn header(name: &str, description: &str, ty: &'static str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        schema: MetaSchemaRef::Inline(Box::new(MetaSchema::new(ty))),
    }
}

/// The statuses by which an operation may fail.
pub(crate) trait Statuses {
    const LIST: &'static [u16];
}

/// A failure of an operation that documents the statuses `S`.
#[derive(Debug)]
pub(crate) struct Failure<S>(Problem, PhantomData<S>);

impl<S> From<Problem> for Failure<S> {
    fn from(problem: Problem) -> Self {
        Self(problem, PhantomData)
    }
}

impl<S> From<StoreError> for Failure<S> {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl<S> From<QueueError> for Failure<S> {
    fn from(error: QueueError) -> Self {
        Problem::from(error).into()
    }
}

impl<S> From<Failure<S>> for poem::Error {
    fn from(failure: Failure<S>) -> Self {
        failure.0.into()
    }
}

impl<S: Statuses> ApiResponse for Failure<S> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: S::LIST.iter().map(|status| failure(*status)).collect() }
    }

    fn register(registry: &mut Registry) {
        ProblemDocument::register(registry);
    }
}

/// One failure in the document.
pub(crate) fn failure(status: u16) -> MetaResponse {
    let mut failure = answer(status, meaning(status), PROBLEM_JSON, ProblemDocument::schema_ref());
    failure.headers.extend(match status {
        401 => Some(header(
            "WWW-Authenticate",
            "How a key is shown, and what was wrong with the one that was",
            "string",
        )),
        403 => Some(header("WWW-Authenticate", "The scope that is missing", "string")),
        429 | 503 => Some(header("Retry-After", "After how many seconds to try again", "integer")),
        _ => None,
    });
    failure
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "Malformed or invalid: every violation is listed",
        401 => "No key, or one that is not known here: see the WWW-Authenticate header",
        403 => "The key lacks the scope that this needs: one of `x-scopes`",
        404 => "There is no such thing",
        409 => "It cannot be done as things are: the detail says what to do instead",
        405 => "The path has other methods: see the Allow header",
        408 => "The body did not arrive in time",
        413 => "The body is too large, as sent or after decompression",
        415 => "A content type that is not taken here, not in UTF-8, or not plain, gzip or zstd",
        429 => "Too many requests: see the Retry-After header",
        503 => "A dependency cannot answer right now, or the queue is full: see the Retry-After header",
        _ => "Something went wrong on this side",
    }
}
