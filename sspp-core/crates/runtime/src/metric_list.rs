//! The list of every exported metric: what `/metrics` says about them, and what alerts and dashboards are checked against.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_process::Collector;

use sspp_scoring::ScoringModel;

const EVERY: Duration = Duration::from_secs(5);

/// `sspp-core/crates/runtime/metrics.tsv`: every metric that the binaries export, tab separated, with a header.
///
/// ```
/// assert!(sspp_runtime::METRICS.contains("\nsspp_api_queue_size\tgauge\tapi\tqueue_name,state\t"));
/// ```
pub const METRICS: &str = include_str!("../metrics.tsv");

/// One metric of the list.
///
/// ```
/// let panics = sspp_runtime::metric_list().find(|metric| metric.name == "sspp_api_panics_total").unwrap();
/// assert_eq!((panics.kind, panics.binary, panics.labels), ("counter", "api", ""));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name, as Prometheus stores it.
    pub name: &'static str,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Who exports it: `api`, `worker` or `both`. What the pipeline counts is `both`, since embedded mode runs one.
    pub binary: &'static str,
    /// The names of its labels, separated by commas.
    pub labels: &'static str,
    /// What it tells, in a sentence.
    pub meaning: &'static str,
}

/// Every metric of the list, in its order.
///
/// ```
/// assert!(sspp_runtime::metric_list().count() > 30);
/// ```
pub fn metric_list() -> impl Iterator<Item = Metric> {
    METRICS.lines().skip(1).filter_map(|line| {
        let mut cells = line.split('\t');
        let mut next = || cells.next();
        Some(Metric { name: next()?, kind: next()?, binary: next()?, labels: next()?, meaning: next()? })
    })
}

/// Tells the recorder what every metric means.
///
/// ```
/// let recorder = sspp_runtime::recorder();
/// metrics::with_local_recorder(&recorder, || {
///     sspp_runtime::describe_metrics();
///     metrics::counter!("sspp_api_panics_total").increment(0);
/// });
/// assert!(recorder.handle().render().contains("# HELP sspp_api_panics_total Handlers that panicked"));
/// ```
pub fn describe_metrics() {
    for metric in metric_list() {
        match metric.kind {
            "counter" => describe_counter!(metric.name, metric.meaning),
            "gauge" => describe_gauge!(metric.name, metric.meaning),
            _ => describe_histogram!(metric.name, metric.meaning),
        }
    }
}

/// Shows which release and which scoring model run, and that nothing was lost yet of what a process counts only when it is.
///
/// ```
/// let recorder = sspp_runtime::recorder();
/// let model = sspp_core::ScoringModel::embedded_default();
/// metrics::with_local_recorder(&recorder, || sspp_runtime::show_release("0.1.0", &model));
/// assert!(recorder.handle().render().contains("sspp_build_info{version=\"0.1.0\"} 1"));
/// ```
pub fn show_release(version: &'static str, model: &ScoringModel) {
    gauge!("sspp_build_info", "version" => version).set(1.0);
    counter!("sspp_trace_spans_lost_total").increment(0);
    gauge!(
        "sspp_scoring_model_info",
        "model" => model.name().to_owned(),
        "version" => model.version().to_string(),
        "digest" => model.digest().to_string(),
    )
    .set(1.0);
}

/// Shows every five seconds what the process uses (memory, CPU time, threads, file descriptors) and how many connections of
/// its database pool are open and idle, and moves recorded durations into their buckets; until dropped.
pub(super) async fn measure(sort_durations: impl Fn(), connections: impl Fn() -> (u32, u32)) {
    const CONNECTIONS: &str = "sspp_database_connections";
    let process = Collector::default();
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        sort_durations();
        process.collect();
        let (open, idle) = connections();
        gauge!(CONNECTIONS, "state" => "used").set(f64::from(open.saturating_sub(idle)));
        gauge!(CONNECTIONS, "state" => "idle").set(f64::from(idle));
    }
}
