//! Names and helpers of the pipeline's metrics; no-ops until the process installs a recorder.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::recording::metrics as recording;

/// Shows every counter from the start: one that appears with its first event has no rate at that event.
pub(super) fn register() {
    for name in ["sspp_worker_deliveries_total", "sspp_worker_retries_total", "sspp_worker_reclaimed_total"] {
        counter!(name).increment(0);
    }
    recording::register();
    breaker(false);
}

/// A batch was taken and settled.
pub(super) fn batch(deliveries: usize, took: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    histogram!("sspp_worker_batch_events").record(deliveries as f64);
    histogram!("sspp_worker_batch_duration_seconds").record(took);
}

pub(super) fn received(deliveries: usize) {
    counter!("sspp_worker_deliveries_total").increment(deliveries as u64);
}

pub(super) fn reclaimed(deliveries: usize) {
    counter!("sspp_worker_reclaimed_total").increment(deliveries as u64);
}

pub(super) fn retried() {
    counter!("sspp_worker_retries_total").increment(1);
}

pub(super) fn breaker(open: bool) {
    gauge!("sspp_worker_breaker_open").set(if open { 1.0 } else { 0.0 });
}
