//! The list of every exported metric: what `/metrics` says about them, and what alerts and dashboards are checked against.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_process::Collector;

use super::open::Connections;
use sspp_scoring::ScoringModel;

const EVERY: Duration = Duration::from_secs(5);

/// `sspp-core/crates/runtime/metrics.tsv`: every metric that the binaries export, tab separated, with a header. Its processes are
/// `direct` and `queued` (`sspp-api`, by its intake) and `worker`.
///
/// ```
/// assert!(sspp_runtime::METRICS.contains("\nsspp_api_queue_size\tgauge\tqueued\tqueue_name,state\t"));
/// ```
pub const METRICS: &str = include_str!("../metrics.tsv");

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
    for line in METRICS.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, kind, _, _, meaning] = cells[..] else { continue };
        match kind {
            "counter" => describe_counter!(name, meaning),
            "gauge" => describe_gauge!(name, meaning),
            _ => describe_histogram!(name, meaning),
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
pub(super) async fn measure(sort_durations: impl Fn(), connections: Connections) {
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
