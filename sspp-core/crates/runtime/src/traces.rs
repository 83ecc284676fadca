//! A request's part in a trace.

use tracing::Span;

use sspp_engine::TraceContext;
use sspp_engine::trace_spans::exported_kind;

/// A request's part in a trace: its span, which what is logged meanwhile names, and the place in the trace that what it
/// queues carries on.
///
/// ```
/// use sspp_core::TraceContext;
/// use sspp_runtime::RequestTrace;
/// let caller = TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", None).unwrap();
/// let request = RequestTrace::begin("POST", Some("/api/v1/events"), "7", Some(caller.clone())).unwrap();
/// // Nothing is exported here, so the request has no place of its own: what it queues is the caller's.
/// assert_eq!(request.context(), &caller);
/// request.answered(202);
/// assert!(RequestTrace::begin("POST", None, "8", None).is_none());
/// ```
#[derive(Debug)]
pub struct RequestTrace {
    span: Span,
    context: TraceContext,
    #[cfg(feature = "otlp")]
    exported: bool,
}

impl RequestTrace {
    /// Begins the span of a request: of every request when traces are exported, else of one that belongs to a trace. `route` is
    /// the template that the path matched.
    pub fn begin(
        method: &str,
        route: Option<&str>,
        request_id: &str,
        caller: Option<TraceContext>,
    ) -> Option<Self> {
        #[cfg(feature = "otlp")]
        if sspp_engine::otlp::is_on() {
            return Self::exported(method, route, request_id, caller.as_ref());
        }
        let context = caller?;
        let span = span(method, route, request_id, Some(&context));
        Some(Self {
            span,
            context,
            #[cfg(feature = "otlp")]
            exported: false,
        })
    }

    #[cfg(feature = "otlp")]
    fn exported(
        method: &str,
        route: Option<&str>,
        request_id: &str,
        caller: Option<&TraceContext>,
    ) -> Option<Self> {
        use sspp_engine::otlp::{METHOD, ROUTE, start};
        let span = span(method, route, request_id, caller);
        // An unknown method is text of the client: each would make a name of its own.
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE"];
        let known = known.contains(&method);
        let shown = if known { method } else { "HTTP" };
        let name = route.map_or_else(|| shown.to_owned(), |route| format!("{shown} {route}"));
        let method = (METHOD, if known { method } else { "_OTHER" }.to_owned());
        let attributes = std::iter::once(method).chain(route.map(|route| (ROUTE, route.to_owned())));
        let started = start(&span, caller, Some(name), attributes);
        let exported = started.is_some();
        let context = started.or_else(|| caller.cloned())?;
        if caller.is_none() {
            span.record("trace_id", context.trace_id());
        }
        Some(Self { span, context, exported })
    }

    /// The span; work of the request runs in it.
    pub fn span(&self) -> &Span {
        &self.span
    }

    /// What belongs to the trace from here on: the request's own place in it when it is exported, else the caller's.
    pub fn context(&self) -> &TraceContext {
        &self.context
    }

    /// Says with which status the request was answered.
    pub fn answered(&self, status: u16) {
        #[cfg(feature = "otlp")]
        if self.exported {
            sspp_engine::otlp::answered(&self.span, status);
        }
        #[cfg(not(feature = "otlp"))]
        let _ = status;
    }
}

fn span(method: &str, route: Option<&str>, request_id: &str, caller: Option<&TraceContext>) -> Span {
    tracing::info_span!(
        target: "sspp::trace",
        parent: None,
        "request",
        otel.kind = exported_kind("server"),
        method,
        route = route.unwrap_or("unmatched"),
        request_id,
        trace_id = caller.map(TraceContext::trace_id),
        parent_id = caller.map(TraceContext::span_id),
    )
}
