//! Events on their way: each is settled exactly once, whatever happens to the task that sends them.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::UnboundedSender;

use super::engine::Outbox;
use super::outcome::{RejectedEvent, Verdict};
use super::stats::DropReason;
use super::store::Load;
use crate::api::BatchVerdict;
use crate::errors::Error;
use crate::event::Encoded;

/// What became of the event in a place: a verdict, or why it was not sent.
pub(crate) type Answer = (usize, Result<Verdict, Arc<Error>>);

/// Where the verdicts go.
#[derive(Debug, Clone)]
enum Origin {
    /// Emitted: to the counters and callbacks, and the room in the store is given back.
    Store,
    /// Sent: to the caller, by the event's place in the call.
    Caller(UnboundedSender<Answer>),
}

/// Events that are sent together until each has its verdict.
#[derive(Debug)]
pub(crate) struct Batch {
    outbox: Arc<Outbox>,
    origin: Origin,
    events: Vec<(usize, Encoded)>,
}

impl Batch {
    /// Emitted events, taken from the store.
    pub(crate) fn emitted(outbox: &Arc<Outbox>, events: Vec<Encoded>) -> Self {
        let events = events.into_iter().enumerate().collect();
        Self { outbox: Arc::clone(outbox), origin: Origin::Store, events }
    }

    /// Events of a `send`, by their places in the call.
    pub(crate) fn sent(
        outbox: &Arc<Outbox>,
        answers: UnboundedSender<Answer>,
        events: Vec<(usize, Encoded)>,
    ) -> Self {
        Self { outbox: Arc::clone(outbox), origin: Origin::Caller(answers), events }
    }

    pub(crate) fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
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

    /// Whether its events wait on disk: they are tried until the server answers for them.
    pub(crate) fn is_lasting(&self) -> bool {
        !self.is_sent() && self.outbox.store.is_lasting()
    }

    /// The events as they are sent: no copies.
    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        self.events.iter().map(|(_, event)| event.json.clone()).collect()
    }

    /// Settles by what the server said; what it wants again stays, in its order.
    pub(crate) fn settle(&mut self, verdicts: Vec<BatchVerdict>) {
        let mut settled = Load::default();
        for ((place, event), verdict) in std::mem::take(&mut self.events).into_iter().zip(verdicts) {
            match verdict {
                BatchVerdict::Retry => {
                    self.events.push((place, event));
                    continue;
                }
                BatchVerdict::Accepted(letter) => {
                    self.outbox.counters.accepted(1);
                    let verdict = letter.map_or(Verdict::Accepted, |id| Verdict::DeadLetter { id });
                    self.answer(place, || Ok(verdict));
                }
                BatchVerdict::Rejected(errors) => self.reject(place, &event, errors),
            }
            settled.add(&event);
        }
        self.release(settled);
    }

    fn reject(&self, place: usize, event: &Encoded, errors: Vec<sspp_events::Violation>) {
        self.outbox.counters.rejected(1);
        if !self.is_sent() {
            let event_id = event.id();
            tracing::debug!(?event_id, ?errors, "the server rejected an event");
            self.outbox.callbacks.rejected(|| {
                Some(RejectedEvent { event_id: event_id?, errors: errors.clone(), json: event.json.clone() })
            });
        }
        self.answer(place, || Ok(Verdict::Rejected { errors }));
    }

    /// Settles all that is left as invalid, where the server refused the request because of it.
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
            self.outbox.drop_event(event, reason, Some(error), self.is_sent());
        }
        self.release(settled);
    }

    /// Answers the caller that sent the event.
    fn answer(&self, place: usize, verdict: impl FnOnce() -> Result<Verdict, Arc<Error>>) {
        if let Origin::Caller(answers) = &self.origin {
            // The caller may have given up waiting; the event was counted all the same.
            drop(answers.send((place, verdict())));
        }
    }

    /// Gives back the room of settled events, all at once: a call of `emit` meanwhile waits for the queue's lock once, not for
    /// each of them.
    fn release(&self, settled: Load) {
        if !self.is_sent() {
            self.outbox.store.release(settled);
        }
    }

    /// The later half, as a batch of its own.
    pub(crate) fn split(&mut self) -> Self {
        let later = self.events.split_off(self.events.len() / 2);
        Self { outbox: Arc::clone(&self.outbox), origin: self.origin.clone(), events: later }
    }
}

impl Drop for Batch {
    /// The task that held the events is gone: closed, cancelled, or panicked. They are counted, or stay on disk.
    fn drop(&mut self) {
        if !self.is_sent() && !self.is_empty() {
            let events = std::mem::take(&mut self.events).into_iter().map(|(_, event)| event).collect();
            self.events = self.outbox.store.give_back(events).into_iter().enumerate().collect();
        }
        if self.is_empty() {
            return;
        }
        let (reason, error) = match self.origin {
            _ if std::thread::panicking() => (DropReason::Panicked, Error::Panicked),
            Origin::Caller(_) if !self.outbox.is_over() => (DropReason::Cancelled, Error::Closed),
            Origin::Store | Origin::Caller(_) => (DropReason::Closed, Error::Closed),
        };
        self.give_up(reason, &Arc::new(error));
    }
}
