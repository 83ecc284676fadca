//! What the server says when it says no: a problem document (RFC 9457).

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, header};
use serde::Deserialize;
use sspp_core::Violation;

/// An answer other than success.
///
/// ```
/// # fn shown(problem: &sspp_client::Problem) {
/// println!("{}: {} (request {:?})", problem.status, problem.detail, problem.request_id);
/// for violation in &problem.errors {
///     println!("{}: {}", violation.pointer, violation.detail);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Problem {
    /// The kind of problem, for programs, for instance `urn:sspp:problem:invalid-event`; empty if the answer was no problem
    /// document.
    #[serde(rename = "type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, in a sentence; empty if the answer was no problem document.
    pub detail: String,
    /// Every violation, where the request's content is at fault.
    pub errors: Vec<Violation>,
    /// The id under which the server logged the request.
    pub request_id: Option<String>,
    /// For how long the server asked not to be asked again.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl Problem {
    /// Reads an answer, whatever it is: a proxy's page in HTML leaves the status.
    pub(crate) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let mut problem: Self = serde_json::from_slice(body).unwrap_or_default();
        problem.status = status;
        if problem.request_id.is_none() {
            let id = headers.get("x-request-id").and_then(|value| value.to_str().ok());
            problem.request_id = id.map(str::to_owned);
        }
        problem.retry_after = retry_after(headers);
        problem
    }
}

/// Seconds; a date (which our server never sends) is not read.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(Duration::from_secs)
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        let hint = match self.status {
            300..=399 => "it redirects elsewhere: give the URL it redirects to",
            401 => "the API key is missing or unknown: set api_key or SSPP_API_KEY",
            403 => "the API key lacks the scope for this",
            404 if self.kind.is_empty() => "no SSPP server is there: check the URL",
            _ => "",
        };
        for part in [self.detail.as_str(), hint].into_iter().filter(|part| !part.is_empty()) {
            write!(f, ": {part}")?;
        }
        self.request_id.as_ref().map_or(Ok(()), |id| write!(f, " (request {id})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_is_read_and_anything_else_leaves_the_status() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        headers.insert("x-request-id", "r-1".parse().unwrap());
        let body = br#"{"type":"urn:x","status":503,"detail":"away","requestId":"r-2","message":["a"]}"#;
        let problem = Problem::read(503, &headers, body);
        assert_eq!((problem.kind.as_str(), problem.request_id.as_deref()), ("urn:x", Some("r-2")));
        assert_eq!(problem.retry_after, Some(Duration::from_secs(7)));
        let page = Problem::read(502, &headers, b"<html>");
        assert_eq!(page.to_string(), "502 (request r-1)");
        assert!(Problem::read(401, &HeaderMap::new(), b"").to_string().contains("SSPP_API_KEY"));
    }
}
