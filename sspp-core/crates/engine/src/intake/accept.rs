//! Accepts events: the only place where an event becomes an envelope, and a job or a record.

use std::sync::Arc;
use std::time::Duration;

use super::direct::Direct;
use super::{DirectConfig, IntakeError};
use crate::ports::enqueue_all;
use crate::{
    Admission, Envelope, EventQueue, Housekeeping, Models, NewJob, Recorded, Signals, StoreStatus,
    TraceContext,
};
use sspp_events::{Clock, DeadLetterId, Event, EventId, Random, Timestamp};
use sspp_scoring::ScoringModel;

/// What became of one event that was given to [`Intake::accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// What the event is known by.
    pub event_id: EventId,
    /// Whether it was taken. If not, send it again under the same event id.
    pub outcome: IntakeOutcome,
}

/// Whether an event was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntakeOutcome {
    /// It is in the queue, and becomes one signal or one dead letter.
    Queued,
    /// It is in the store.
    Recorded(Recorded),
    /// It was not taken; try again after this time.
    Refused {
        /// When to try again.
        retry_after: Duration,
    },
}

impl IntakeOutcome {
    /// When to try again; `None` where the event was taken.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Queued | Self::Recorded(_) => None,
            Self::Refused { retry_after } => Some(*retry_after),
        }
    }

    /// The dead letter that the event became at once.
    pub const fn dead_letter(&self) -> Option<DeadLetterId> {
        match self {
            Self::Recorded(Recorded::DeadLetter(id) | Recorded::Conflict(id)) => Some(*id),
            Self::Queued | Self::Recorded(_) | Self::Refused { .. } => None,
        }
    }
}

impl From<Admission> for IntakeOutcome {
    fn from(admission: Admission) -> Self {
        match admission {
            Admission::Queued => Self::Queued,
            Admission::Refused { retry_after } => Self::Refused { retry_after },
        }
    }
}

/// The one way in: takes valid events and answers a verdict for each. Clones share the same ports.
///
/// *Queued* intake puts events into a queue, for a [`Pipeline`](crate::Pipeline). *Direct* intake scores them and records them in
/// the commit of the callers that come together: the answer is the commit, and the signal can be read at once.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::*;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::new()));
/// let store = Arc::new(MemoryStore::new());
/// let model = ScoringModel::embedded_default();
/// let intake = Intake::direct(store.clone(), store.clone(), model, clock, random, DirectConfig::default());
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let verdicts = intake.accept([event], None).await.unwrap();
/// assert!(matches!(verdicts[0].outcome, IntakeOutcome::Recorded(Recorded::Signal(_))));
/// assert!(store.signal_of_event(verdicts[0].event_id).await.unwrap().is_some());
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct Intake {
    target: Target,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Where events go.
#[derive(Debug, Clone)]
enum Target {
    Queue(Arc<dyn EventQueue>),
    Store(Arc<Direct>),
}

impl Intake {
    /// Intake into a queue; clock and randomness make the ids of events that have none of their own.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sspp_core::*;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let clock = Arc::new(SystemClock);
    /// let queue = Arc::new(MemoryEventQueue::new(clock.clone()));
    /// let intake = Intake::queued(queue.clone(), clock, Arc::new(SystemRandom::new()));
    /// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
    /// let verdicts = intake.accept([event], None).await.unwrap();
    /// assert_eq!(verdicts[0].outcome, IntakeOutcome::Queued);
    /// assert_eq!(queue.depth().await.unwrap().waiting, 1);
    /// # });
    /// ```
    pub fn queued(queue: Arc<dyn EventQueue>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { target: Target::Queue(queue), clock, random }
    }

    /// Intake into the two ports of a store that recording needs, scored by a model, which is kept in the store when it is missed.
    ///
    /// Its commits are tasks of the current Tokio runtime. One that a panic ends gives no answer: its callers get a timeout.
    pub fn direct(
        signals: Arc<dyn Signals>,
        models: Arc<dyn Models>,
        model: Arc<ScoringModel>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        config: DirectConfig,
    ) -> Self {
        let direct = Direct::new(signals, models, model, Arc::clone(&random), config);
        Self { target: Target::Store(Arc::new(direct)), clock, random }
    }

    /// Accepts events, and answers one verdict an event, in their order. `trace` is the trace of the request that brought them.
    ///
    /// After an error nothing is promised about any of them: send all of them again. With direct intake, nothing was taken
    /// that the store answered for; what was on its way into a commit may be stored, and counts once under its event id.
    pub async fn accept(
        &self,
        events: impl IntoIterator<Item = Event, IntoIter: Send> + Send,
        trace: Option<&TraceContext>,
    ) -> Result<Vec<Verdict>, IntakeError> {
        let now = self.clock.now();
        let envelopes: Vec<Envelope> =
            events.into_iter().map(|event| Envelope::new(event, now, &*self.random)).collect();
        // No commit would answer for no event.
        if envelopes.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<EventId> = envelopes.iter().map(|envelope| envelope.event_id).collect();
        let outcomes = match &self.target {
            Target::Queue(queue) => {
                let jobs = envelopes.iter().map(|envelope| envelope.job(trace)).collect();
                enqueue_all(&**queue, jobs).await?.into_iter().map(IntakeOutcome::from).collect()
            }
            Target::Store(direct) => direct.take(envelopes, trace, Timestamp::from_datetime(now)).await?,
        };
        let verdict = |(event_id, outcome)| Verdict { event_id, outcome };
        Ok(ids.into_iter().zip(outcomes).map(verdict).collect())
    }

    /// Takes events again that were taken before, with the stamps that they got first, and their payloads byte for byte.
    pub(crate) async fn again(
        &self,
        jobs: Vec<(Envelope, NewJob)>,
    ) -> Result<Vec<IntakeOutcome>, IntakeError> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        match &self.target {
            Target::Queue(queue) => {
                let jobs = jobs.into_iter().map(|(_, job)| job).collect();
                Ok(enqueue_all(&**queue, jobs).await?.into_iter().map(IntakeOutcome::from).collect())
            }
            Target::Store(direct) => {
                let now = Timestamp::from_datetime(self.clock.now());
                let accepted = |(envelope, job): (Envelope, NewJob)| {
                    (envelope.received(job.enqueued_at.unwrap_or(now)), job.payload)
                };
                Ok(direct.again(jobs.into_iter().map(accepted).collect(), now).await?)
            }
        }
    }

    /// How many events wait for a commit; `None` with queued intake, where they wait in the queue.
    pub fn waiting(&self) -> Option<usize> {
        match &self.target {
            Target::Queue(_) => None,
            Target::Store(direct) => Some(direct.waiting()),
        }
    }

    /// Draws a line by the clock that stamps events: what was taken before has a stamp at or before the answer, and what is taken
    /// after an erasure up to it began has a later one.
    pub async fn line(
        &self,
        store: &(impl StoreStatus + Housekeeping + ?Sized),
    ) -> Result<Timestamp, IntakeError> {
        match &self.target {
            Target::Queue(queue) => Ok(queue.fence(None).await?),
            // Where the clock is behind what was erased, events are stamped by the microsecond after that.
            Target::Store(_) => {
                let after_erased =
                    store.erased_up_to().await?.and_then(|up_to| up_to.micros().checked_add(1));
                let now = store.now().await?;
                Ok(after_erased.and_then(Timestamp::from_micros).map_or(now, |stamped| stamped.max(now)))
            }
        }
    }
}
