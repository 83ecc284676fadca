//! What spans tell OpenTelemetry once traces are exported: their parent, their name and the attributes of a closed list.

use std::str::FromStr as _;
use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::trace::{SpanContext, Status, TraceContextExt as _, TraceFlags, TraceState};
use opentelemetry::{Context, KeyValue, SpanId, TraceId};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::TraceContext;

pub const METHOD: &str = "http.request.method";
pub const ROUTE: &str = "http.route";
pub const STATUS: &str = "http.response.status_code";
pub const ERROR: &str = "error.type";
pub const OPERATION: &str = "messaging.operation.name";
pub const OPERATION_TYPE: &str = "messaging.operation.type";
pub const MESSAGE: &str = "messaging.message.id";

/// Every attribute that is exported; others are only logged. Paths and queries are not exported,
/// since they name accounts and users.
pub const EXPORTED: [&str; 7] = [METHOD, ROUTE, STATUS, ERROR, OPERATION, OPERATION_TYPE, MESSAGE];

/// Whether spans are exported; never again off once it is on.
static ON: AtomicBool = AtomicBool::new(false);

pub fn turn_on() {
    ON.store(true, Ordering::Relaxed);
}

pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Starts a span as a child of where a trace came from, or as the first of a new trace. Gives the span's own place in the
/// trace; none where spans are not exported.
pub fn start(
    span: &Span,
    parent: Option<&TraceContext>,
    name: Option<String>,
    attributes: impl IntoIterator<Item = (&'static str, String)>,
) -> Option<TraceContext> {
    if !is_on() {
        return None;
    }
    if let Some(parent) = parent {
        let context = Context::new().with_remote_span_context(remote(parent)?);
        span.set_parent(context).ok()?;
    }
    for (key, value) in attributes {
        span.set_attribute(key, value);
    }
    // Asking for the context starts the span: its ids are known from here on.
    let context = span.context();
    let started = context.span();
    if let Some(name) = name {
        started.update_name(name);
    }
    let own = started.span_context();
    let flags = own.trace_flags().to_u8();
    let header = format!("00-{}-{}-{flags:02x}", own.trace_id(), own.span_id());
    TraceContext::parse(&header, parent.and_then(TraceContext::tracestate))
}

/// Says how a request ended.
pub fn answered(span: &Span, status: u16) {
    span.set_attribute(STATUS, i64::from(status));
    if status >= 500 {
        span.set_attribute(ERROR, status.to_string());
        // The status code says it all; a description might say too much.
        span.set_status(Status::error(""));
    }
}

fn remote(trace: &TraceContext) -> Option<SpanContext> {
    let (trace_id, span_id) =
        (TraceId::from_hex(trace.trace_id()).ok()?, SpanId::from_hex(trace.span_id()).ok()?);
    let flags = if trace.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
    // What is no state to the SDK is still carried on, as text.
    let state = trace.tracestate().and_then(|state| TraceState::from_str(state).ok()).unwrap_or_default();
    Some(SpanContext::new(trace_id, span_id, flags, true, state))
}

/// As key and value of the SDK.
pub fn is_exported(attribute: &KeyValue) -> bool {
    EXPORTED.contains(&attribute.key.as_str())
}
