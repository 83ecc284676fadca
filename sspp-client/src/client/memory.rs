//! An emitter that keeps what it is given, for tests of programs that emit.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sspp_events::{Event, EventId, Violation};
use tokio::sync::mpsc;

use super::emitter::SignalEmitter;
use crate::api::BatchVerdict;
use crate::errors::{Error, Remedy};
use crate::event::SalesEvent;
use crate::outbox::{
    Batch, CloseReport, DropReason, Outbox, Outcome, Pushed, Queue, Sending, Stats, Store as _,
};

/// A client in front of a server in memory, for tests: it obeys the client's rules and settings, and answers at once. Clones
/// share what they keep.
///
/// ```
/// use sspp_client::{MemoryEmitter, SalesEvent, SignalEmitter};
/// let emitter = MemoryEmitter::new();
/// emitter.emit(SalesEvent::call_made("acc_1", "user_1").with("minutes", 12))?;
/// assert!(emitter.emit(SalesEvent::call_made("", "user_1")).is_err());
/// let events = emitter.events();
/// assert_eq!((events.len(), events[0].metadata.as_str()), (1, r#"{"minutes":12}"#));
/// # Ok::<(), sspp_client::Error>(())
/// ```
///
/// It accepts every valid event, until a test makes it [`reject`](Self::reject), to be [`full`](Self::full) or to
/// [`fail`](Self::fail); [`accept`](Self::accept) ends each of them:
///
/// ```
/// use sspp_client::{DropReason, Error, MemoryEmitter, SalesEvent, SignalEmitter, TransportError, Violation};
/// let event = || SalesEvent::call_made("acc_1", "user_1");
/// let emitter = MemoryEmitter::new();
///
/// emitter.reject(|event| (event.account_id.as_str() == "acc_1").then(|| Violation::of_member("accountId", "unknown", "is unknown")));
/// emitter.emit(event())?; // as the client does: the server says no later
/// assert_eq!((emitter.events().len(), emitter.stats().rejected), (0, 1));
///
/// emitter.fail(Error::Transport(TransportError::timeout()));
/// emitter.emit(event())?;
/// assert_eq!(emitter.stats().dropped_by(DropReason::RetriesSpent), 1);
///
/// emitter.accept();
/// emitter.emit(event())?;
/// assert_eq!(emitter.events().len(), 1);
/// # Ok::<(), sspp_client::Error>(())
/// ```
#[derive(Clone)]
pub struct MemoryEmitter {
    outbox: Arc<Outbox>,
    /// The outbox's store.
    queue: Arc<Queue>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    events: Vec<Event>,
    server: Server,
}

/// All faults of an event.
type Judge = Arc<dyn Fn(&Event) -> Vec<Violation> + Send + Sync>;

/// What the server in memory does with events.
#[derive(Clone, Default)]
enum Server {
    #[default]
    Accepts,
    Rejects(Judge),
    Full,
    Fails(Error),
}

impl Server {
    fn answer(&self, events: &[Event]) -> Result<Vec<BatchVerdict>, Error> {
        let verdict = |event: &Event| match self {
            Self::Rejects(violations) => match violations(event) {
                found if found.is_empty() => BatchVerdict::Accepted(None),
                found => BatchVerdict::Rejected(found),
            },
            _ => BatchVerdict::Accepted(None),
        };
        match self {
            Self::Fails(error) => Err(error.clone()),
            _ => Ok(events.iter().map(verdict).collect()),
        }
    }
}

impl fmt::Debug for MemoryEmitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryEmitter").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl MemoryEmitter {
    pub(crate) fn over(outbox: Outbox, queue: Arc<Queue>) -> Self {
        Self { outbox: Arc::new(outbox), queue, state: Arc::default() }
    }

    /// The events that were accepted so far, in order. An event that came twice under one id is there twice.
    pub fn events(&self) -> Vec<Event> {
        self.state().events.clone()
    }

    /// The events that were accepted since this was called last.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.state().events)
    }

    /// Accepts events again, as it did at first.
    pub fn accept(&self) {
        self.state().server = Server::Accepts;
    }

    /// Rejects each event that has faults, as the server would: `faults` gives them. Nothing
    /// ([`None`], an empty `Vec`) accepts the event.
    pub fn reject<W>(&self, faults: impl Fn(&Event) -> W + Send + Sync + 'static)
    where
        W: IntoIterator<Item = Violation>,
    {
        self.state().server = Server::Rejects(Arc::new(move |event| faults(event).into_iter().collect()));
    }

    /// Lets no emitted event into the queue. The [`Overflow`](crate::Overflow) policy decides what `emit` does; one that would
    /// wait, or make room, drops the event. `send` needs no queue, and continues.
    pub fn full(&self) {
        self.state().server = Server::Full;
    }

    /// Answers every request with an error: `send` gives it beside each event, and an emitted event ends as the client's does after its last
    /// attempt. There are no pauses.
    pub fn fail(&self, error: Error) {
        self.state().server = Server::Fails(error);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server does now. The program's own function is called without a lock.
    fn server(&self) -> Server {
        self.state().server.clone()
    }

    /// Settles a batch as the client would after its last attempt, and keeps what is accepted.
    fn settle(
        &self,
        mut batch: Batch,
        events: Vec<Event>,
        answer: Result<Vec<BatchVerdict>, Error>,
        state: &mut State,
    ) {
        self.outbox.counters.sent(batch.len());
        match answer {
            Ok(verdicts) => {
                let accepted = events
                    .into_iter()
                    .zip(&verdicts)
                    .filter(|(_, verdict)| matches!(verdict, BatchVerdict::Accepted(_)));
                state.events.extend(accepted.map(|(event, _)| event));
                batch.settle(verdicts);
            }
            Err(error) => match error.remedy() {
                Remedy::Split => batch.reject_all(&error),
                Remedy::Wait => batch.give_up(DropReason::RetriesSpent, &Arc::new(error)),
                Remedy::None => batch.give_up(DropReason::Refused, &Arc::new(error)),
            },
        }
    }
}

#[async_trait]
impl SignalEmitter for MemoryEmitter {
    fn emit(&self, event: SalesEvent) -> Result<EventId, Error> {
        let outbox = &self.outbox;
        let server = self.server();
        outbox.emit(event, |event, encoded| {
            if matches!(server, Server::Full) && !self.queue.is_closed() {
                return Ok(Pushed::Full { event: encoded, held: self.queue.limit() });
            }
            let events = vec![event];
            // An event that does not arrive is not judged.
            let answer = if self.queue.admits(&encoded) { server.answer(&events) } else { Ok(Vec::new()) };
            let mut state = self.state();
            let pushed = self.queue.push(encoded)?;
            if matches!(pushed, Pushed::Kept { .. }) {
                let batch = Batch::emitted(outbox, self.queue.take_batch()?);
                self.settle(batch, events, answer, &mut state);
            }
            Ok(pushed)
        })
    }

    async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error> {
        let outbox = &self.outbox;
        let mut checked = Vec::new();
        let mut sending = Sending::check(outbox, events, |event| checked.push(event.clone()))?;
        let (answers, mut answered) = mpsc::unbounded_channel();
        // Before they are judged: a judge that panics leaves none open.
        let batch = Batch::sent(outbox, answers, sending.take());
        let answer = self.server().answer(&checked);
        self.settle(batch, checked, answer, &mut self.state());
        sending.settle(&mut answered);
        Ok(sending.outcomes(Error::Closed))
    }

    /// Everything is settled already. Waits, on this thread, until the callbacks have run.
    async fn flush(&self, timeout: Duration) -> Result<(), Error> {
        match self.outbox.callbacks.wait(timeout) {
            0 => Ok(()),
            unsettled => Err(Error::Unsettled { unsettled, timeout }),
        }
    }

    async fn close(&self, timeout: Duration) -> CloseReport {
        let outbox = &self.outbox;
        outbox.begin_close(timeout);
        {
            let _one_at_a_time = self.state();
            if outbox.settled.borrow().is_none() {
                outbox.settle();
            }
        }
        if outbox.callbacks.is_inside() {
            return outbox.settled.borrow().clone().unwrap_or_default();
        }
        outbox.end_callbacks();
        outbox.finished.borrow().clone().unwrap_or_default()
    }

    fn stats(&self) -> Stats {
        self.outbox.stats()
    }
}
