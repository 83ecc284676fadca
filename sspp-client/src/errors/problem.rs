//! What the server says when it says no: a problem document (RFC 9457).

use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, header};
use serde::Deserialize;
use sspp_events::Violation;

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
    /// The fault, in a sentence; empty if the answer was no problem document.
    pub detail: String,
    /// Every violation, where the request's content is at fault.
    pub errors: Vec<Violation>,
    /// The id under which the server logged the request.
    pub request_id: Option<String>,
    /// For how long the server asked not to be asked again.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// What helps against an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// The same request, later: what is in the way can pass.
    Wait,
    /// Fewer events at once: something in the request is not taken.
    Split,
    /// Nothing that a program can do.
    None,
}

impl Problem {
    /// The one rule about statuses: of emitting and sending, of the spool, and of programs that ask
    /// [`is_retryable`](crate::Error::is_retryable).
    pub(crate) fn remedy(&self) -> Remedy {
        match self.status {
            // "Not implemented" and "HTTP version not supported" are about the server itself. Every other one is about its state, also
            // those that only proxies and CDNs have: 507, 509, 520 to 530, 598, 599.
            501 | 505 => Remedy::None,
            408 | 425 | 429 | 500..=599 => Remedy::Wait,
            413 => Remedy::Split,
            // These are about the way to the server, not about the events.
            400 if self.kind.ends_with(":broken-body") => Remedy::Wait,
            400 if self.kind.ends_with(":invalid-host") => Remedy::None,
            // Without a problem document it may be from anything on the way: only the server's own says something about events.
            400 | 422 if !self.kind.is_empty() => Remedy::Split,
            _ => Remedy::None,
        }
    }

    /// Reads an answer, whatever it is: a proxy's page in HTML leaves the status.
    pub(crate) fn read(status: u16, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Self {
        let mut problem: Self = serde_json::from_slice(body).unwrap_or_default();
        problem.status = status;
        if problem.request_id.is_none() {
            let id = headers.get("x-request-id").and_then(|value| value.to_str().ok());
            problem.request_id = id.map(str::to_owned);
        }
        if (300..400).contains(&status)
            && let Some(place) = text(headers, &header::LOCATION)
        {
            problem.detail = format!("to {}", place.chars().take(200).collect::<String>());
        }
        problem.retry_after = retry_after(headers, now);
        problem
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// For how long an answer asks to wait: seconds, or a date. How far off a date is follows from the answer's own `Date`; only
/// where there is none from the clock of this machine, which may be set otherwise than the server's.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let asked = text(headers, &header::RETRY_AFTER)?;
    if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(asked.parse().unwrap_or(u32::MAX).into()));
    }
    let date = |text: &str| httpdate::parse_http_date(text).ok();
    let now = text(headers, &header::DATE).and_then(date).unwrap_or(now);
    Some(date(asked)?.duration_since(now).unwrap_or_default())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        let hint = match self.status {
            300..=399 => "it redirects elsewhere: give the URL it redirects to",
            401 => "the API key is missing or unknown: set api_key or SSPP_API_KEY",
            403 => "the API key lacks the scope for this",
            404 if self.kind.ends_with(":unknown-route") => {
                "check the URL: use the server's address, or the root of its API"
            }
            404 if !self.kind.starts_with("urn:sspp:") => {
                "there is no SSPP server at this URL: check the URL"
            }
            407 => "the proxy requires a name and password: add them to its URL",
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
        let problem = Problem::read(503, &headers, body, SystemTime::UNIX_EPOCH);
        assert_eq!((problem.kind.as_str(), problem.request_id.as_deref()), ("urn:x", Some("r-2")));
        assert_eq!(problem.retry_after, Some(Duration::from_secs(7)));
        let page =
            |status, headers: &HeaderMap| Problem::read(status, headers, b"<html>", SystemTime::UNIX_EPOCH);
        assert_eq!(page(502, &headers).to_string(), "502 (request r-1)");
        assert!(page(401, &HeaderMap::new()).to_string().contains("SSPP_API_KEY"));
        for (kind, hint) in [
            ("", "no SSPP server"),
            ("about:blank", "no SSPP server"),
            ("urn:sspp:problem:unknown-route", "check the URL"),
        ] {
            let problem = Problem { kind: kind.into(), status: 404, ..Problem::default() };
            assert!(problem.to_string().contains(hint), "{problem}");
        }
        let found_none =
            Problem { kind: "urn:sspp:problem:not-found".into(), status: 404, ..Problem::default() };
        assert_eq!(found_none.to_string(), "404");
        headers.insert("location", "https://login.example/?next=api".parse().unwrap());
        assert!(page(302, &headers).to_string().contains("to https://login.example/?next=api: it redirects"));
    }

    #[test]
    fn each_status_has_one_remedy() {
        let remedy =
            |status, kind: &str| Problem { status, kind: kind.to_owned(), ..Problem::default() }.remedy();
        for status in 100..=999 {
            let expected = match status {
                408 | 413 | 425 | 429 | 501 | 505 => continue,
                500..=599 => Remedy::Wait,
                _ => Remedy::None,
            };
            assert_eq!(remedy(status, ""), expected, "{status}");
        }
        for status in [408, 425, 429] {
            assert_eq!(remedy(status, ""), Remedy::Wait, "{status}");
        }
        for status in [501, 505] {
            assert_eq!(remedy(status, "urn:x"), Remedy::None, "{status}");
        }
        assert_eq!(remedy(413, ""), Remedy::Split);
        assert_eq!((remedy(400, "urn:x"), remedy(422, "urn:x")), (Remedy::Split, Remedy::Split));
        assert_eq!(remedy(400, "urn:sspp:problem:broken-body"), Remedy::Wait);
        assert_eq!(remedy(400, "urn:sspp:problem:invalid-host"), Remedy::None);
        assert_eq!(remedy(421, "urn:sspp:problem:host-not-allowed"), Remedy::None);
    }

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_until_a_date_by_the_servers_clock() {
        let now = httpdate::parse_http_date("Mon, 30 Nov 2026 12:00:00 GMT").unwrap();
        let asked = |retry_after: &str, date: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", retry_after.parse().unwrap());
            if !date.is_empty() {
                headers.insert("date", date.parse().unwrap());
            }
            super::retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        for (retry_after, date, seconds) in [
            ("7", "", Some(7)),
            (" 0 ", "", Some(0)),
            ("99999999999999999999", "", Some(u64::from(u32::MAX))),
            ("Mon, 30 Nov 2026 12:00:04 GMT", "", Some(4)),
            ("Mon, 30 Nov 2026 11:59:00 GMT", "", Some(0)),
            ("Monday, 30-Nov-26 12:00:04 GMT", "", Some(4)),
            ("Mon Nov 30 12:00:04 2026", "", Some(4)),
            // Servers whose clocks are an hour behind, and a year ahead.
            ("Mon, 30 Nov 2026 11:00:04 GMT", "Mon, 30 Nov 2026 11:00:00 GMT", Some(4)),
            ("Tue, 30 Nov 2027 12:01:00 GMT", "Tue, 30 Nov 2027 12:00:00 GMT", Some(60)),
            ("Mon, 30 Nov 2026 12:00:04 GMT", "yesterday", Some(4)),
            ("", "", None),
            ("-1", "", None),
            ("soon", "Mon, 30 Nov 2026 12:00:00 GMT", None),
        ] {
            assert_eq!(asked(retry_after, date), seconds, "{retry_after} at {date}");
        }
    }
}
