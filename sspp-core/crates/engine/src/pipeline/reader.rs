//! Readers: each takes a batch, processes and settles it, and takes the next.

use std::sync::Arc;
use std::time::Duration;

use tracing::{Instrument as _, Span};

use super::item::{Item, Spent, Stopped};
use super::metrics;
use super::process::{Outcome, dead_letter, process};
use super::run::Tasks;
use crate::{DeadLetterReason, Delivery, QueueError, Receipt, Settled, trace_spans};
use sspp_events::ContentDigest;

impl Tasks {
    /// Keeps the model in the store, however long that takes.
    pub(super) async fn keep_model(&self) -> Result<(), Stopped> {
        let record = self.model.to_record();
        let mut failures = 0;
        while let Err(error) = self.models.put_model(&record).await {
            failures += 1;
            self.wait_out("keeping the scoring model", failures, &error).await?;
        }
        Ok(())
    }

    /// Takes batches until stopped.
    pub(super) async fn read(self: Arc<Self>) {
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            tokio::select! {
                () = self.breaker.closed() => {}
                () = self.stop.cancelled() => return,
            }
            // Not cancelled half-way: what a dropped receive had taken would wait for the claim bound.
            match self.queue.receive(self.config.batch, self.config.wait).await {
                Ok(deliveries) => {
                    failures = 0;
                    if !deliveries.is_empty() {
                        metrics::received(deliveries.len());
                        self.see_through(deliveries).await;
                    }
                }
                // A closed queue stays closed: the pipeline ends, and its caller sees that.
                Err(QueueError::Closed) => return,
                Err(error) => {
                    failures += 1;
                    if self.wait_out("receiving events", failures, &error).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Sees deliveries through to their settlement, and meanwhile renews the claim on them every so often.
    pub(super) async fn see_through(&self, deliveries: Vec<Delivery>) {
        let (began, events) = (std::time::Instant::now(), deliveries.len());
        let receipts: Vec<Receipt> = deliveries.iter().map(|delivery| delivery.receipt.clone()).collect();
        let work = self.process_and_record(deliveries).instrument(trace_spans::of_batch(events));
        tokio::pin!(work);
        let keep_every = self.queue.claim_bound() / 3;
        loop {
            tokio::select! {
                () = &mut work => return metrics::batch(events, began.elapsed()),
                () = tokio::time::sleep(keep_every) => {
                    // Those that are settled by now have stale receipts, which do nothing.
                    if let Err(error) = self.queue.keep(receipts.clone()).await {
                        tracing::warn!(%error, "renewing the claim on events in progress failed");
                    }
                }
            }
        }
    }

    async fn process_and_record(&self, deliveries: Vec<Delivery>) {
        let mut settlements = Vec::new();
        let mut items = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let outcome = if delivery.suspect {
                let Ok(outcome) = self.run_alone(&delivery).await else {
                    settlements.push(delivery.give_back());
                    continue;
                };
                outcome
            } else {
                process(&delivery, &self.model, &self.config, self.now())
            };
            match outcome {
                Outcome::Record(record, span) => items.push(Item { delivery, record, span }),
                Outcome::NotYet => settlements.push(delivery.postpone(self.config.look_again)),
                Outcome::Failed(detail) => match self.spend_attempt(delivery, None, detail) {
                    Spent::Retry(settlement) => settlements.push(settlement),
                    Spent::Exhausted(item) => items.push(*item),
                },
            }
        }
        self.settle(settlements).await;
        self.record(items).await;
    }

    /// Counts a failed attempt: the event is tried again later, or becomes a dead letter.
    pub(super) fn spend_attempt(
        &self,
        mut delivery: Delivery,
        content: Option<ContentDigest>,
        detail: String,
    ) -> Spent {
        let failed = delivery.attempts + 1;
        tracing::warn!(event_id = %delivery.event_id, failed, detail, "an attempt failed");
        if self.config.retry.may_retry(failed) {
            metrics::retried();
            return Spent::Retry(delivery.retry(self.config.retry.delay(failed, self.random.as_ref())));
        }
        delivery.attempts = failed;
        let record = dead_letter(&delivery, content, DeadLetterReason::AttemptsExhausted, detail, self.now());
        Spent::Exhausted(Box::new(Item { delivery, record, span: Span::none() }))
    }

    pub(super) async fn settle(&self, settlements: Vec<Settled>) {
        let mut failures = 0;
        while !settlements.is_empty() {
            let Err(error) = self.queue.settle(settlements.clone()).await else { return };
            failures += 1;
            // Unsettled deliveries come back, and the store knows them.
            if matches!(error, QueueError::Closed) {
                return;
            }
            if self.wait_out("settling events", failures, &error).await.is_err() {
                return;
            }
        }
    }

    /// Says what failed and pauses: longer with every failure in a row.
    pub(super) async fn wait_out(
        &self,
        doing: &str,
        failures: u32,
        error: &(dyn std::error::Error + Sync),
    ) -> Result<(), Stopped> {
        let pause = self.pause_after(failures);
        tracing::warn!(%error, failures, pause_ms = pause.as_millis(), "{doing} failed; trying again");
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.stop.cancelled() => Err(Stopped),
        }
    }

    /// Half of the growing pause is fixed, half is jitter, so that holders neither hammer nor march in step.
    fn pause_after(&self, failures: u32) -> Duration {
        let half = self.config.pause.ceiling(failures) / 2;
        half + half.mul_f64(self.random.next_unit())
    }
}
