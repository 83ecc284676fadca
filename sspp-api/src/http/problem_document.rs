//! The problem document (RFC 9457) with the predecessor's members.

use poem_openapi::Object;
use poem_openapi::registry::MetaSchema;
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{Violation, Violations};

use super::schema::{documented, inline};

/// Why a request failed: RFC 9457, with `statusCode`, `error` and `message` as the predecessor had them.
#[skip_serializing_none]
#[derive(Debug, Clone, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Problem", rename_all = "camelCase")]
pub(crate) struct ProblemDocument {
    /// The kind of problem, for programs, for instance `urn:sspp:problem:invalid-event`.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    pub(crate) kind: String,
    /// The status in words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// The error in a sentence.
    pub(crate) detail: String,
    /// The path of the request.
    pub(crate) instance: String,
    /// The request's id, as in the `x-request-id` header and in the log.
    pub(crate) request_id: String,
    /// Every violation, where the request's content is at fault.
    pub(crate) errors: Option<Vec<ProblemError>>,
    /// The HTTP status again, under the predecessor's name.
    pub(crate) status_code: u16,
    /// The status in words again, under the predecessor's name.
    pub(crate) error: String,
    /// A sentence; for invalid events and lists, an array of sentences.
    pub(crate) message: Message,
}

/// One error of a request.
#[derive(Debug, Clone, Serialize, Object)]
pub(crate) struct ProblemError {
    /// JSON pointer of the member in the body, or the name of the parameter or header.
    pub(crate) pointer: String,
    /// The kind of error; stable, for programs.
    pub(crate) code: String,
    /// The error in a sentence that names the member.
    pub(crate) detail: String,
}

impl From<&Violation> for ProblemError {
    fn from(violation: &Violation) -> Self {
        Self {
            pointer: violation.pointer.clone(),
            code: violation.code.clone().into_owned(),
            detail: violation.detail.clone(),
        }
    }
}

/// All that is wrong with an event.
pub(crate) fn errors(violations: &Violations) -> Vec<ProblemError> {
    violations.iter().map(ProblemError::from).collect()
}

/// The predecessor's `message`: one sentence, or a list of them.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Message {
    Sentence(String),
    Sentences(Vec<String>),
}

documented!(Message, "message", {
    let sentence = inline(MetaSchema::new("string"));
    let list = MetaSchema { items: Some(Box::new(sentence.clone())), ..MetaSchema::new("array") };
    MetaSchema { one_of: vec![sentence, inline(list)], ..MetaSchema::ANY }
});
