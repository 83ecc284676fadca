//! A commit of direct intake: tried again while the store is away, and an event that the store refuses is isolated.

use std::collections::VecDeque;

use super::direct::{Direct, Stamp, letter_of, locked};
use super::waiting::{Entry, Item};
use crate::recording::{Chunk, Next, metrics};
use crate::{DeadLetterReason, FailureClass, Record, StoreError};

/// What becomes of an event that the store refuses.
enum Judged {
    /// It is recorded now, as its dead letter.
    Record(Entry),
    /// It is recorded again, after a pause.
    Wait(Entry, StoreError),
    /// Its caller has the verdict.
    GivenUp,
}

impl Direct {
    /// Records events until each has its answer or its caller went away.
    pub(super) async fn see_through(&self, entries: Vec<Entry>, stamp: Stamp) {
        let mut chunks = VecDeque::from([Chunk::new(entries)]);
        let mut failures = 0;
        while let Some(mut chunk) = chunks.pop_front() {
            chunk.items.retain(|entry| !entry.slip.is_abandoned());
            if chunk.items.is_empty() {
                continue;
            }
            let Err(error) = self.record(&mut chunk, stamp).await else {
                failures = 0;
                continue;
            };
            let (chunk, error) = match chunk.failed(error.class()) {
                Next::Wait(chunk) => (chunk, error),
                // In front: one event is isolated before the others are split too.
                Next::Halves([left, right]) => {
                    chunks.push_front(right);
                    chunks.push_front(left);
                    continue;
                }
                Next::Suspect(entry) => match self.judge(entry, error).await {
                    Judged::Record(entry) => {
                        chunks.push_front(Chunk::alone(entry));
                        continue;
                    }
                    Judged::Wait(entry, error) => (Chunk::alone(entry), error),
                    Judged::GivenUp => continue,
                },
            };
            if matches!(error, StoreError::Closed) {
                let left = chunks.drain(..).chain([chunk]).flat_map(|chunk| chunk.items);
                return left.for_each(|entry| entry.slip.fail(&error));
            }
            failures += 1;
            self.wait_out(failures, error).await;
            chunks.push_back(chunk);
        }
    }

    /// Records a chunk and answers its callers.
    async fn record(&self, chunk: &mut Chunk<Entry>, stamp: Stamp) -> Result<(), StoreError> {
        let records: Vec<Record> = chunk.items.iter().map(|entry| entry.item.record.clone()).collect();
        let began = std::time::Instant::now();
        let outcomes = match stamp {
            Stamp::Now => self.signals.receive(records).await?,
            Stamp::Kept => self.signals.record(records).await?,
        };
        #[cfg(feature = "faults")]
        sspp_events::faults::pass(sspp_events::faults::Point::AfterCommit, None);
        let records = chunk.items.iter().map(|entry| &entry.item.record);
        metrics::recorded(records, &outcomes, began.elapsed());
        if locked(&self.failure).take().is_some() {
            tracing::info!("recording events works again");
        }
        for (entry, recorded) in chunk.items.drain(..).zip(outcomes) {
            entry.answer(recorded);
        }
        Ok(())
    }

    /// Pauses, and keeps the model where the store lacks it: it is new, or was restored from an older backup. Warns of the first
    /// failure of an outage alone.
    async fn wait_out(&self, failures: u32, error: StoreError) {
        if matches!(error, StoreError::MissingModel { .. }) {
            match self.models.put_model(&self.model.to_record()).await {
                Ok(()) => return,
                Err(error) => tracing::debug!(%error, "the scoring model could not be kept; trying again"),
            }
        }
        // Half of the growing pause is fixed, half is jitter, so that processes do not march in step.
        let half = self.config.pause.ceiling(failures) / 2;
        let pause = half + half.mul_f64(self.random.next_unit());
        if locked(&self.failure).replace(error.clone()).is_none() {
            tracing::warn!(%error, "recording events failed; retrying until it works");
        } else {
            tracing::debug!(%error, failures, pause_ms = pause.as_millis(), "recording events failed; trying again");
        }
        tokio::time::sleep(pause).await;
    }

    /// Judges the one event that the store refuses. It becomes a dead letter only where the store takes an ordinary signal:
    /// otherwise the schema is at fault, and the event waits.
    async fn judge(&self, mut entry: Entry, refusal: StoreError) -> Judged {
        let Item { record, span } = &mut entry.item;
        let Record::Signal { signal, payload } = record else {
            tracing::error!(error = %refusal, "a dead letter cannot be recorded; its event is refused");
            entry.slip.fail(&refusal);
            return Judged::GivenUp;
        };
        match self.signals.is_at_fault(signal, payload).await {
            Err(error) => Judged::Wait(entry, error),
            // It would be taken now: what stood in the way is gone.
            Ok(false) => Judged::Wait(entry, refusal),
            Ok(true) => {
                let event_id = signal.accepted.event_id;
                span.in_scope(|| tracing::warn!(%event_id, error = %refusal, "the store refuses an event"));
                let reason = match refusal.class() {
                    FailureClass::Data => DeadLetterReason::Rejected,
                    FailureClass::Unclear | FailureClass::Infrastructure => {
                        DeadLetterReason::AttemptsExhausted
                    }
                };
                let (accepted, now) = (&signal.accepted, signal.processed_at);
                let letter =
                    letter_of(accepted, signal.content, payload.clone(), reason, refusal.to_string(), now);
                *record = Record::DeadLetter(letter);
                Judged::Record(entry)
            }
        }
    }
}
