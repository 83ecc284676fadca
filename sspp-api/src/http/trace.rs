//! The trace of a request: from its `traceparent`, through its span, to whatever it queues.

use std::future::Future;

use poem::http::{HeaderMap, StatusCode};
use sspp_core::TraceContext;
use sspp_runtime::RequestTrace;
use tracing::Instrument as _;

/// A request's part in a trace. A request without a trace costs nothing, unless traces are exported: then each has one.
#[derive(Debug)]
pub(super) struct Traced(Option<RequestTrace>);

impl Traced {
    /// Reads the headers `traceparent` and `tracestate`; bad ones are as good as none.
    pub(super) fn begin(headers: &HeaderMap, method: &str, route: Option<&str>, id: &str) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let caller = text("traceparent").and_then(|parent| TraceContext::parse(parent, text("tracestate")));
        Self(RequestTrace::begin(method, route, id, caller))
    }

    /// Runs the request as a part of the trace.
    pub(super) async fn run<F: Future>(&self, work: F) -> F::Output {
        match &self.0 {
            None => work.await,
            Some(trace) => work.instrument(trace.span().clone()).await,
        }
    }

    /// The trace that what the request queues is to carry.
    pub(super) fn context(&self) -> Option<TraceContext> {
        self.0.as_ref().map(|trace| trace.context().clone())
    }

    /// Says how the request was answered.
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(trace) = &self.0 {
            trace.answered(status.as_u16());
        }
    }

    pub(super) fn trace_id(&self) -> Option<&str> {
        self.0.as_ref().map(|trace| trace.context().trace_id())
    }
}
