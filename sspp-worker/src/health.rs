//! The small server of probes and metrics: nothing secret, nothing that changes anything.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use metrics_exporter_prometheus::PrometheusHandle;
use poem::http::{Method, StatusCode};
use poem::{Endpoint, IntoResponse as _, Request, Response};
use serde_json::json;
use sspp_runtime::{AllowedHosts, HealthReport, Monitor, RequestedHost};
use tokio::sync::watch;

/// What the pipeline is at.
#[derive(Debug)]
pub(crate) enum Phase {
    /// It was not started yet: something has to be waited for.
    Starting,
    /// It takes events, unless its breaker is open.
    Running(watch::Receiver<bool>),
    /// It takes no more and finishes what it has in progress.
    Stopping,
    /// It ended.
    Ended,
}

/// What probes look at.
#[derive(Debug)]
pub(crate) struct Health {
    started: Instant,
    phase: Mutex<Phase>,
    pub(crate) monitor: Monitor,
    metrics: PrometheusHandle,
}

impl Health {
    pub(crate) fn new(monitor: Monitor, metrics: PrometheusHandle) -> Self {
        Self { started: Instant::now(), phase: Mutex::new(Phase::Starting), monitor, metrics }
    }

    pub(crate) fn enter(&self, phase: Phase) {
        *self.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn pipeline(&self) -> &'static str {
        match &*self.phase.lock().unwrap_or_else(PoisonError::into_inner) {
            Phase::Starting => "starting",
            Phase::Running(store_away) if *store_away.borrow() => "paused",
            Phase::Running(_) => "running",
            Phase::Stopping => "stopping",
            Phase::Ended => "ended",
        }
    }

    /// Why the worker is not ready, if it is not.
    fn not_ready(&self) -> Option<String> {
        let pipeline = self.pipeline();
        if matches!(pipeline, "stopping" | "ended") {
            return Some(format!("the pipeline is {pipeline}"));
        }
        let report = self.monitor.report();
        if report.services.is_empty() {
            return Some("the dependencies have not been checked yet".to_owned());
        }
        if let Some(fault) = report.fault() {
            return Some(fault);
        }
        (pipeline != "running").then(|| format!("the pipeline is {pipeline}"))
    }
}

/// The server's endpoint.
#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) health: Arc<Health>,
    pub(crate) allowed_hosts: AllowedHosts,
}

impl Endpoint for Probes {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let answered = std::panic::catch_unwind(AssertUnwindSafe(|| self.answer(&request)));
        Ok(answered.unwrap_or_else(|_| {
            problem(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong")
        }))
    }
}

impl Probes {
    fn answer(&self, request: &Request) -> Response {
        let host = RequestedHost::of(request.version(), request.uri(), request.headers());
        if let Err(fault) = host.and_then(|host| self.allowed_hosts.check(host)) {
            return problem(fault.status(), fault.kind(), &fault.to_string());
        }
        let (method, path) = (request.method(), request.uri().path());
        let show: fn(&Health) -> Response = match path {
            "/livez" => livez,
            "/ready" => ready,
            "/health" => show,
            "/metrics" => scrape,
            _ => return problem(StatusCode::NOT_FOUND, "unknown-route", &format!("Cannot {method} {path}")),
        };
        if !matches!(*method, Method::GET | Method::HEAD) {
            let detail = format!("Cannot {method} {path}: allowed methods are GET, HEAD");
            let refused = problem(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", &detail);
            return refused.with_header("allow", "GET, HEAD").into_response();
        }
        show(&self.health)
    }
}

/// A failure, as the API writes it (RFC 9457).
fn problem(status: StatusCode, kind: &str, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({
        "type": format!("urn:sspp:problem:{kind}"), "title": title, "status": status.as_u16(), "detail": detail,
    });
    answer(status, &body).set_content_type("application/problem+json")
}

fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

fn livez(_: &Health) -> Response {
    answer(StatusCode::OK, &json!({"status": "alive"}))
}

fn ready(health: &Health) -> Response {
    match health.not_ready() {
        None => answer(StatusCode::OK, &json!({"status": "ready"})),
        Some(reason) => {
            let body = json!({"status": "not ready", "reason": reason});
            answer(StatusCode::SERVICE_UNAVAILABLE, &body).with_header("retry-after", "1").into_response()
        }
    }
}

fn show(health: &Health) -> Response {
    let report = health.monitor.report();
    let well = report.is_healthy();
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let HealthReport { services, durability, warnings } = report;
    let services: serde_json::Map<_, _> =
        services.into_iter().map(|(name, dependency)| (name.to_owned(), json!(dependency))).collect();
    let body = json!({
        "status": if well { "healthy" } else { "unhealthy" },
        "version": env!("CARGO_PKG_VERSION"),
        "uptime": health.started.elapsed().as_secs_f64(),
        "pipeline": health.pipeline(),
        "services": services,
        "durability": durability,
        "warnings": warnings,
    });
    answer(status, &body)
}

fn scrape(health: &Health) -> Response {
    Response::builder().content_type("text/plain; version=0.0.4; charset=utf-8").body(health.metrics.render())
}
