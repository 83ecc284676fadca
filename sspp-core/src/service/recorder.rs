//! Where a process collects its metrics.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

/// Upper bounds of the duration histograms' buckets, in seconds.
const BUCKETS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

/// A recorder whose durations (`…_seconds`) are histograms with the buckets of the whole platform.
///
/// ```
/// let recorder = sspp_core::service::recorder();
/// metrics::with_local_recorder(&recorder, || metrics::counter!("events_total").increment(2));
/// assert!(recorder.handle().render().contains("events_total 2"));
/// ```
pub fn recorder() -> PrometheusRecorder {
    let builder = PrometheusBuilder::new();
    // The one error is an empty list of buckets.
    let builder = builder
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .unwrap_or_else(|_| PrometheusBuilder::new());
    builder.build_recorder()
}
