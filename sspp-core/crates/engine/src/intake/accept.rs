//! Accepts events: the only place where an event becomes an envelope and a job.

use std::sync::Arc;

use crate::ports::enqueue_all;
use crate::{Admission, Envelope, EventQueue, QueueError, TraceContext};
use sspp_events::{Clock, Event, EventId, Random};

/// What became of one event that was given to [`Intake::accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// What the event is known by.
    pub event_id: EventId,
    /// Whether it is in the queue: then it becomes one signal or one dead letter. If not, send it again under the same event id.
    pub admission: Admission,
}

/// The one way in: takes valid events and answers a verdict for each. Clones share the same ports.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{Admission, Event, EventQueue as _, Intake, MemoryEventQueue, SystemClock, SystemRandom};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let clock = Arc::new(SystemClock);
/// let queue = Arc::new(MemoryEventQueue::new(clock.clone()));
/// let intake = Intake::new(queue.clone(), clock, Arc::new(SystemRandom::new()));
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let verdicts = intake.accept([event], None).await.unwrap();
/// assert_eq!(verdicts[0].admission, Admission::Queued);
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
    ) -> Result<Vec<Verdict>, QueueError> {
        let now = self.clock.now();
        let events = events.into_iter();
        let expected = events.size_hint().0;
        let (mut jobs, mut verdicts) = (Vec::with_capacity(expected), Vec::with_capacity(expected));
        for event in events {
            let envelope = Envelope::new(event, now, &*self.random);
            verdicts.push(Verdict { event_id: envelope.event_id, admission: Admission::Queued });
            jobs.push(envelope.job(trace));
        }
        let admissions = enqueue_all(&*self.queue, jobs).await?;
        for (verdict, admission) in verdicts.iter_mut().zip(admissions) {
            verdict.admission = admission;
        }
        Ok(verdicts)
    }
}
