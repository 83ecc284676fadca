//! A request to the API, before the client adds its key and the like.

use http::Method;

pub(crate) const JSON: &str = "application/json";

/// A request, below the API's root.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The media type of the answer.
    pub(crate) accept: &'static str,
    /// JSON, or nothing.
    pub(crate) body: Vec<u8>,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), accept: JSON, body: Vec::new() }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(crate) fn post(path: impl Into<String>, json: Vec<u8>) -> Self {
        Self { body: json, ..Self::new(Method::POST, path) }
    }

    pub(crate) fn patch(path: impl Into<String>, json: Vec<u8>) -> Self {
        Self { body: json, ..Self::new(Method::PATCH, path) }
    }

    /// Wants an answer of this media type in place of JSON.
    pub(crate) fn accepting(self, accept: &'static str) -> Self {
        Self { accept, ..self }
    }
}
