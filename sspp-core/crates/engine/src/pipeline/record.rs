//! Records a batch: waits while the store is away, and isolates and proves the one event that the store refuses.

use std::collections::VecDeque;

use super::item::{Item, Spent, Stopped};
use super::metrics;
use super::run::Tasks;
use crate::{DeadLetterReason, FailureClass, Record, StoreError, trace_spans};

/// Items that are recorded together.
#[derive(Debug)]
struct Chunk {
    items: Vec<Item>,
    /// Failures in a row that were neither clearly the content's nor clearly the store's.
    unclear: u32,
}

impl Chunk {
    /// One failure more is enough to halve a half again.
    fn halves(mut self) -> [Self; 2] {
        let right = self.items.split_off(self.items.len() / 2);
        [self.items, right].map(|items| Self { items, unclear: SPLIT_AFTER - 1 })
    }
}

/// A chunk that failed this often for an unclear reason is split: perhaps one event is at fault.
const SPLIT_AFTER: u32 = 3;

/// What happens to a chunk that failed.
enum Next {
    /// These are recorded now; none, where all is settled.
    Record(Vec<Chunk>),
    /// It is recorded again, after the others and a pause.
    Wait(Chunk, StoreError),
}

impl Tasks {
    /// Records items and settles each when it is recorded. Those that the pipeline could not record before it was
    /// stopped are given back.
    pub(super) async fn record(&self, items: Vec<Item>) {
        if items.is_empty() {
            return;
        }
        let mut chunks = VecDeque::from([Chunk { items, unclear: 0 }]);
        let mut failures = 0;
        while let Some(chunk) = chunks.pop_front() {
            let Err(error) = self.record_once(&chunk).await else {
                failures = 0;
                self.breaker.close();
                chunk.items.iter().for_each(|item| trace_spans::recorded(&item.span));
                self.settle(chunk.items.into_iter().map(|item| item.delivery.done()).collect()).await;
                continue;
            };
            match self.consider(chunk, error).await {
                // In front: one event is isolated before the others are split too.
                Next::Record(next) => next.into_iter().rev().for_each(|chunk| chunks.push_front(chunk)),
                // A closed store never answers: the pipeline does not wait for it.
                Next::Wait(_, StoreError::Closed) => return self.breaker.close(),
                Next::Wait(chunk, error) => {
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

    async fn record_once(&self, chunk: &Chunk) -> Result<(), StoreError> {
        let records: Vec<Record> = chunk.items.iter().map(|item| item.record.clone()).collect();
        let began = std::time::Instant::now();
        let outcomes = self.signals.record(records).await?;
        #[cfg(feature = "faults")]
        sspp_events::faults::pass(sspp_events::faults::Point::AfterCommit, None);
        let records: Vec<_> = chunk.items.iter().map(|item| &item.record).collect();
        metrics::recorded(&records, &outcomes, began.elapsed());
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

    async fn consider(&self, mut chunk: Chunk, error: StoreError) -> Next {
        match error.class() {
            // However long it lasts: nothing of the batch is at fault.
            FailureClass::Infrastructure => return Next::Wait(chunk, error),
            FailureClass::Unclear => {
                chunk.unclear += 1;
                if chunk.unclear < SPLIT_AFTER {
                    return Next::Wait(chunk, error);
                }
            }
            FailureClass::Data => {}
        }
        if chunk.items.len() > 1 {
            return Next::Record(chunk.halves().into());
        }
        self.judge(chunk, error).await
    }

    /// Judges the one event that the store refuses. It is dead-lettered, or spends an attempt, only where the store takes an
    /// ordinary signal: otherwise the schema is at fault, and the event waits.
    async fn judge(&self, mut chunk: Chunk, refusal: StoreError) -> Next {
        let Some(mut item) = chunk.items.pop() else { return Next::Record(Vec::new()) };
        let event_id = item.delivery.event_id;
        let Record::Signal { signal, payload } = &item.record else {
            tracing::error!(%event_id, error = %refusal, "a dead letter cannot be recorded; its event steps aside");
            self.settle(vec![item.delivery.postpone(self.config.look_again)]).await;
            return Next::Record(Vec::new());
        };
        let proof = self.signals.is_at_fault(signal, payload).await;
        // It was isolated: its next failure is judged at once.
        let again = |item| Chunk { items: vec![item], unclear: SPLIT_AFTER - 1 };
        match proof {
            Err(error) => Next::Wait(again(item), error),
            // It would be taken now: what stood in the way is gone.
            Ok(false) => Next::Wait(again(item), refusal),
            Ok(true) if refusal.class() == FailureClass::Data => {
                item.span
                    .in_scope(|| tracing::warn!(%event_id, error = %refusal, "the store refuses an event"));
                item.turn_into_letter(DeadLetterReason::Rejected, refusal.to_string(), self.now());
                Next::Record(vec![again(item)])
            }
            Ok(true) => {
                let content = item.content();
                match self.spend_attempt(item.delivery, content, refusal.to_string()) {
                    Spent::Retry(settlement) => {
                        self.settle(vec![settlement]).await;
                        Next::Record(Vec::new())
                    }
                    Spent::Exhausted(item) => Next::Record(vec![again(*item)]),
                }
            }
        }
    }
}
