//! Recording a batch, whatever goes wrong: outages are waited out, and the one event at fault is isolated.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::Shared;
use super::metrics;
use super::reader::Spent;
use crate::{DeadLetterReason, Delivery, FailureClass, Record, StoreError, trace_spans};

/// A delivery and what the store is to keep of it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) delivery: Delivery,
    pub(super) record: Record,
    /// The event's own span, where a trace brought it.
    pub(super) span: tracing::Span,
}

/// Items that are recorded together, with what is known of their failures.
#[derive(Debug)]
struct Chunk {
    items: Vec<Item>,
    /// Failures in a row that were not the content's.
    failures: u32,
    /// How many chunks the whole pipeline had recorded when this one was made.
    commits_before: u64,
}

impl Chunk {
    fn new(items: Vec<Item>, commits_before: u64) -> Self {
        Self { items, failures: 0, commits_before }
    }

    /// One failure more is enough to halve a half again.
    fn halves(mut self, commits_before: u64) -> [Self; 2] {
        let right = self.items.split_off(self.items.len() / 2);
        [self.items, right].map(|items| Self { items, failures: SPLIT_AFTER - 1, commits_before })
    }
}

/// A chunk that failed this often for an unclear reason is split: perhaps one event is at fault.
const SPLIT_AFTER: u32 = 3;

impl Shared {
    /// Records items and settles each when it is recorded. Those that the pipeline could not record before it was
    /// stopped are given back.
    pub(super) async fn record(&self, items: Vec<Item>) {
        if items.is_empty() {
            return;
        }
        let mut chunks = VecDeque::from([Chunk::new(items, self.commits())]);
        while let Some(mut chunk) = chunks.pop_front() {
            let Err(error) = self.record_once(&chunk).await else {
                self.commits.fetch_add(1, Ordering::Relaxed);
                self.breaker.close();
                chunk.items.iter().for_each(|item| trace_spans::recorded(&item.span));
                self.settle(chunk.items.into_iter().map(|item| item.delivery.done()).collect()).await;
                continue;
            };
            if matches!(error, StoreError::Closed) {
                // Nobody shall wait for an answer that never comes.
                return self.breaker.close();
            }
            let class = error.class();
            if class != FailureClass::Data {
                chunk.failures += 1;
                self.breaker.open();
                if self.wait_out("recording signals", chunk.failures, &error).await.is_err() {
                    chunks.push_front(chunk);
                    let rest = chunks.into_iter().flat_map(|chunk| chunk.items);
                    return self.settle(rest.map(|item| item.delivery.give_back()).collect()).await;
                }
            }
            match class {
                // However long it lasts: nothing of the batch is at fault.
                FailureClass::Infrastructure => chunks.push_back(chunk),
                FailureClass::Unclear if chunk.failures < SPLIT_AFTER => chunks.push_back(chunk),
                FailureClass::Unclear | FailureClass::Data if chunk.items.len() > 1 => {
                    chunks.extend(chunk.halves(self.commits()));
                }
                FailureClass::Unclear => chunks.extend(self.fail_alone(chunk, &error).await),
                FailureClass::Data => chunks.extend(self.condemn(chunk, &error).await),
            }
        }
        // What was unclear is settled one way or the other: the next batch probes for itself.
        self.breaker.close();
    }

    fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    async fn record_once(&self, chunk: &Chunk) -> Result<(), StoreError> {
        let records: Vec<Record> = chunk.items.iter().map(|item| item.record.clone()).collect();
        let began = std::time::Instant::now();
        let outcomes = self.store.record(records).await?;
        #[cfg(feature = "faults")]
        crate::faults::pass(crate::faults::Point::AfterCommit, None);
        let records: Vec<_> = chunk.items.iter().map(|item| &item.record).collect();
        metrics::recorded(&records, &outcomes, began.elapsed());
        Ok(())
    }

    /// The one event whose content the store refuses becomes a dead letter.
    async fn condemn(&self, mut chunk: Chunk, error: &StoreError) -> Option<Chunk> {
        for item in &mut chunk.items {
            if item.is_dead_letter() {
                return self.fail_alone(chunk, error).await;
            }
            let event_id = item.delivery.event_id;
            item.span.in_scope(|| tracing::warn!(%event_id, %error, "the store refuses an event"));
            item.condemn(DeadLetterReason::Rejected, error.to_string(), self.now());
        }
        Some(chunk)
    }

    /// An event that fails alone has failed an attempt if others were recorded meanwhile. Without that proof it only
    /// steps aside, so that it holds up nobody.
    async fn fail_alone(&self, chunk: Chunk, error: &StoreError) -> Option<Chunk> {
        let others_recorded = self.commits() > chunk.commits_before;
        let mut settlements = Vec::new();
        let mut exhausted = Vec::new();
        for item in chunk.items {
            if item.is_dead_letter() || !others_recorded {
                let event_id = item.delivery.event_id;
                tracing::error!(%event_id, %error, "an event cannot be recorded; it steps aside");
                settlements.push(item.delivery.postpone(self.config.look_again));
                continue;
            }
            let content = item.content();
            match self.spend_attempt(item.delivery, content, error.to_string()) {
                Spent::Retry(settlement) => settlements.push(settlement),
                Spent::Exhausted(item) => exhausted.push(*item),
            }
        }
        self.settle(settlements).await;
        (!exhausted.is_empty()).then(|| Chunk::new(exhausted, self.commits()))
    }
}
