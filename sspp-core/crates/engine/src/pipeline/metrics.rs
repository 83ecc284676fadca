//! Names and helpers of the pipeline's metrics; no-ops until the process installs a recorder.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::{DeadLetterReason, Record, Recorded};

/// Shows every counter from the start: one that appears with its first event has no rate at that event.
pub(super) fn register() {
    for name in [
        "sspp_worker_deliveries_total",
        "sspp_worker_signals_recorded_total",
        "sspp_worker_duplicates_total",
        "sspp_worker_erased_total",
        "sspp_worker_retries_total",
        "sspp_worker_reclaimed_total",
    ] {
        counter!(name).increment(0);
    }
    for reason in DeadLetterReason::ALL {
        counter!("sspp_worker_dead_letters_total", "reason" => reason.as_str()).increment(0);
    }
    breaker(false);
}

/// A batch was taken and settled.
pub(super) fn batch(deliveries: usize, took: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    histogram!("sspp_worker_batch_events").record(deliveries as f64);
    histogram!("sspp_worker_batch_duration_seconds").record(took);
}

pub(super) fn recorded(records: &[&Record], outcomes: &[Recorded], took: Duration) {
    let count =
        |wanted: fn(&Recorded) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count() as u64;
    counter!("sspp_worker_signals_recorded_total").increment(count(|o| matches!(o, Recorded::Signal(_))));
    counter!("sspp_worker_duplicates_total").increment(count(|o| matches!(o, Recorded::Duplicate(_))));
    counter!("sspp_worker_erased_total").increment(count(|o| matches!(o, Recorded::Erased)));
    histogram!("sspp_worker_record_duration_seconds").record(took);
    for (record, outcome) in records.iter().zip(outcomes) {
        match (record, outcome) {
            (Record::DeadLetter(letter), Recorded::DeadLetter(_)) => dead_letter(letter.reason),
            (_, Recorded::Conflict(_)) => dead_letter(DeadLetterReason::EventIdConflict),
            _ => {}
        }
    }
}

fn dead_letter(reason: DeadLetterReason) {
    counter!("sspp_worker_dead_letters_total", "reason" => reason.as_str()).increment(1);
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
