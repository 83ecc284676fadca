//! The trace of a request: from its `traceparent`, through its span, to whatever it queues.

use std::future::Future;

use poem::http::HeaderMap;
use sspp_core::TraceContext;
use sspp_core::service::request_span;
use tracing::{Instrument as _, Span};

tokio::task_local! {
    static CARRIED: TraceContext;
}

/// The trace that what the running request queues is to carry.
pub(crate) fn carried() -> Option<TraceContext> {
    CARRIED.try_with(Clone::clone).ok()
}

/// A request's part in a trace. A request without a trace costs nothing.
#[derive(Debug)]
pub(super) struct Traced(Option<(TraceContext, Span)>);

impl Traced {
    /// Reads the headers `traceparent` and `tracestate`; bad ones are as good as none.
    pub(super) fn begin(headers: &HeaderMap, method: &str, route: &str, id: &str) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let trace = text("traceparent").and_then(|parent| TraceContext::parse(parent, text("tracestate")));
        Self(trace.map(|trace| {
            let span = request_span(method, route, id, &trace);
            (trace, span)
        }))
    }

    /// Runs the request as a part of the trace.
    pub(super) async fn run<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            None => work.await,
            Some((trace, span)) => CARRIED.scope(trace.clone(), work.instrument(span.clone())).await,
        }
    }

    pub(super) fn trace_id(&self) -> Option<&str> {
        self.0.as_ref().map(|(trace, _)| trace.trace_id())
    }
}
