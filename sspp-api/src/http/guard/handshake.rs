//! The handshake of webhooks, as `CloudEvents` has it (HTTP 1.1 Web Hooks for Event Delivery, section 4): a sender asks whether it may
//! deliver events here, and how often. Its deliveries need a key as all do.

use poem::http::{HeaderName, HeaderValue, Method, header};
use poem::{Request, Response};

use crate::http::problem::Problem;
use crate::state::Settings;

const REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
const REQUEST_RATE: HeaderName = HeaderName::from_static("webhook-request-rate");
const ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
const ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");

/// The answer to a sender that asks; none where this is no such question. It is granted where what it delivers afterwards, under
/// this origin, is accepted.
pub(crate) fn handshake(
    request: &Request,
    methods: &HeaderValue,
    settings: &Settings,
) -> Option<Result<Response, Problem>> {
    let headers = request.headers();
    let origin = headers.get(REQUEST_ORIGIN).filter(|_| request.method() == Method::OPTIONS)?;
    if let Err(problem) = settings.cors.check_sender(origin) {
        return Some(Err(problem));
    }
    let mut response = Response::default();
    let answer = response.headers_mut();
    answer.insert(header::ALLOW, methods.clone());
    answer.insert(ALLOWED_ORIGIN, origin.clone());
    let limit = settings.rate_limit.map(|limit| HeaderValue::from(limit.rate.per_minute()));
    if limit.is_some() || headers.contains_key(REQUEST_RATE) {
        answer.insert(ALLOWED_RATE, limit.unwrap_or(HeaderValue::from_static("*")));
    }
    Some(Ok(response))
}
