//! Browsers of other origins: which may read answers, and which may write.

use std::str::FromStr;

use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};

use crate::http::problem::Problem;

/// What a page may send besides what browsers always allow.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, x-api-key, content-type, content-encoding, idempotency-key, x-request-id, traceparent, tracestate, \
     if-none-match, last-event-id",
);
/// What a page may read besides what browsers always show.
const EXPOSED_HEADERS: HeaderValue = HeaderValue::from_static(
    "x-request-id, retry-after, ratelimit, ratelimit-policy, etag, www-authenticate, allow, content-disposition",
);
const PREFLIGHT_SECONDS: HeaderValue = HeaderValue::from_static("600");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins whose pages may use the API: `https://app.example,https://ops.example`, or `*` for every one. None unless set.
///
/// ```
/// let origins: sspp_api::CorsOrigins = "https://app.example".parse().unwrap();
/// assert!(!origins.is_empty());
/// assert!("https://app.example/path".parse::<sspp_api::CorsOrigins>().is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CorsOrigins {
    any: bool,
    listed: Vec<String>,
}

impl CorsOrigins {
    /// Whether no other origin may use the API.
    pub const fn is_empty(&self) -> bool {
        !self.any && self.listed.is_empty()
    }

    fn allow(&self, origin: &HeaderValue) -> bool {
        self.any || self.listed.iter().any(|listed| listed.as_bytes() == origin.as_bytes())
    }

    /// The answer to a browser that asks whether a page may ask; none where this is no such question or the origin is not
    /// allowed. It carries no key, so none is needed.
    pub(crate) fn preflight(&self, request: &Request, methods: &HeaderValue) -> Option<Response> {
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN)?;
        let asks = request.method() == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || !self.allow(origin) {
            return None;
        }
        let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
        let answer = response.headers_mut();
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods.clone());
        answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
        Some(response)
    }

    /// Lets the page of an allowed origin read an answer, problems included.
    pub(crate) fn open(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if self.is_empty() {
            return;
        }
        if !self.any {
            // Caches must not give one origin's answer to another.
            answer.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = origin.filter(|origin| self.allow(origin)) {
            let allowed = if self.any { HeaderValue::from_static("*") } else { origin.clone() };
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        }
    }

    /// Refuses what changes something and comes from a page of an origin that is not allowed: without keys, on loopback, any
    /// page that a developer opens could otherwise send it.
    pub(crate) fn check_write(&self, request: &Request) -> Result<(), Problem> {
        if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
            return Ok(());
        }
        let headers = request.headers();
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let own = match headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes) {
            Some(site) => site == b"same-origin" || site == b"none",
            None if host_of(origin.as_bytes()) == headers.get(header::HOST).map(HeaderValue::as_bytes) => {
                true
            }
            None => return self.check_sender(origin),
        };
        if own { Ok(()) } else { self.check_page(origin) }
    }

    /// Refuses what comes under an origin that is a page's and not allowed. A sender of webhooks names itself without a scheme, which
    /// no browser does.
    pub(crate) fn check_sender(&self, origin: &HeaderValue) -> Result<(), Problem> {
        let bytes = origin.as_bytes();
        let is_page = bytes == b"null" || bytes.windows(3).any(|part| part == b"://");
        if is_page { self.check_page(origin) } else { Ok(()) }
    }

    fn check_page(&self, origin: &HeaderValue) -> Result<(), Problem> {
        if self.allow(origin) {
            return Ok(());
        }
        let shown: String = String::from_utf8_lossy(origin.as_bytes()).chars().take(100).collect();
        let detail =
            format!("Pages from {shown} may not send this request: add the origin to SSPP_CORS_ORIGINS");
        Err(Problem::new(StatusCode::FORBIDDEN, "cross-origin", detail))
    }
}

fn host_of(origin: &[u8]) -> Option<&[u8]> {
    origin.strip_prefix(b"https://").or_else(|| origin.strip_prefix(b"http://"))
}

impl FromStr for CorsOrigins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut origins = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let host = host_of(entry.as_bytes()).unwrap_or_default();
            let plain =
                |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b':' | b'[' | b']');
            if entry == "*" {
                origins.any = true;
            } else if !host.is_empty() && host.iter().all(plain) {
                origins.listed.push(entry.to_owned());
            } else {
                return Err(format!(
                    "{entry:?} is not an origin: write scheme, host and port only, in lower case, such as https://app.example:8443, or *"
                ));
            }
        }
        Ok(origins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, lines: &[(&str, &str)]) -> Request {
        let request = Request::builder().method(method).header("host", "api.example");
        lines.iter().fold(request, |request, (name, value)| request.header(*name, *value)).finish()
    }

    #[test]
    fn origins_are_whole_and_nothing_more() {
        for good in
            ["", "*", "https://app.example", "http://localhost:5173, https://a.example", "http://[::1]:3000"]
        {
            assert!(good.parse::<CorsOrigins>().is_ok(), "{good}");
        }
        for bad in [
            "app.example",
            "https://",
            "https://app.example/",
            "https://App.example",
            "https://*.example",
            "null",
            "ftp://a",
        ] {
            assert!(bad.parse::<CorsOrigins>().unwrap_err().contains("not an origin"), "{bad}");
        }
    }

    #[test]
    fn a_page_of_another_origin_writes_only_where_it_is_listed() {
        let listed: CorsOrigins = "https://app.example".parse().unwrap();
        let none = CorsOrigins::default();
        let from = |origin: &str, site: &str| {
            let lines = [("origin", origin), ("sec-fetch-site", site)];
            request(Method::POST, if site.is_empty() { &lines[..1] } else { &lines })
        };
        for good in [from("https://app.example", "cross-site"), from("https://app.example", "")] {
            assert!(listed.check_write(&good).is_ok());
            assert_eq!(none.check_write(&good).unwrap_err().status, StatusCode::FORBIDDEN);
        }
        for evil in
            [from("https://evil.example", "cross-site"), from("https://evil.example", ""), from("null", "")]
        {
            assert!(listed.check_write(&evil).is_err());
        }
        for own in [
            from("http://api.example", ""),
            from("https://api.example", "same-origin"),
            request(Method::POST, &[]),
            // A sender of webhooks, but not where a browser says that a page sends.
            from("eventemitter.example", ""),
        ] {
            assert!(none.check_write(&own).is_ok());
        }
        assert!(none.check_write(&from("eventemitter.example", "cross-site")).is_err());
        assert!(none.check_write(&request(Method::GET, &[("origin", "https://evil.example")])).is_ok());
    }
}
