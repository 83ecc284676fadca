//! The service's metrics, under the predecessor's names; handles are looked up once and then kept.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};
use poem::http::{Method, StatusCode};
use sspp_core::ScoringModel;
use sspp_runtime::{ConnectionMetrics, describe_metrics, show_release};

const REQUESTS: &str = "sspp_api_http_requests_total";
const DURATION: &str = "sspp_api_http_request_duration_seconds";
const RECEIVED: &str = "sspp_api_events_received_total";
const QUEUED: &str = "sspp_api_events_queued_total";
const QUEUE_ERRORS: &str = "sspp_api_events_queue_errors_total";
const WAITING: &str = "sspp_api_waiting_events";
const INCONSISTENT: &str = "sspp_api_explanations_inconsistent_total";
const IN_FLIGHT: &str = "sspp_api_http_requests_in_flight";
const PANICS: &str = "sspp_api_panics_total";
const REJECTED: &str = "sspp_api_events_rejected_total";
const RATE_LIMITED: &str = "sspp_api_rate_limited_total";
const UNAUTHORIZED: &str = "sspp_api_unauthorized_total";
const CONNECTIONS: &str = "sspp_api_connections";
const CONNECTIONS_REFUSED: &str = "sspp_api_connections_refused_total";

/// The service's metrics and where they are collected.
///
/// ```
/// let metrics = sspp_api::Metrics::new();
/// assert!(metrics.render().contains("sspp_api_events_queued_total 0"));
/// ```
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    recorder: Arc<PrometheusRecorder>,
    rendered: PrometheusHandle,
    received: RwLock<HashMap<String, Counter>>,
    queued: Counter,
    queue_errors: Counter,
    inconsistent: Counter,
    in_flight: Gauge,
    panics: Counter,
    rate_limited: Counter,
    unauthorized: Counter,
    forbidden: Counter,
    connections: ConnectionMetrics,
}

/// A request that is being answered, or whose client went away meanwhile.
#[derive(Debug)]
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics with a recorder of their own, so that two services in one process do not mix.
    pub fn new() -> Self {
        let recorder = Arc::new(sspp_runtime::recorder());
        let rendered = recorder.handle();
        metrics::with_local_recorder(&*recorder, || {
            describe_metrics();
            // Refused events of this kind are what every producer makes first.
            counter!(REJECTED, "reason" => "invalid-event").increment(0);
            let in_flight = gauge!(IN_FLIGHT);
            in_flight.set(0.0);
            let unauthorized = |status: &'static str| {
                let counter = counter!(UNAUTHORIZED, "status_code" => status);
                counter.increment(0);
                counter
            };
            Self(Arc::new(Inner {
                received: RwLock::default(),
                queued: registered(QUEUED),
                queue_errors: registered(QUEUE_ERRORS),
                inconsistent: registered(INCONSISTENT),
                in_flight,
                panics: registered(PANICS),
                rate_limited: registered(RATE_LIMITED),
                unauthorized: unauthorized("401"),
                forbidden: unauthorized("403"),
                connections: ConnectionMetrics::new(CONNECTIONS, CONNECTIONS_REFUSED),
                recorder: Arc::clone(&recorder),
                rendered,
            }))
        })
    }

    /// Collects what the engine measures too: everything in this process that uses the `metrics` facade. The first
    /// caller wins; later ones keep what is their own.
    pub fn install_globally(&self) {
        drop(metrics::set_global_recorder(Arc::clone(&self.0.recorder)));
    }

    /// The metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.rendered.render()
    }

    /// Moves recorded durations into their buckets; to be called every few seconds, so that they do not pile up.
    pub fn sort_durations(&self) {
        self.0.rendered.run_upkeep();
    }

    /// Shows the model, and makes the counters of every event type, so that no client can invent labels.
    pub(crate) fn know_event_types(&self, model: &ScoringModel) {
        let mut received = self.0.received.write().unwrap_or_else(PoisonError::into_inner);
        metrics::with_local_recorder(&*self.0.recorder, || {
            show_release(env!("CARGO_PKG_VERSION"), model);
            for rule in model.event_rules() {
                let name = rule.event_type.as_str().to_owned();
                let counter = counter!(RECEIVED, "event_type" => name.clone());
                counter.increment(0);
                received.insert(name, counter);
            }
        });
    }

    pub(crate) fn event_received(&self, event_type: &str) {
        if let Some(counter) = self.0.received.read().unwrap_or_else(PoisonError::into_inner).get(event_type)
        {
            counter.increment(1);
        }
    }

    pub(crate) fn events_queued(&self, events: usize) {
        self.0.queued.increment(events as u64);
    }

    pub(crate) fn queue_failed(&self, events: usize) {
        self.0.queue_errors.increment(events as u64);
    }

    /// How many events wait for a commit of direct intake.
    pub(crate) fn events_wait(&self, events: usize) {
        #[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
        metrics::with_local_recorder(&*self.0.recorder, || gauge!(WAITING).set(events as f64));
    }

    pub(crate) fn explanation_inconsistent(&self) {
        self.0.inconsistent.increment(1);
    }

    /// Counts a request until the answer is ready.
    pub(crate) fn request(&self) -> InFlight {
        self.0.in_flight.increment(1.0);
        InFlight(self.0.in_flight.clone())
    }

    /// What the server counts.
    pub(crate) fn connections(&self) -> ConnectionMetrics {
        self.0.connections.clone()
    }

    pub(crate) fn panicked(&self) {
        self.0.panics.increment(1);
    }

    /// Counts invalid events, by the kind of problem.
    pub(crate) fn events_rejected(&self, reason: &'static str, events: u64) {
        metrics::with_local_recorder(&*self.0.recorder, || {
            counter!(REJECTED, "reason" => reason).increment(events);
        });
    }

    /// Counts requests that were refused before they were read.
    fn refused(&self, status: StatusCode) {
        match status {
            StatusCode::UNAUTHORIZED => self.0.unauthorized.increment(1),
            StatusCode::FORBIDDEN => self.0.forbidden.increment(1),
            StatusCode::TOO_MANY_REQUESTS => self.0.rate_limited.increment(1),
            _ => {}
        }
    }
}

fn registered(name: &'static str) -> Counter {
    let counter = counter!(name);
    counter.increment(0);
    counter
}

const METHODS: [Method; 7] =
    [Method::POST, Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
const STATUSES: [u16; 23] = [
    202, 200, 400, 404, 413, 503, 405, 408, 415, 500, 206, 401, 403, 429, 201, 204, 304, 406, 409, 412, 421,
    422, 431,
];

/// The counters and histograms of one route, made when first used and then found by two short scans.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    route: String,
    cells: Box<[OnceLock<(Counter, Histogram)>]>,
}

impl RouteMetrics {
    pub(crate) fn new(route: impl Into<String>) -> Self {
        let cells = (METHODS.len() + 1) * (STATUSES.len() + 1);
        Self { route: route.into(), cells: std::iter::repeat_with(OnceLock::new).take(cells).collect() }
    }

    /// The route's template.
    pub(crate) fn route(&self) -> &str {
        &self.route
    }

    pub(crate) fn record(&self, metrics: &Metrics, method: &Method, status: StatusCode, took: Duration) {
        let method_at = METHODS.iter().position(|known| known == method).unwrap_or(METHODS.len());
        let status_at = STATUSES.iter().position(|known| *known == status.as_u16()).unwrap_or(STATUSES.len());
        let Some(cell) = self.cells.get(method_at * (STATUSES.len() + 1) + status_at) else { return };
        let (requests, duration) = cell.get_or_init(|| {
            let method = METHODS.get(method_at).map_or("OTHER", Method::as_str).to_owned();
            let status = STATUSES.get(status_at).map_or_else(|| "other".to_owned(), u16::to_string);
            let route = self.route.clone();
            metrics::with_local_recorder(&*metrics.0.recorder, || {
                (
                    counter!(REQUESTS, "method" => method.clone(), "route" => route.clone(), "status_code" => status.clone()),
                    histogram!(DURATION, "method" => method, "route" => route, "status_code" => status),
                )
            })
        });
        if status.is_client_error() {
            metrics.refused(status);
        }
        requests.increment(1);
        duration.record(took.as_secs_f64());
    }
}
