//! Records a batch: waits while the store is away, and isolates and proves the one event that the store refuses.

use std::collections::VecDeque;

use super::item::{Item, Spent, Stopped};
use super::run::Tasks;
use crate::recording::{Chunk, Next, metrics};
use crate::{DeadLetterReason, FailureClass, Record, StoreError, trace_spans};

impl Tasks {
    /// Records items and settles each when it is recorded. Those that the pipeline could not record before it was
    /// stopped are given back.
    pub(super) async fn record(&self, items: Vec<Item>) {
        if items.is_empty() {
            return;
        }
        let mut chunks = VecDeque::from([Chunk::new(items)]);
        let mut failures = 0;
        while let Some(chunk) = chunks.pop_front() {
            let Err(error) = self.record_once(&chunk).await else {
                failures = 0;
                self.breaker.close();
                chunk.items.iter().for_each(|item| trace_spans::recorded(&item.span));
                self.settle(chunk.items.into_iter().map(|item| item.delivery.done()).collect()).await;
                continue;
            };
            let waits = match chunk.failed(error.class()) {
                Next::Wait(chunk) => Some((chunk, error)),
                // In front: one event is isolated before the others are split too.
                Next::Halves([left, right]) => {
                    chunks.push_front(right);
                    chunks.push_front(left);
                    None
                }
                Next::Suspect(item) => match self.judge(item, error).await {
                    Judged::Settled => None,
                    Judged::Record(item) => {
                        chunks.push_front(Chunk::alone(item));
                        None
                    }
                    Judged::Wait(item, error) => Some((Chunk::alone(item), error)),
                },
            };
            match waits {
                None => {}
                // A closed store never answers: the pipeline does not wait for it.
                Some((_, StoreError::Closed)) => return self.breaker.close(),
                Some((chunk, error)) => {
                    chunks.push_back(chunk);
                    failures += 1;
                    if self.outlast(failures, &error).await.is_err() {
                        let rest = chunks.into_iter().flat_map(|chunk| chunk.items);
                        return self.settle(rest.map(|item| item.delivery.give_back()).collect()).await;
                    }
                }
            }
        }
        // What was unclear is settled one way or the other: the next batch probes for itself.
        self.breaker.close();
    }

    async fn record_once(&self, chunk: &Chunk<Item>) -> Result<(), StoreError> {
        let records: Vec<Record> = chunk.items.iter().map(|item| item.record.clone()).collect();
        let began = std::time::Instant::now();
        let outcomes = self.signals.record(records).await?;
        #[cfg(feature = "faults")]
        sspp_events::faults::pass(sspp_events::faults::Point::AfterCommit, None);
        metrics::recorded(chunk.items.iter().map(|item| &item.record), &outcomes, began.elapsed());
        Ok(())
    }

    /// Waits until the store may be well again.
    async fn outlast(&self, failures: u32, error: &StoreError) -> Result<(), Stopped> {
        self.breaker.open();
        if matches!(error, StoreError::MissingModel { .. }) {
            // The store was restored from a backup that is older than the model.
            self.keep_model().await?;
        }
        self.wait_out("recording signals", failures, error).await
    }

    /// Judges the one event that the store refuses. It is dead-lettered, or spends an attempt, only where the store takes an
    /// ordinary signal: otherwise the schema is at fault, and the event waits.
    async fn judge(&self, mut item: Item, refusal: StoreError) -> Judged {
        let event_id = item.delivery.event_id;
        let Record::Signal { signal, payload } = &item.record else {
            tracing::error!(%event_id, error = %refusal, "a dead letter cannot be recorded; its event is retried later");
            self.settle(vec![item.delivery.postpone(self.config.look_again)]).await;
            return Judged::Settled;
        };
        match self.signals.is_at_fault(signal, payload).await {
            Err(error) => Judged::Wait(item, error),
            // It would be taken now: what stood in the way is gone.
            Ok(false) => Judged::Wait(item, refusal),
            Ok(true) if refusal.class() == FailureClass::Data => {
                item.span
                    .in_scope(|| tracing::warn!(%event_id, error = %refusal, "the store refuses an event"));
                item.turn_into_letter(DeadLetterReason::Rejected, refusal.to_string(), self.now());
                Judged::Record(item)
            }
            Ok(true) => {
                let content = item.content();
                match self.spend_attempt(item.delivery, content, refusal.to_string()) {
                    Spent::Retry(settlement) => {
                        self.settle(vec![settlement]).await;
                        Judged::Settled
                    }
                    Spent::Exhausted(item) => Judged::Record(*item),
                }
            }
        }
    }
}

/// What becomes of the one event that the store refuses.
enum Judged {
    /// It is settled.
    Settled,
    /// It is recorded now, as its dead letter.
    Record(Item),
    /// It is recorded again, after the others and a pause.
    Wait(Item, StoreError),
}
