//! The spans of requests.

use tracing::Span;

use crate::TraceContext;

/// The span of an HTTP request that belongs to a trace, so that what is logged meanwhile names it.
///
/// ```
/// use sspp_core::{TraceContext, service::request_span};
/// let trace = TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None).unwrap();
/// let _span = request_span("POST", "/api/v1/events", "7", &trace);
/// ```
pub fn request_span(method: &str, route: &str, request_id: &str, trace: &TraceContext) -> Span {
    tracing::info_span!(
        target: "sspp::trace",
        parent: None,
        "request",
        method,
        route,
        request_id,
        trace_id = trace.trace_id(),
        parent_id = trace.span_id(),
    )
}
