//! Events on their way: each is settled exactly once, whatever happens to the task that sends them.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::UnboundedSender;

use crate::api::Ruling;
use crate::core::Core;
use crate::encode::Encoded;
use crate::error::Error;
use crate::outcome::{RejectedEvent, Verdict};
use crate::queue::Load;
use crate::stats::DropReason;

/// What became of the event in a place: a verdict, or why it was not sent.
pub(crate) type Answer = (usize, Result<Verdict, Arc<Error>>);

/// Where the verdicts go.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// Emitted: counted, told to callbacks, and their room in the queue is given back.
    Queue,
    /// Sent: answered to the caller, by the event's place in the call.
    Caller(UnboundedSender<Answer>),
}

/// Events that are sent together until each has its verdict.
#[derive(Debug)]
pub(crate) struct Batch {
    core: Arc<Core>,
    origin: Origin,
    events: Vec<(usize, Encoded)>,
}

impl Batch {
    pub(crate) const fn new(core: Arc<Core>, origin: Origin, events: Vec<(usize, Encoded)>) -> Self {
        Self { core, origin, events }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Whether its events were sent, not emitted.
    pub(crate) const fn is_sent(&self) -> bool {
        matches!(self.origin, Origin::Caller(_))
    }

    /// The events as they are sent: no copies.
    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        self.events.iter().map(|(_, event)| event.json.clone()).collect()
    }

    /// Settles by what the server said; what it wants again stays, in its order.
    pub(crate) fn settle(&mut self, rulings: Vec<Ruling>) {
        let mut settled = Load::default();
        for ((place, event), ruling) in std::mem::take(&mut self.events).into_iter().zip(rulings) {
            match ruling {
                Ruling::Retry => {
                    self.events.push((place, event));
                    continue;
                }
                Ruling::Accepted => {
                    self.core.counters.accepted(1);
                    self.answer(place, || Ok(Verdict::Accepted));
                }
                Ruling::Rejected(errors) => self.reject(place, &event, errors),
            }
            settled.add(&event);
        }
        self.release(settled);
    }

    fn reject(&self, place: usize, event: &Encoded, errors: Vec<sspp_events::Violation>) {
        self.core.counters.rejected(1);
        if !self.is_sent() {
            tracing::debug!(event_id = %event.id, ?errors, "the server rejected an event");
            let told = errors.clone();
            let json = event.json.clone();
            self.core.notices.rejected(|| RejectedEvent { event_id: event.id, errors: told, json });
        }
        self.answer(place, || Ok(Verdict::Rejected { errors }));
    }

    /// Settles all that is left as wrong, where the server refused the request because of it.
    pub(crate) fn reject_all(&mut self, error: &Error) {
        let mut settled = Load::default();
        for (place, event) in std::mem::take(&mut self.events) {
            self.reject(place, &event, error.violations(event.json.len()));
            settled.add(&event);
        }
        self.release(settled);
    }

    /// Gives up all that is left.
    pub(crate) fn give_up(&mut self, reason: DropReason, error: &Arc<Error>) {
        let mut settled = Load::default();
        for (place, event) in std::mem::take(&mut self.events) {
            self.answer(place, || Err(Arc::clone(error)));
            settled.add(&event);
            self.core.drop_event(event, reason, Some(error), self.is_sent());
        }
        self.release(settled);
    }

    /// Tells who sent the event.
    fn answer(&self, place: usize, verdict: impl FnOnce() -> Result<Verdict, Arc<Error>>) {
        if let Origin::Caller(answers) = &self.origin {
            // The caller may have stopped waiting; it was counted all the same.
            drop(answers.send((place, verdict())));
        }
    }

    /// Gives back the room of events that are settled, all at once: whoever emits meanwhile waits for the queue's lock once,
    /// not for each of them.
    fn release(&self, settled: Load) {
        if !self.is_sent() {
            self.core.queue.release(settled);
        }
    }

    /// The later half, as a batch of its own.
    pub(crate) fn split(&mut self) -> Self {
        let later = self.events.split_off(self.events.len() / 2);
        Self { core: Arc::clone(&self.core), origin: self.origin.clone(), events: later }
    }
}

impl Drop for Batch {
    /// The task that held them is gone: closed, cancelled, or panicked. None is forgotten.
    fn drop(&mut self) {
        let (reason, error) = match self.origin {
            _ if std::thread::panicking() => (DropReason::Panicked, Error::Panicked),
            Origin::Caller(_) if !self.core.is_over() => (DropReason::Cancelled, Error::Closed),
            Origin::Queue | Origin::Caller(_) => (DropReason::Closed, Error::Closed),
        };
        if !self.events.is_empty() {
            self.give_up(reason, &Arc::new(error));
        }
    }
}
