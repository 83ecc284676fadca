//! The spans of what a trace brought, so that log lines name the trace they belong to.

use tracing::Span;

use crate::{EventId, TraceContext};

/// The span of an event that a trace brought: from being taken to being recorded. An event without a trace has none.
pub(crate) fn of_event(trace: Option<&TraceContext>, event_id: EventId) -> Span {
    let Some(trace) = trace else { return Span::none() };
    tracing::info_span!(
        target: "sspp::trace",
        parent: None,
        "process event",
        trace_id = trace.trace_id(),
        parent_id = trace.span_id(),
        %event_id,
    )
}

/// The span of a batch that was taken from the queue.
pub(crate) fn of_batch(events: usize) -> Span {
    tracing::info_span!(target: "sspp::trace", parent: None, "process batch", events)
}
