//! The port through which events wait for the pipeline.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::QueueError;
use crate::{QueueDepth, QueuedJob};
use sspp_events::{AccountId, EventId, Timestamp};

/// About how many bytes of payloads one call hands out: 8 MiB.
pub const CALL_BYTES: usize = 8 * 1024 * 1024;

/// An event to be queued. The queue looks at the ids only; the payload is bytes to it.
///
/// ```
/// use sspp_core::{Clock, Envelope, Event, SystemClock, SystemRandom};
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let envelope = Envelope::new(event, SystemClock.now(), &SystemRandom::new());
/// let job = envelope.job(None);
/// assert_eq!((job.event_id, job.enqueued_at), (envelope.event_id, None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewJob {
    /// The event's id: by it the job is found while it is in the queue.
    pub event_id: EventId,
    /// The event's account: jobs of one account share a shard where a queue has shards.
    pub account_id: AccountId,
    /// The envelope.
    pub payload: Bytes,
    /// `None`: the queue stamps it by its own clock. A replay gives the stamp that the event got first; one that is later
    /// than the queue's own counts as the queue's own.
    pub enqueued_at: Option<Timestamp>,
}

impl NewJob {
    /// A job with any payload. For an event, make it [from its envelope](crate::Envelope::job).
    pub fn new(event_id: EventId, account_id: AccountId, payload: impl Into<Bytes>) -> Self {
        Self { event_id, account_id, payload: payload.into(), enqueued_at: None }
    }
}

/// The queue's answer to one job of an enqueue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The job is in the queue, as durably as the queue is.
    Queued,
    /// The job is not in the queue; try again after this time.
    Refused {
        /// When to try again.
        retry_after: Duration,
    },
}

impl Admission {
    /// When to try again; `None` where the job is in the queue.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Queued => None,
            Self::Refused { retry_after } => Some(*retry_after),
        }
    }
}

/// Queues jobs. A queue that does not answer for each of them has failed: it may have lost one.
pub(crate) async fn enqueue_all(
    queue: &dyn EventQueue,
    jobs: Vec<NewJob>,
) -> Result<Vec<Admission>, QueueError> {
    let given = jobs.len();
    let admissions = queue.enqueue(jobs).await?;
    if admissions.len() != given {
        let reason = format!("it answered about {} of {given} jobs", admissions.len());
        return Err(QueueError::Unavailable { reason });
    }
    Ok(admissions)
}

/// Names one delivery of a job to its adapter; opaque to everyone else. A job that is delivered again has a new one.
///
/// ```
/// let receipt = sspp_core::Receipt::new("7-1");
/// assert_eq!(receipt.as_str(), "7-1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt(Box<str>);

impl Receipt {
    /// Wraps an adapter's text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The adapter's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A job in the hands of a pipeline. It is consumed by settling it; one that is never settled comes back through
/// [`EventQueue::reclaim`].
#[derive(Debug, PartialEq, Eq)]
pub struct Delivery {
    /// By which it is settled.
    pub receipt: Receipt,
    /// The event's id, as it was enqueued.
    pub event_id: EventId,
    /// The payload, as it was enqueued.
    pub payload: Bytes,
    /// How many attempts failed before.
    pub attempts: u32,
    /// How often it was [postponed](Settlement::Postpone) before.
    pub postponed: u32,
    /// Whether it was delivered before and never settled: its holder died or was stuck, perhaps because of it.
    pub suspect: bool,
    /// When it was first enqueued, by the queue's clock.
    pub enqueued_at: Timestamp,
}

impl Delivery {
    /// Settles it as dealt with: the job leaves the queue.
    pub fn done(self) -> Settled {
        Settled { receipt: self.receipt, settlement: Settlement::Done }
    }

    /// Settles it as failed: one attempt is spent, and the job comes again after the delay.
    pub fn retry(self, delay: Duration) -> Settled {
        Settled { receipt: self.receipt, settlement: Settlement::Retry { delay } }
    }

    /// Settles it as not yet possible: no attempt is spent, and the job comes again after the delay.
    pub fn postpone(self, delay: Duration) -> Settled {
        Settled { receipt: self.receipt, settlement: Settlement::Postpone { delay } }
    }

    /// Settles it as not touched: the job waits again as if it had not been delivered.
    pub fn give_back(self) -> Settled {
        Settled { receipt: self.receipt, settlement: Settlement::GiveBack }
    }
}

/// A delivery that its pipeline is done with, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which delivery.
    pub receipt: Receipt,
    /// What becomes of it.
    pub settlement: Settlement,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The job leaves the queue.
    Done,
    /// The job comes again after the delay, with one attempt more counted.
    Retry {
        /// How long from now, by the queue's own clock.
        delay: Duration,
    },
    /// The job comes again after the delay, with no attempt counted.
    Postpone {
        /// How long from now, by the queue's own clock.
        delay: Duration,
    },
    /// The job waits again at once, unsuspected.
    GiveBack,
}

/// How far what a queue or a store acknowledged survives.
///
/// ```
/// assert!(sspp_core::Durability::Durable.at_risk().is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Durability {
    /// As far as the adapter's documentation promises.
    Durable,
    /// Less far, by its server's configuration: one sentence a reason, each with what to change.
    AtRisk(Vec<String>),
}

impl Durability {
    /// Why acknowledged events are at risk; empty when they are not.
    pub fn at_risk(&self) -> &[String] {
        match self {
            Self::Durable => &[],
            Self::AtRisk(reasons) => reasons,
        }
    }

    /// The durability of what needs both; `None` while it is not known and neither is known to be at risk.
    ///
    /// ```
    /// use sspp_core::Durability::{self, AtRisk, Durable};
    /// let risk = AtRisk(vec!["no append-only file".to_owned()]);
    /// assert_eq!(Durability::of_both(Some(Durable), None), None);
    /// assert_eq!(Durability::of_both(Some(risk.clone()), None), Some(risk));
    /// ```
    pub fn of_both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let known = one.is_some() && other.is_some();
        let mut reasons: Vec<String> = Vec::new();
        for reason in [one, other].into_iter().flatten().flat_map(|of| of.at_risk().to_vec()) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        if reasons.is_empty() { known.then_some(Self::Durable) } else { Some(Self::AtRisk(reasons)) }
    }
}

/// Where events wait. Delivery is at least once: a job may be delivered more than once, never not at all.
///
/// **Order.** None is promised, though jobs are delivered roughly first in, first out.
///
/// **Stamps.** The queue stamps each new job by its own clock, and that stamp never falls, also where the clock does. So no
/// host's clock decides when an event was received.
///
/// **Sharing.** Any number of pipelines, in any number of processes where the adapter allows several, receive from one
/// queue; a job is with one of them at a time, as long as that one settles or [keeps](EventQueue::keep) it in time.
///
/// **Stale receipts.** Settling, keeping or counting by a receipt whose job was settled or reclaimed since does
/// nothing and is no error.
///
/// **Cancellation.** Dropping a future of this trait leaves each job as it was or as it would be after the call.
/// Jobs that a dropped `receive` or `reclaim` had taken come back through `reclaim`.
#[async_trait]
pub trait EventQueue: Send + Sync + std::fmt::Debug {
    /// Queues jobs and answers one [`Admission`] a job, in their order.
    ///
    /// A queue that has shards may refuse some and take the others. When it returns, what was admitted survives what
    /// the adapter's documentation says it survives. After an error nothing is acknowledged, though jobs may be in
    /// the queue: sending them again under the same event id is safe, since the store counts an id once.
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Admission>, QueueError>;

    /// Takes up to `max` jobs that are due, waiting up to `wait` for the first. Empty when none came.
    /// An adapter may return fewer than `max`, at least one, so that the payloads of a call stay within about 8 MiB.
    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;

    /// Takes over up to `max` jobs that were delivered and neither settled nor kept for longer than the adapter's
    /// claim bound; they are marked [suspect](Delivery::suspect).
    /// An adapter may return fewer than `max`, at least one, so that the payloads of a call stay within about 8 MiB.
    async fn reclaim(&self, max: usize) -> Result<Vec<Delivery>, QueueError>;

    /// Settles deliveries, all of them or (after an error) perhaps some: calling again is safe.
    async fn settle(&self, settlements: Vec<Settled>) -> Result<(), QueueError>;

    /// Renews the claim on deliveries that take long, so that no other worker reclaims them.
    async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), QueueError>;

    /// Counts, durably, that the suspect is about to be decoded and scored; returns the count, this run included, or 0
    /// for a stale receipt.
    /// A run that the process does not survive stays counted.
    async fn begin_run(&self, receipt: &Receipt) -> Result<u32, QueueError>;

    /// Takes the count of [`begin_run`](EventQueue::begin_run) back to nothing: the suspect was scored and the process lives.
    async fn end_run(&self, receipt: &Receipt) -> Result<(), QueueError>;

    /// How many jobs are waiting, active and delayed.
    async fn depth(&self) -> Result<QueueDepth, QueueError>;

    /// The job of an event; `None` when it is not (or no longer) in the queue.
    async fn job(&self, event_id: EventId) -> Result<Option<QueuedJob>, QueueError>;

    /// The jobs in the queue, the last enqueued first; among shards as finely as the queue's clock tells.
    async fn recent(&self, limit: usize) -> Result<Vec<QueuedJob>, QueueError>;

    /// Whether the queue can take events now: its backlog is below the limit, and a write like an event's was taken. What
    /// refuses an event's write refuses this one: a full memory or disk, a server or file that is only read.
    async fn ping(&self) -> Result<(), QueueError>;

    /// Whether deliveries can be settled now. A queue that is full, of jobs or of memory, can still be drained.
    async fn can_settle(&self) -> Result<(), QueueError> {
        match self.ping().await {
            Err(QueueError::Full { .. }) => Ok(()),
            answer => answer,
        }
    }

    /// Draws a line by the queue's own stamps: what was enqueued before the call has a stamp at or before the answer, and what
    /// is enqueued after it returned has a later one, in every shard. The answer is `at_least` or later: so a line that an
    /// earlier queue drew holds for one that lost its data, or whose clock is behind.
    async fn fence(&self, at_least: Option<Timestamp>) -> Result<Timestamp, QueueError>;

    /// What the queue's clock shows.
    async fn now(&self) -> Result<Timestamp, QueueError>;

    /// How long a delivery may stay neither settled nor [kept](EventQueue::keep) before others may reclaim it. It
    /// exceeds every deadline of processing; a pipeline keeps what it holds every third of it.
    fn claim_bound(&self) -> Duration;

    /// Whether what the queue acknowledged survives a crash of its server, as far as the server tells.
    async fn durability(&self) -> Result<Durability, QueueError>;
}
