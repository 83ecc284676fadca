//! A queue in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::queue_state::QueueState;
use crate::{
    Admission, Delivery, Durability, EventQueue, NewJob, QueueDepth, QueueError, QueuedJob, Receipt, Settled,
};
use sspp_events::{Clock, EventId, Timestamp};

/// How often a waiting receiver looks at the clock for jobs that come again.
const LOOK_AT_CLOCK: Duration = Duration::from_millis(50);

/// A queue in memory. Clones are handles on the same queue; what is in it ends with the process.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{EventQueue, MemoryEventQueue, SystemClock};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let queue = MemoryEventQueue::new(Arc::new(SystemClock));
/// assert_eq!(queue.depth().await.unwrap().total(), 0);
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct MemoryEventQueue {
    clock: Arc<dyn Clock>,
    max_backlog: u64,
    claim_bound: Duration,
    state: Arc<Mutex<QueueState>>,
    arrivals: Arc<Notify>,
}

impl MemoryEventQueue {
    /// An empty queue for up to 1,000,000 jobs, with a claim bound of 60 seconds.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            max_backlog: 1_000_000,
            claim_bound: Duration::from_mins(1),
            state: Arc::default(),
            arrivals: Arc::default(),
        }
    }

    /// Sets how many jobs may be in the queue before it refuses more.
    #[must_use]
    pub fn with_max_backlog(mut self, jobs: u64) -> Self {
        self.max_backlog = jobs;
        self
    }

    /// Sets how long a delivery may stay unsettled and not kept before it may be reclaimed.
    #[must_use]
    pub fn with_claim_bound(mut self, bound: Duration) -> Self {
        self.claim_bound = bound;
        self
    }

    fn shown(&self) -> Timestamp {
        Timestamp::from_datetime(self.clock.now())
    }

    fn micros(&self) -> i64 {
        self.shown().micros()
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        // Nothing under the lock can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room_for(&self, jobs: usize, backlog: u64) -> Result<(), QueueError> {
        if backlog.saturating_add(jobs as u64) > self.max_backlog {
            let retry_after = Duration::from_secs(1);
            return Err(QueueError::Full { backlog, limit: self.max_backlog, retry_after });
        }
        Ok(())
    }
}

#[async_trait]
impl EventQueue for MemoryEventQueue {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Admission>, QueueError> {
        let admissions = vec![Admission::Queued; jobs.len()];
        {
            let mut state = self.state();
            let backlog = state.len();
            self.room_for(jobs.len(), backlog)?;
            for job in jobs {
                state.add(job, self.shown());
            }
        }
        self.arrivals.notify_waiters();
        Ok(admissions)
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        let started = Instant::now();
        loop {
            // Listens before it looks, so that nothing arrives in between unheard.
            let mut arrival = std::pin::pin!(self.arrivals.notified());
            arrival.as_mut().enable();
            let taken = self.state().take_due(max, self.micros());
            let left = wait.saturating_sub(started.elapsed());
            if max == 0 || left.is_zero() || !taken.is_empty() {
                return Ok(taken);
            }
            // Whether it was heard or not, the loop looks again.
            let _ = timeout(left.min(LOOK_AT_CLOCK), arrival).await;
        }
    }

    async fn reclaim(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        let bound = i64::try_from(self.claim_bound.as_micros()).unwrap_or(i64::MAX);
        Ok(self.state().take_expired(max, self.micros(), bound))
    }

    async fn settle(&self, settlements: Vec<Settled>) -> Result<(), QueueError> {
        {
            let (mut state, now) = (self.state(), self.micros());
            for settlement in &settlements {
                state.settle(settlement, now);
            }
        }
        self.arrivals.notify_waiters();
        Ok(())
    }

    async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        let (mut state, now) = (self.state(), self.micros());
        for receipt in &receipts {
            state.keep(receipt, now);
        }
        Ok(())
    }

    async fn begin_run(&self, receipt: &Receipt) -> Result<u32, QueueError> {
        Ok(self.state().begin_run(receipt))
    }

    async fn end_run(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.state().end_run(receipt);
        Ok(())
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        Ok(self.state().depth(self.micros()))
    }

    async fn job(&self, event_id: EventId) -> Result<Option<QueuedJob>, QueueError> {
        Ok(self.state().latest(self.micros()).find(|job| job.event_id == event_id))
    }

    async fn recent(&self, limit: usize) -> Result<Vec<QueuedJob>, QueueError> {
        Ok(self.state().latest(self.micros()).take(limit).collect())
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.room_for(1, self.state().len())
    }

    async fn fence(&self, at_least: Option<Timestamp>) -> Result<Timestamp, QueueError> {
        Ok(self.state().stamps.fence(self.shown(), at_least))
    }

    async fn now(&self) -> Result<Timestamp, QueueError> {
        Ok(self.shown())
    }

    fn claim_bound(&self) -> Duration {
        self.claim_bound
    }

    async fn durability(&self) -> Result<Durability, QueueError> {
        Ok(Durability::AtRisk(vec!["the queue is in memory and ends with the process".to_owned()]))
    }
}
