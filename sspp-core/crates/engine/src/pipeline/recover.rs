//! Recovery: takes over what a dead or stuck holder left, and runs each such suspect alone.

use std::sync::Arc;

use super::item::Stopped;
use super::metrics;
use super::process::{Outcome, dead_letter, process};
use super::run::Tasks;
use crate::{DeadLetterReason, Delivery, QueueError};

impl Tasks {
    /// Looks for abandoned deliveries every so often, until stopped; not before the process has lived for a while. A
    /// process that is killed again and again soon after its start would otherwise die with the same first suspect in
    /// hand each time, and an innocent event would become a dead letter.
    pub(super) async fn recover(self: Arc<Self>) {
        let calm = self.config.suspects_after;
        let every = self.config.reclaim_every.min(self.queue.claim_bound() / 2);
        tokio::select! {
            () = tokio::time::sleep(calm + calm.mul_f64(self.random.next_unit())) => {}
            () = self.stop.cancelled() => {}
        }
        while !self.stop.is_cancelled() {
            if !self.breaker.is_open() {
                match self.queue.reclaim(self.config.batch).await {
                    Ok(suspects) if suspects.is_empty() => {}
                    Ok(suspects) => {
                        tracing::warn!(suspects = suspects.len(), "taking over events that were not settled");
                        metrics::reclaimed(suspects.len());
                        self.see_through(suspects).await;
                        continue;
                    }
                    Err(QueueError::Closed) => return,
                    Err(error) => tracing::warn!(%error, "looking for abandoned events failed; trying again"),
                }
            }
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// Scores a suspect with its run counted, so that an event that kills every process it meets is found out while
    /// its innocent mates are not: only the one that is running when the process dies stays counted.
    pub(super) async fn run_alone(&self, suspect: &Delivery) -> Result<Outcome, Stopped> {
        if self.stop.is_cancelled() {
            return Err(Stopped);
        }
        let mut failures = 0;
        let run = loop {
            match self.queue.begin_run(&suspect.receipt).await {
                Ok(run) => break run,
                Err(error) => {
                    failures += 1;
                    self.wait_out("counting a suspect's run", failures, &error).await?;
                }
            }
        };
        if run > self.config.crashes {
            let detail = format!("the process died {} times in a row while it scored this event", run - 1);
            let letter = dead_letter(suspect, None, DeadLetterReason::CrashLoop, detail, self.now());
            return Ok(Outcome::Record(letter, tracing::Span::none()));
        }
        let outcome = process(suspect, &self.model, &self.config, self.now());
        failures = 0;
        while let Err(error) = self.queue.end_run(&suspect.receipt).await {
            failures += 1;
            self.wait_out("ending a suspect's run", failures, &error).await?;
        }
        Ok(outcome)
    }
}
