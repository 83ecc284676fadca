//! The access log: one structured line a request, under the target `sspp_api::access`.
//!
//! Successes are at debug (ingest would write 40,000 lines a second), what clients got wrong at info, what went wrong here
//! at warn, with the cause. `LOG_LEVEL=info,sspp_api::access=debug` has all of them, `…=off` none. No line holds a query, a
//! header's value other than the request's id, or a part of a body.

use std::time::Duration;

use http_body::Body as _;
use poem::http::{Method, StatusCode};
use poem::web::RemoteAddr;
use poem::{Body, Response};

/// What is known of a request that was answered.
#[derive(Debug)]
pub(super) struct Line<'r> {
    pub(super) method: &'r Method,
    /// The route's template; `unmatched` where there is none.
    pub(super) route: &'r str,
    /// Without the query.
    pub(super) path: &'r str,
    pub(super) status: StatusCode,
    pub(super) took: Duration,
    /// Of the answer's body; unknown while it streams.
    pub(super) bytes: Option<u64>,
    pub(super) request_id: &'r str,
    pub(super) trace_id: Option<&'r str>,
    /// The caller's address, as the connection has it.
    pub(super) client: &'r RemoteAddr,
    /// The name of the key that was shown, where keys are needed.
    pub(super) key: Option<&'r str>,
    /// For the log only.
    pub(super) cause: Option<&'r str>,
}

/// Writes the line, where its level is on; nothing is formatted otherwise.
pub(super) fn write(line: &Line<'_>) {
    macro_rules! write {
        ($level:ident) => {
            tracing::$level!(
                target: "sspp_api::access",
                method = %line.method,
                route = line.route,
                path = line.path,
                status = line.status.as_u16(),
                duration_ms = milliseconds(line.took),
                bytes = line.bytes,
                request_id = line.request_id,
                trace_id = line.trace_id,
                client = %line.client,
                key = line.key,
                cause = line.cause,
                "request"
            )
        };
    }
    if line.status.is_server_error() {
        write!(warn);
    } else if line.status.is_client_error() {
        write!(info);
    } else {
        write!(debug);
    }
}

/// Milliseconds with at most three decimals, as people read them.
fn milliseconds(took: Duration) -> f64 {
    f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1e3
}

/// How long the answer's body is, where that is known before it is sent.
pub(super) fn length(response: &mut Response) -> Option<u64> {
    type Boxed = http_body_util::combinators::BoxBody<bytes::Bytes, std::io::Error>;
    let body = Boxed::from(response.take_body());
    let length = body.size_hint().exact();
    response.set_body(Body::from(body));
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_at_most_three_decimals() {
        for nanos in [1_001_193_203, 1_848_848, 2_050_409] {
            let milliseconds = milliseconds(Duration::from_nanos(nanos)).to_string();
            let (_, decimals) = milliseconds.split_once('.').unwrap();
            assert!(decimals.len() <= 3, "{milliseconds}");
        }
    }
}
