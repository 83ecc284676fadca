//! The outermost endpoint: gives every request an id, finds its route, keeps panics in, turns every failure into a
//! problem document, counts and logs. One endpoint instead of five, since ingest goes through it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, uri::PathAndQuery};
use poem::{Endpoint, Request, Response, Result};

use super::route_table::RouteEntry;
use super::trace::Traced;
use super::{RouteTable, access_log};
use crate::error::Problem;
use crate::guard::{Access, Allowance, Doorkeeper, Scopes, handshake};
use crate::state::Inner;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A client's request id may have so many characters.
const REQUEST_ID_MAX: usize = 128;

/// Marks an answer of status 4xx or 5xx that is no problem document on purpose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeepBody;

/// The outermost endpoint around the routes.
pub(crate) struct Front<E> {
    state: Arc<Inner>,
    table: RouteTable,
    door: Doorkeeper,
    routes: E,
}

impl<E: Endpoint<Output = Response>> Front<E> {
    pub(crate) fn new(state: Arc<Inner>, table: RouteTable, routes: E) -> Self {
        let door = Doorkeeper::new(&state.settings);
        Self { state, table, door, routes }
    }

    /// Answers a request, and says whose key it showed.
    async fn answer<'f>(
        &'f self,
        mut request: Request,
        entry: Option<&RouteEntry>,
        key: &mut Option<&'f str>,
        allowance: &mut Option<Allowance>,
    ) -> Result<Response, Problem> {
        self.door.check_host(&request)?;
        let Some(entry) = entry else {
            return Err(Problem::unknown_route(request.method().as_str(), request.uri().path()));
        };
        let cors = &self.state.settings.cors;
        let Some(access) = entry.access(request.method()) else {
            if let Some(preflight) = cors.preflight(&request, &entry.allow) {
                return Ok(preflight);
            }
            // What takes events is what the scope `ingest` is for.
            if entry.access(&Method::POST) == Some(Access::Needs(Scopes::INGEST))
                && let Some(answer) = handshake(&request, &entry.allow, &self.state.settings)
            {
                return answer;
            }
            let (method, path) = (request.method().as_str(), request.uri().path());
            return Err(Problem::method_not_allowed(method, path, entry.allow.clone()));
        };
        cors.check_write(&request)?;
        let admission = self.door.admit(&request, access);
        (*key, *allowance) = (admission.key, admission.allowance);
        admission.outcome?;
        if let Some(trimmed) = without_trailing_slash(request.uri().path()) {
            let trimmed = uri_with_path(request.uri(), trimmed);
            *request.uri_mut() = trimmed;
        }
        let lease = self.state.bodies.lease();
        request.extensions_mut().insert(lease.clone());
        let result = AssertUnwindSafe(self.routes.call(request)).catch_unwind().await;
        let mut response = match result {
            Ok(result) => result.unwrap_or_else(poem::Error::into_response),
            Err(panic) => {
                self.state.metrics.panicked();
                return Err(Problem::internal(format!("panicked: {}", panic_text(&*panic))));
            }
        };
        drop(lease);
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            return Err(problem);
        }
        let status = response.status();
        if (status.is_client_error() || status.is_server_error()) && response.data::<KeepBody>().is_none() {
            return Err(Problem::of_status(status));
        }
        Ok(response)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Front<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let started = Instant::now();
        let _in_flight = self.state.metrics.request();
        let method = request.method().clone();
        let uri = request.uri().clone();
        let path = uri.path();
        let id = request_id(request.headers()).unwrap_or_else(|| self.new_request_id());
        let entry = self.table.find(without_trailing_slash(path).unwrap_or(path));
        let shown_id = id.to_str().unwrap_or_default();
        let metrics = entry.map_or(&self.table.unmatched, |entry| &entry.metrics);
        let template = entry.map(|entry| entry.metrics.route());
        let traced = Traced::begin(request.headers(), method.as_str(), template, shown_id);
        let client = request.remote_addr().clone();
        let origin = request.headers().get(header::ORIGIN).cloned();
        let (mut cause, mut key, mut allowance) = (None, None, None);
        let mut response = match traced.run(self.answer(request, entry, &mut key, &mut allowance)).await {
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
            key,
            cause: cause.as_deref(),
        });
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        for (name, value) in allowance.iter().flat_map(Allowance::headers) {
            headers.extend(value.map(|value| (name, value)));
        }
        self.state.settings.cors.open(origin.as_ref(), headers);
        Ok(response)
    }
}

impl<E> Front<E> {
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

/// One trailing slash is forgiven, as the predecessor did.
fn without_trailing_slash(path: &str) -> Option<&str> {
    path.strip_suffix('/').filter(|trimmed| !trimmed.is_empty())
}

fn uri_with_path(uri: &Uri, path: &str) -> Uri {
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    // A part of a valid path is valid.
    parts.path_and_query = PathAndQuery::try_from(path_and_query).ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}
