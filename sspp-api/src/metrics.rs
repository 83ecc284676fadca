//! The service's metrics, under the predecessor's names; handles are looked up once and then kept.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use metrics::{
    Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};
use poem::http::{Method, StatusCode};
use sspp_core::{QueueDepth, ScoringModel, SignalStats};

const REQUESTS: &str = "sspp_api_http_requests_total";
const DURATION: &str = "sspp_api_http_request_duration_seconds";
const RECEIVED: &str = "sspp_api_events_received_total";
const QUEUED: &str = "sspp_api_events_queued_total";
const QUEUE_ERRORS: &str = "sspp_api_events_queue_errors_total";
const QUEUE_SIZE: &str = "sspp_api_queue_size";
const INCONSISTENT: &str = "sspp_api_explanations_inconsistent_total";

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
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Metrics with a recorder of their own, so that two services in one process do not mix.
    pub fn new() -> Self {
        let recorder = Arc::new(sspp_core::service::recorder());
        let rendered = recorder.handle();
        metrics::with_local_recorder(&*recorder, || {
            describe();
            Self(Arc::new(Inner {
                received: RwLock::default(),
                queued: registered(QUEUED),
                queue_errors: registered(QUEUE_ERRORS),
                inconsistent: registered(INCONSISTENT),
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
    pub fn upkeep(&self) {
        self.0.rendered.run_upkeep();
    }

    /// Makes the counters of every event type, so that no client can invent labels.
    pub(crate) fn know_event_types(&self, model: &ScoringModel) {
        let mut received = self.0.received.write().unwrap_or_else(PoisonError::into_inner);
        metrics::with_local_recorder(&*self.0.recorder, || {
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

    pub(crate) fn event_queued(&self) {
        self.0.queued.increment(1);
    }

    pub(crate) fn queue_failed(&self) {
        self.0.queue_errors.increment(1);
    }

    pub(crate) fn explanation_inconsistent(&self) {
        self.0.inconsistent.increment(1);
    }

    /// Shows the queue as it is at this scrape.
    pub(crate) fn queue_size(&self, queue: &str, depth: Option<QueueDepth>, stats: Option<&SignalStats>) {
        let sizes = [
            ("waiting", depth.map(|depth| depth.waiting)),
            ("active", depth.map(|depth| depth.active)),
            ("delayed", depth.map(|depth| depth.delayed)),
            ("completed", stats.map(|stats| stats.signals)),
            ("failed", stats.map(|stats| stats.dead_letters)),
        ];
        metrics::with_local_recorder(&*self.0.recorder, || {
            for (state, size) in sizes {
                #[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
                if let Some(size) = size {
                    gauge!(QUEUE_SIZE, "queue_name" => queue.to_owned(), "state" => state).set(size as f64);
                }
            }
        });
    }
}

fn registered(name: &'static str) -> Counter {
    let counter = counter!(name);
    counter.increment(0);
    counter
}

fn describe() {
    describe_counter!(REQUESTS, "HTTP requests answered, by method, route template and status code");
    describe_histogram!(DURATION, "Time from a request's head to its answer, in seconds");
    describe_counter!(RECEIVED, "Valid events received, by event type");
    describe_counter!(QUEUED, "Events that were queued and answered with 202");
    describe_counter!(QUEUE_ERRORS, "Events that the queue failed to take or refused");
    describe_gauge!(QUEUE_SIZE, "Events in the queue, and signals and dead letters made, by state");
    describe_counter!(INCONSISTENT, "Explanations whose total was not the stored score");
}

const METHODS: [Method; 7] =
    [Method::POST, Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS];
const STATUSES: [u16; 11] = [202, 200, 400, 404, 413, 503, 405, 408, 415, 500, 206];

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
        requests.increment(1);
        duration.record(took.as_secs_f64());
    }
}
