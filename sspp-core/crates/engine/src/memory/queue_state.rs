//! What a queue in memory holds, and its rules, without locks or waiting.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stamps::Stamps;
use crate::ports::CALL_BYTES;
use crate::{Delivery, JobState, NewJob, QueueDepth, QueuedJob, Receipt, Settled, Settlement};
use sspp_events::Timestamp;

/// Where a job stands; instants are microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// To be delivered from an instant on; `i64::MIN` is at once.
    Due(i64),
    /// In hand by a delivery of this number, since it was delivered or kept.
    InHand { delivery: u64, since: i64 },
}

#[derive(Debug)]
struct Job {
    new: NewJob,
    enqueued_at: Timestamp,
    attempts: u32,
    postponed: u32,
    runs: u32,
    stage: Stage,
}

/// The jobs by their number; numbers grow in the order of enqueueing.
#[derive(Debug, Default)]
pub(super) struct QueueState {
    jobs: BTreeMap<u64, Job>,
    numbered: u64,
    deliveries: u64,
    pub(super) stamps: Stamps,
}

impl QueueState {
    pub(super) fn len(&self) -> u64 {
        self.jobs.len() as u64
    }

    pub(super) fn add(&mut self, new: NewJob, now: Timestamp) {
        self.numbered += 1;
        let enqueued_at = self.stamps.stamp(now, new.enqueued_at);
        let stage = Stage::Due(i64::MIN);
        let job = Job { new, enqueued_at, attempts: 0, postponed: 0, runs: 0, stage };
        self.jobs.insert(self.numbered, job);
    }

    pub(super) fn take_due(&mut self, max: usize, now: i64) -> Vec<Delivery> {
        self.take(max, now, false, |stage| matches!(stage, Stage::Due(due) if *due <= now))
    }

    pub(super) fn take_expired(&mut self, max: usize, now: i64, bound: i64) -> Vec<Delivery> {
        self.take(max, now, true, |stage| match stage {
            Stage::InHand { since, .. } => {
                // The clock was set back: the claim counts from now, or it would last that much longer.
                *since = now.min(*since);
                now - *since > bound
            }
            Stage::Due(_) => false,
        })
    }

    fn take(
        &mut self,
        max: usize,
        now: i64,
        suspect: bool,
        mut which: impl FnMut(&mut Stage) -> bool,
    ) -> Vec<Delivery> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        for (number, job) in &mut self.jobs {
            if taken.len() == max || bytes >= CALL_BYTES {
                break;
            }
            if which(&mut job.stage) {
                self.deliveries += 1;
                bytes += job.new.payload.len();
                job.stage = Stage::InHand { delivery: self.deliveries, since: now };
                taken.push(Delivery {
                    receipt: Receipt::new(format!("{number}-{}", self.deliveries)),
                    event_id: job.new.event_id,
                    payload: job.new.payload.clone(),
                    attempts: job.attempts,
                    postponed: job.postponed,
                    suspect,
                    enqueued_at: job.enqueued_at,
                });
            }
        }
        taken
    }

    /// The number and job of a receipt, when the receipt is not stale.
    fn held(&mut self, receipt: &Receipt) -> Option<(u64, &mut Job)> {
        let (number, of) = receipt.as_str().split_once('-')?;
        let (number, of): (u64, u64) = (number.parse().ok()?, of.parse().ok()?);
        let job = self.jobs.get_mut(&number)?;
        matches!(job.stage, Stage::InHand { delivery, .. } if delivery == of).then_some((number, job))
    }

    pub(super) fn settle(&mut self, settled: &Settled, now: i64) {
        let Some((number, job)) = self.held(&settled.receipt) else { return };
        match settled.settlement {
            Settlement::Done => {
                self.jobs.remove(&number);
            }
            Settlement::Retry { delay } => {
                job.attempts = job.attempts.saturating_add(1);
                job.stage = Stage::Due(after(now, delay));
            }
            Settlement::Postpone { delay } => {
                job.postponed = job.postponed.saturating_add(1);
                job.stage = Stage::Due(after(now, delay));
            }
            Settlement::GiveBack => job.stage = Stage::Due(i64::MIN),
        }
    }

    pub(super) fn keep(&mut self, receipt: &Receipt, now: i64) {
        if let Some((_, Job { stage: Stage::InHand { since, .. }, .. })) = self.held(receipt) {
            *since = now;
        }
    }

    /// Counts a run; a stale receipt has none.
    pub(super) fn begin_run(&mut self, receipt: &Receipt) -> u32 {
        self.held(receipt).map_or(0, |(_, job)| {
            job.runs = job.runs.saturating_add(1);
            job.runs
        })
    }

    pub(super) fn end_run(&mut self, receipt: &Receipt) {
        if let Some((_, job)) = self.held(receipt) {
            job.runs = 0;
        }
    }

    pub(super) fn depth(&self, now: i64) -> QueueDepth {
        let mut depth = QueueDepth::default();
        for job in self.jobs.values() {
            match job.stage {
                Stage::Due(due) if due <= now => depth.waiting += 1,
                Stage::Due(_) => depth.delayed += 1,
                Stage::InHand { .. } => depth.active += 1,
            }
        }
        depth
    }

    /// All jobs, the last enqueued first.
    pub(super) fn latest(&self, now: i64) -> impl Iterator<Item = QueuedJob> {
        self.jobs.values().rev().map(move |job| QueuedJob {
            event_id: job.new.event_id,
            state: match job.stage {
                Stage::Due(due) if due <= now => JobState::Waiting,
                Stage::Due(_) => JobState::Delayed,
                Stage::InHand { .. } => JobState::Active,
            },
            payload: job.new.payload.clone(),
            attempts: job.attempts,
            enqueued_at: job.enqueued_at,
        })
    }
}

/// A delay of zero is due at once, even if the clock steps back.
fn after(now: i64, delay: Duration) -> i64 {
    if delay.is_zero() {
        return i64::MIN;
    }
    now.saturating_add(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX))
}
