//! The spans of what a trace brought, so that log lines name the trace they belong to, and a collector shows it.

use tracing::Span;

use crate::TraceContext;
use sspp_events::EventId;

/// The span of an event that a trace brought: from being taken to being recorded. An event without a trace has none.
pub fn of_event(trace: Option<&TraceContext>, event_id: EventId) -> Span {
    let Some(trace) = trace else { return Span::none() };
    let span = tracing::info_span!(
        target: "sspp::trace",
        parent: None,
        "process event",
        otel.kind = exported_kind("consumer"),
        trace_id = trace.trace_id(),
        parent_id = trace.span_id(),
        %event_id,
    );
    #[cfg(feature = "otlp")]
    if crate::otlp::is_on() {
        use crate::otlp::{MESSAGE, OPERATION, OPERATION_TYPE, start};
        let attributes = [
            (OPERATION, "process".to_owned()),
            (OPERATION_TYPE, "process".to_owned()),
            (MESSAGE, event_id.to_string()),
        ];
        start(&span, Some(trace), None, attributes);
    }
    span
}

/// An event is recorded: its span ends now. Without this it would end where the event was last worked on alone.
pub fn recorded(span: &Span) {
    span.in_scope(|| {});
}

/// The span of a batch that was taken from the queue. It belongs to many traces, so it is in the log alone.
pub fn of_batch(events: usize) -> Span {
    tracing::info_span!(target: "sspp::trace", parent: None, "process batch", events)
}

/// The kind of a span, where spans are exported: its presence is what tells an exported span from others.
pub fn exported_kind(kind: &'static str) -> Option<&'static str> {
    #[cfg(feature = "otlp")]
    let exported = crate::otlp::is_on();
    #[cfg(not(feature = "otlp"))]
    let exported = false;
    exported.then_some(kind)
}
