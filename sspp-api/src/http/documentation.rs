//! What the document says of one operation, collected from its inputs and answers.

use std::collections::BTreeSet;

use poem_openapi::registry::{
    MetaHeader, MetaMediaType, MetaOperationParam, MetaParamIn, MetaRequest, MetaResponse, MetaSchema,
    MetaSchemaRef, Registry,
};
use poem_openapi::types::Type;

use super::problem::PROBLEM_JSON;
use super::problem_document::ProblemDocument;
use super::schema::inline;

/// What the document says of one operation.
#[derive(Default)]
pub(crate) struct Documentation {
    pub(super) parameters: Vec<MetaOperationParam>,
    pub(super) request: Option<MetaRequest>,
    pub(super) answers: Vec<MetaResponse>,
    pub(super) failures: BTreeSet<u16>,
    /// Register the types that all this refers to.
    pub(super) types: Vec<fn(&mut Registry)>,
}

impl Documentation {
    /// Adds a parameter; only one of the path is required.
    pub(crate) fn parameter(&mut self, place: MetaParamIn, name: &str, meaning: &str, schema: MetaSchemaRef) {
        self.parameters.push(MetaOperationParam {
            name: name.to_owned(),
            schema,
            in_type: place,
            description: Some(meaning.to_owned()),
            required: place == MetaParamIn::Path,
            deprecated: false,
            explode: true,
            style: None,
        });
    }

    /// Says what the body is, and how an operation with a body can fail.
    pub(crate) fn request(&mut self, description: &'static str, content: Vec<MetaMediaType>) {
        self.request = Some(MetaRequest { description: Some(description), content, required: true });
        self.fails(&[400, 408, 413, 415]);
    }

    /// Adds an answer in JSON.
    pub(crate) fn answer<T: Type>(&mut self, status: u16, description: &'static str) -> &mut MetaResponse {
        self.types.push(T::register);
        self.answer_of(status, description, vec![media("application/json", T::schema_ref())])
    }

    /// Adds an answer of some content, or of none.
    pub(crate) fn answer_of(
        &mut self,
        status: u16,
        description: &'static str,
        content: Vec<MetaMediaType>,
    ) -> &mut MetaResponse {
        let answer =
            MetaResponse { description, status: Some(status), status_range: None, content, headers: vec![] };
        self.answers.push(answer);
        let last = self.answers.len() - 1;
        &mut self.answers[last]
    }

    /// Registers a type that something here refers to.
    pub(crate) fn refers_to(&mut self, register: fn(&mut Registry)) {
        self.types.push(register);
    }

    /// Adds statuses by which it may fail.
    pub(crate) fn fails(&mut self, statuses: &[u16]) {
        self.failures.extend(statuses);
    }
}

/// One form of a body.
pub(crate) fn media(content_type: &'static str, schema: MetaSchemaRef) -> MetaMediaType {
    MetaMediaType { content_type, schema }
}

/// A header of an answer.
pub(crate) fn header(name: &str, description: &str, ty: &'static str) -> MetaHeader {
    MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: false,
        deprecated: false,
        schema: inline(MetaSchema::new(ty)),
    }
}

/// How a failure of a status is documented.
pub(super) fn failure(status: u16) -> MetaResponse {
    let headers = match status {
        401 => Some(header(
            "WWW-Authenticate",
            "How to send a key, and what was wrong with the one that was sent",
            "string",
        )),
        403 => Some(header("WWW-Authenticate", "The scope that is missing", "string")),
        429 | 503 => Some(header("Retry-After", "After how many seconds to try again", "integer")),
        _ => None,
    };
    MetaResponse {
        description: meaning(status),
        status: Some(status),
        status_range: None,
        content: vec![media(PROBLEM_JSON, ProblemDocument::schema_ref())],
        headers: headers.into_iter().collect(),
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "Malformed or invalid: every violation is listed",
        401 => "The key is missing or unknown: see the WWW-Authenticate header",
        403 => "The key has none of the scopes in `x-scopes`",
        404 => "Not found",
        409 => "Not possible in the current state: the detail says what to do instead",
        408 => "The body did not arrive in time",
        413 => "The body is too large, as sent or after decompression",
        415 => "The content type, charset or content encoding is not supported",
        429 => "Too many requests: see the Retry-After header",
        503 => "A dependency cannot answer right now, or too many events wait: see the Retry-After header",
        _ => "An internal error: the log has its cause under the request id",
    }
}
