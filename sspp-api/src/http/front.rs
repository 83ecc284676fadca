//! The outermost endpoint: gives every request an id, finds its route, lets it in or not, runs the handler, turns every failure into
//! a problem document, counts and logs.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use poem::{Endpoint, Request, Response, Result};

use super::access_log;
use super::call::Call;
use super::docs::unknown_route;
use super::guard::{Allowance, Caller, Doorkeeper, handshake};
use super::operation::Operation;
use super::problem::Problem;
use super::route_table::{Route, RouteTable};
use super::trace::Traced;
use crate::state::Inner;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The most characters of a client's request id.
const REQUEST_ID_MAX: usize = 128;

/// The outermost endpoint.
pub(crate) struct Front {
    state: Arc<Inner>,
    table: RouteTable,
    door: Doorkeeper,
}

impl Front {
    pub(crate) fn new(state: Arc<Inner>, table: RouteTable) -> Self {
        let door = Doorkeeper::new(&state.settings);
        Self { state, table, door }
    }

    /// Answers a request, and notes what it finds out about the caller.
    async fn answer<'f>(
        &'f self,
        request: Request,
        found: Option<(&'f Route, Option<&str>)>,
        trace: &Traced,
        caller: &mut Caller<'f>,
    ) -> Result<Response, Problem> {
        self.door.check_host(&request)?;
        let Some((route, parameter)) = found else { return Err(unknown_route(&request)) };
        let cors = &self.state.settings.cors;
        let Some(operation) = route.operation(request.method()) else {
            if let Some(preflight) = cors.preflight(&request, &route.allow) {
                return Ok(preflight);
            }
            if route.takes_events()
                && let Some(answer) = handshake(&request, &route.allow, &self.state.settings)
            {
                return answer;
            }
            let (method, path) = (request.method().as_str(), request.uri().path());
            return Err(Problem::method_not_allowed(method, path, route.allow.clone()));
        };
        cors.check_write(&request)?;
        self.door.admit(&request, operation.access, caller)?;
        let call = Call {
            request,
            trace: trace.context(),
            parameter: parameter.map(str::to_owned),
            lease: self.state.bodies.lease(),
            state: Arc::clone(&self.state),
        };
        self.handle(operation, call).await
    }

    /// Runs the handler, keeps its panics in, and counts events that it refuses because of what they hold.
    async fn handle(&self, operation: &Operation, call: Call) -> Result<Response, Problem> {
        let answer = AssertUnwindSafe(operation.handle(call)).catch_unwind().await.unwrap_or_else(|panic| {
            self.state.metrics.panicked();
            Err(Problem::internal(format!("panicked: {}", panic_text(&*panic))))
        });
        if let Err(problem) = &answer
            && operation.takes_events
            && matches!(problem.status.as_u16(), 400 | 408 | 413 | 415 | 422)
        {
            self.state.metrics.events_rejected(problem.kind, 1);
        }
        answer
    }
}

impl Endpoint for Front {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let started = Instant::now();
        let _in_flight = self.state.metrics.request();
        let method = request.method().clone();
        let uri = request.uri().clone();
        let path = uri.path();
        let id = request_id(request.headers()).unwrap_or_else(|| self.new_request_id());
        // One trailing slash is forgiven, as the predecessor did.
        let trimmed = path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty());
        let found = self.table.find(trimmed.unwrap_or(path));
        let shown_id = id.to_str().unwrap_or_default();
        let metrics = found.map_or(&self.table.unmatched, |(route, _)| &route.metrics);
        let template = found.map(|(route, _)| route.metrics.route());
        let traced = Traced::begin(request.headers(), method.as_str(), template, shown_id);
        let client = request.remote_addr().clone();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let (mut cause, mut caller) = (None, Caller::default());
        let mut response = match traced.run(self.answer(request, found, &traced, &mut caller)).await {
            Ok(response) => response,
            Err(mut problem) => {
                if problem.is_full_queue() {
                    problem.retry_after = self.state.backpressure.retry_after().or(problem.retry_after);
                }
                let rendered = problem.render(path, shown_id);
                cause = problem.cause.take();
                rendered
            }
        };
        if method == Method::HEAD {
            response.set_body(());
        }
        let status = response.status();
        let took = started.elapsed();
        traced.answered(status);
        metrics.record(&self.state.metrics, &method, status, took);
        access_log::write(&access_log::Line {
            method: &method,
            route: metrics.route(),
            path,
            status,
            took,
            bytes: access_log::length(&mut response),
            request_id: shown_id,
            trace_id: traced.trace_id(),
            client: &client,
            key: caller.key,
            cause: cause.as_deref(),
        });
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if self.state.stopping.is_cancelled() {
            // The client's next request goes to a process that stays.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        for (name, value) in caller.allowance.iter().flat_map(Allowance::headers) {
            headers.extend(value.map(|value| (name, value)));
        }
        self.state.settings.cors.open(origin.as_ref(), headers);
        Ok(response)
    }
}

impl Front {
    fn new_request_id(&self) -> HeaderValue {
        let random = &self.state.ports.random;
        let id = format!("{:016x}{:016x}", random.next_u64(), random.next_u64());
        HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("none"))
    }
}

/// The client's own id, if it is short and printable.
fn request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(REQUEST_ID)?;
    let bytes = value.as_bytes();
    let printable = bytes.iter().all(u8::is_ascii_graphic);
    (!bytes.is_empty() && bytes.len() <= REQUEST_ID_MAX && printable).then(|| value.clone())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}
