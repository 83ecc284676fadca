//! Recording a batch, whatever goes wrong: outages are waited out, and the one event at fault is isolated.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use super::Shared;
use super::metrics;
use super::reader::Spent;
use crate::{DeadLetterReason, Delivery, FailureClass, Receipt, Record, Settlement, StoreError};

/// A delivery and what the store is to keep of it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) delivery: Delivery,
    pub(super) record: Record,
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

/// A chunk that failed this often while the store answers is split: perhaps one event is at fault.
const SPLIT_AFTER: u32 = 3;

impl Shared {
    /// Records items and says how to settle them: as done, but for what failed alone or could not be recorded before
    /// the pipeline stopped.
    pub(super) async fn record(&self, items: Vec<Item>) -> Vec<Settlement> {
        let mut settlements = Vec::with_capacity(items.len());
        let mut chunks = VecDeque::new();
        if !items.is_empty() {
            chunks.push_back(Chunk::new(items, self.commits()));
        }
        while let Some(mut chunk) = chunks.pop_front() {
            match self.record_once(&chunk, &chunks).await {
                Ok(()) => {
                    self.commits.fetch_add(1, Ordering::Relaxed);
                    self.breaker.close();
                    settlements.extend(chunk.items.into_iter().map(|item| item.delivery.done()));
                }
                Err(error) if error.class() == FailureClass::Data => {
                    if chunk.items.len() > 1 {
                        chunks.extend(chunk.halves(self.commits()));
                    } else {
                        chunks.extend(self.condemn(chunk, &error, &mut settlements));
                    }
                }
                Err(error) => {
                    chunk.failures += 1;
                    if self.hold(&chunk, &chunks, &error).await.is_err() {
                        chunks.push_front(chunk);
                        let rest = chunks.into_iter().flat_map(|chunk| chunk.items);
                        settlements.extend(rest.map(|item| item.delivery.give_back()));
                        return settlements;
                    }
                    if chunk.failures < SPLIT_AFTER || self.store.ping().await.is_err() {
                        chunks.push_back(chunk);
                    } else if chunk.items.len() > 1 {
                        chunks.extend(chunk.halves(self.commits()));
                    } else {
                        chunks.extend(self.fail_alone(chunk, &error, &mut settlements));
                    }
                }
            }
        }
        // Whoever held the breaker open is done with its batch: the next one probes for itself.
        self.breaker.close();
        settlements
    }

    fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    async fn record_once(&self, chunk: &Chunk, rest: &VecDeque<Chunk>) -> Result<(), StoreError> {
        let records: Vec<Record> = chunk.items.iter().map(|item| item.record.clone()).collect();
        let began = std::time::Instant::now();
        let outcomes = self.keeping(chunk, rest, self.store.record(records)).await?;
        let records: Vec<_> = chunk.items.iter().map(|item| &item.record).collect();
        metrics::recorded(&records, &outcomes, began.elapsed());
        Ok(())
    }

    /// The one event whose content the store refuses becomes a dead letter.
    fn condemn(
        &self,
        mut chunk: Chunk,
        error: &StoreError,
        settlements: &mut Vec<Settlement>,
    ) -> Option<Chunk> {
        for item in &mut chunk.items {
            if item.is_dead_letter() {
                return self.fail_alone(chunk, error, settlements);
            }
            tracing::warn!(event_id = %item.delivery.event_id, %error, "the store refuses an event");
            item.condemn(DeadLetterReason::Rejected, error.to_string(), self.now());
        }
        Some(chunk)
    }

    /// An event that fails alone, while the store answers, has failed an attempt if others were recorded meanwhile.
    /// Without that proof it only steps aside, so that it holds up nobody.
    fn fail_alone(
        &self,
        chunk: Chunk,
        error: &StoreError,
        settlements: &mut Vec<Settlement>,
    ) -> Option<Chunk> {
        let others_recorded = self.commits() > chunk.commits_before;
        let mut exhausted = Vec::new();
        for item in chunk.items {
            if item.is_dead_letter() || !others_recorded {
                let event_id = item.delivery.event_id;
                tracing::error!(%event_id, %error, "an event cannot be recorded; it steps aside");
                settlements.push(item.delivery.postpone(self.config.look_again));
                continue;
            }
            match self.spend_attempt(item.delivery, error.to_string()) {
                Spent::Retry(settlement) => settlements.push(settlement),
                Spent::Exhausted(item) => exhausted.push(*item),
            }
        }
        (!exhausted.is_empty()).then(|| Chunk::new(exhausted, self.commits()))
    }

    /// Waits a while with everything of the batch kept claimed.
    async fn hold(
        &self,
        chunk: &Chunk,
        rest: &VecDeque<Chunk>,
        error: &StoreError,
    ) -> Result<(), super::reader::Stopped> {
        self.breaker.open();
        self.keeping(chunk, rest, self.wait_out("recording signals", chunk.failures, error)).await
    }

    /// Runs a future and meanwhile renews, every so often, the claim on all that is in hand.
    async fn keeping<F: Future>(&self, chunk: &Chunk, rest: &VecDeque<Chunk>, work: F) -> F::Output {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(self.config.keep_every) => {
                    let receipts: Vec<Receipt> = std::iter::once(chunk)
                        .chain(rest)
                        .flat_map(|chunk| &chunk.items)
                        .map(|item| item.delivery.receipt.clone())
                        .collect();
                    if let Err(error) = self.queue.keep(receipts).await {
                        tracing::warn!(%error, "renewing the claim on events in hand failed");
                    }
                }
            }
        }
    }
}
