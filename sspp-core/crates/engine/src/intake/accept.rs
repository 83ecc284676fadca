//! Accepts events: the only place where an event becomes an envelope and a job.

use std::sync::Arc;
use std::time::Duration;

use crate::{Admission, Envelope, EventQueue, IntakeError, QueueError, TraceContext};
use sspp_events::{Clock, Event, EventId, Random};

/// What became of one event that was given to [`Intake::accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The event is kept, as durably as the adapter's documentation says, and becomes one signal or one dead letter.
    Accepted {
        /// What the event is known by.
        event_id: EventId,
    },
    /// There is no room for the event now: send it again after this time, under the same event id.
    Retry {
        /// What the event will be known by.
        event_id: EventId,
        /// When to send it again.
        after: Duration,
    },
}

impl Verdict {
    /// What the event is known by.
    pub const fn event_id(&self) -> EventId {
        match self {
            Self::Accepted { event_id } | Self::Retry { event_id, .. } => *event_id,
        }
    }

    /// When to send the event again; `None` where it was accepted.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Accepted { .. } => None,
            Self::Retry { after, .. } => Some(*after),
        }
    }
}

/// The one way in: takes valid events and answers a verdict for each. Clones share the same ports.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{Event, EventQueue as _, Intake, MemoryEventQueue, SystemClock, SystemRandom, Verdict};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let clock = Arc::new(SystemClock);
/// let queue = Arc::new(MemoryEventQueue::new(clock.clone()));
/// let intake = Intake::new(queue.clone(), clock, Arc::new(SystemRandom::new()));
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let verdicts = intake.accept([event], None).await.unwrap();
/// assert!(matches!(verdicts[..], [Verdict::Accepted { .. }]));
/// assert_eq!(queue.depth().await.unwrap().waiting, 1);
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct Intake {
    queue: Arc<dyn EventQueue>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Intake {
    /// An intake over a queue; clock and randomness make the ids of events that have none of their own.
    pub fn new(queue: Arc<dyn EventQueue>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { queue, clock, random }
    }

    /// Accepts events, and answers one verdict an event, in their order. `trace` is the trace of the request that brought them.
    ///
    /// After an error nothing is promised about any of them: send all of them again.
    pub async fn accept(
        &self,
        events: impl IntoIterator<Item = Event, IntoIter: Send> + Send,
        trace: Option<&TraceContext>,
    ) -> Result<Vec<Verdict>, IntakeError> {
        let now = self.clock.now();
        let events = events.into_iter();
        let expected = events.size_hint().0;
        let (mut jobs, mut verdicts) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        for event in events {
            let envelope = Envelope::new(event, now, &*self.random);
            verdicts.push(Verdict::Accepted { event_id: envelope.event_id });
            jobs.push(envelope.job(trace));
        }
        if jobs.is_empty() {
            return Ok(verdicts);
        }
        let admissions = self.queue.enqueue(jobs).await?;
        let (answered, given) = (admissions.len(), verdicts.len());
        if answered != given {
            let reason = format!("it answered about {answered} of {given} jobs");
            return Err(QueueError::Unavailable { reason }.into());
        }
        for (verdict, admission) in verdicts.iter_mut().zip(admissions) {
            if let Admission::Refused { retry_after } = admission {
                *verdict = Verdict::Retry { event_id: verdict.event_id(), after: retry_after };
            }
        }
        Ok(verdicts)
    }
}
