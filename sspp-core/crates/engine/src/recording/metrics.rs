//! Metrics of recording, in whichever process records; no-ops until it installs a recorder.

use std::time::Duration;

use metrics::{counter, histogram};

use crate::{DeadLetterReason, Record, Recorded};

/// Shows every counter from the start: one that appears with its first event has no rate at that event.
pub(crate) fn register() {
    for name in ["sspp_signals_recorded_total", "sspp_duplicates_total", "sspp_erased_total"] {
        counter!(name).increment(0);
    }
    for reason in DeadLetterReason::ALL {
        counter!("sspp_dead_letters_total", "reason" => reason.as_str()).increment(0);
    }
}

pub(crate) fn recorded<'r>(records: impl Iterator<Item = &'r Record>, outcomes: &[Recorded], took: Duration) {
    #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
    histogram!("sspp_record_events").record(outcomes.len() as f64);
    let count =
        |wanted: fn(&Recorded) -> bool| outcomes.iter().filter(|outcome| wanted(outcome)).count() as u64;
    counter!("sspp_signals_recorded_total").increment(count(|o| matches!(o, Recorded::Signal(_))));
    counter!("sspp_duplicates_total").increment(count(|o| matches!(o, Recorded::Duplicate(_))));
    counter!("sspp_erased_total").increment(count(|o| matches!(o, Recorded::Erased)));
    histogram!("sspp_record_duration_seconds").record(took);
    for (record, outcome) in records.zip(outcomes) {
        match (record, outcome) {
            (Record::DeadLetter(letter), Recorded::DeadLetter(_)) => dead_letter(letter.reason),
            (_, Recorded::Conflict(_)) => dead_letter(DeadLetterReason::EventIdConflict),
            _ => {}
        }
    }
}

fn dead_letter(reason: DeadLetterReason) {
    counter!("sspp_dead_letters_total", "reason" => reason.as_str()).increment(1);
}
