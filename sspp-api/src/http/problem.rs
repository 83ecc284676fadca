//! What a request that fails is answered: a problem document (RFC 9457) that holds the predecessor's members too.

use std::borrow::Cow;
use std::time::Duration;

use poem::Response;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use sspp_core::{IntakeError, QueueError, StoreError, Violation};

use super::problem_document::{Message, ProblemDocument, ProblemError};

/// The media type of problem documents.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// A failed request. What the client may know is in it; the cause is only for the log.
///
/// Boxed, since it travels as the error of many small results.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Facts>);

/// The facts of a failed request.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) status: StatusCode,
    /// The kind of problem, for programs: the last part of the document's `type`.
    pub(crate) kind: &'static str,
    detail: String,
    /// The predecessor's `message`, where it is not the detail.
    message: Option<Message>,
    errors: Vec<Violation>,
    pub(crate) retry_after: Option<Duration>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    pub(crate) cause: Option<String>,
}

impl std::ops::Deref for Problem {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl std::ops::DerefMut for Problem {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

impl Problem {
    pub(crate) fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Facts {
            status,
            kind,
            detail: detail.into(),
            message: None,
            errors: Vec::new(),
            retry_after: None,
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// A 400 that lists what is wrong, member by member, as the predecessor's validation did.
    pub(crate) fn invalid(kind: &'static str, errors: Vec<Violation>) -> Self {
        let sentences: Vec<String> = errors.iter().map(|violation| violation.detail.clone()).collect();
        let mut problem = Self::new(StatusCode::BAD_REQUEST, kind, sentences.join("; "));
        problem.message = Some(Message::Sentences(sentences));
        problem.errors = errors;
        problem
    }

    /// A 400 with one sentence about one parameter.
    pub(crate) fn parameter(
        name: &str,
        code: impl Into<Cow<'static, str>>,
        sentence: impl Into<String>,
    ) -> Self {
        let detail = sentence.into();
        let violation = Violation { pointer: name.to_owned(), code: code.into(), detail: detail.clone() };
        let mut problem = Self::new(StatusCode::BAD_REQUEST, "invalid-parameter", detail);
        problem.errors = vec![violation];
        problem
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(crate) fn method_not_allowed(method: &str, path: &str, allow: HeaderValue) -> Self {
        let allowed = allow.to_str().unwrap_or_default();
        let detail = format!("Cannot {method} {path}: allowed methods are {allowed}");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail)
            .with_header(header::ALLOW, allow)
    }

    pub(crate) fn too_large(detail: impl Into<String>) -> Self {
        let problem = Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail);
        problem.with_message("request entity too large")
    }

    pub(crate) fn internal(cause: impl Into<String>) -> Self {
        let detail = "Internal error; find the cause in the log by the request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).with_cause(cause)
    }

    /// A dependency failed: the client may try again.
    pub(crate) fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail).with_retry_after(retry_after)
    }

    /// The queue is full: the client waits until there is room.
    pub(crate) fn full_queue(retry_after: Duration) -> Self {
        let detail = "The queue is full; try again later";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "queue-full", detail).with_retry_after(retry_after)
    }

    /// Whether the wait depends on how fast the queue is drained.
    pub(crate) fn is_full_queue(&self) -> bool {
        self.kind == "queue-full"
    }

    /// Sets the predecessor's `message` where it is not the detail.
    pub(crate) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(Message::Sentence(message.into()));
        self
    }

    /// Adds a header that belongs to the status.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says after how long to try again.
    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    pub(crate) fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The response as clients see it.
    pub(crate) fn render(&self, instance: &str, request_id: &str) -> Response {
        let reason = self.status.canonical_reason().unwrap_or("Error");
        let message = self.message.clone().unwrap_or_else(|| Message::Sentence(self.detail.clone()));
        let errors: Vec<ProblemError> = self.errors.iter().map(ProblemError::from).collect();
        let document = ProblemDocument {
            kind: format!("urn:sspp:problem:{}", self.kind),
            title: reason.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            request_id: request_id.to_owned(),
            errors: (!errors.is_empty()).then_some(errors),
            status_code: self.status.as_u16(),
            error: reason.to_owned(),
            message,
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = Response::builder().status(self.status).content_type(PROBLEM_JSON).body(body);
        let headers = response.headers_mut();
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(wait) = self.retry_after {
            headers.insert(header::RETRY_AFTER, retry_after_header(wait));
        }
        response
    }
}

/// Text of a client, as a sentence may hold it: short and without control characters.
pub(crate) fn shown(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// After how many seconds to try again: rounded up, so that no caller comes too early, and at least one.
pub(crate) fn retry_after_header(wait: Duration) -> HeaderValue {
    HeaderValue::from(whole_seconds(wait).max(1))
}

/// Seconds, rounded up.
pub(crate) fn whole_seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

impl From<QueueError> for Problem {
    fn from(error: QueueError) -> Self {
        let wait = error.retry_after();
        let problem = match &error {
            QueueError::Full { .. } => Self::full_queue(wait),
            QueueError::Storage { .. } => {
                Self::unavailable("The queue cannot write right now; try again later", wait)
            }
            _ => Self::unavailable("The queue is unavailable; try again later", wait),
        };
        problem.with_cause(error.to_string())
    }
}

impl From<IntakeError> for Problem {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Queue(error) => error.into(),
            IntakeError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if let StoreError::TooBroad { after_ms } = error {
            let detail = format!(
                "The query reads too much to answer within {after_ms} ms: narrow it by accountId or userId, or by a \
                 shorter time between from and to, or sort by id, processed_at or timestamp"
            );
            return Self::new(StatusCode::BAD_REQUEST, "too-broad", detail);
        }
        let (detail, wait) = match error {
            StoreError::Storage { .. } => {
                ("The store of signals cannot write right now; try again later", 10)
            }
            _ => ("The store of signals cannot answer right now; try again later", 1),
        };
        Self::unavailable(detail, Duration::from_secs(wait)).with_cause(error.to_string())
    }
}
