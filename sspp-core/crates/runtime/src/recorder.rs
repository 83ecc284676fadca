//! Where a process collects its metrics.

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

/// Upper bounds of the duration histograms' buckets, in seconds.
const BUCKETS: [f64; 15] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Upper bounds of the buckets of how many events a batch has.
const EVENTS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0];

/// A recorder whose durations (`…_seconds`) and sizes of batches (`…_events`) are histograms with the buckets of the whole
/// platform.
///
/// ```
/// let recorder = sspp_runtime::recorder();
/// metrics::with_local_recorder(&recorder, || metrics::counter!("events_total").increment(2));
/// assert!(recorder.handle().render().contains("events_total 2"));
/// ```
pub fn recorder() -> PrometheusRecorder {
    let builder = PrometheusBuilder::new();
    // The one error is an empty list of buckets.
    let builder = builder
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)
        .and_then(|builder| builder.set_buckets_for_metric(Matcher::Suffix("_events".to_owned()), &EVENTS))
        .unwrap_or_else(|_| PrometheusBuilder::new());
    builder.build_recorder()
}
