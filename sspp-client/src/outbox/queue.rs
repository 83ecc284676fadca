//! The queue in memory: events, flushes and the end pass through it in the order of the calls, so that nothing emitted before a
//! flush can miss it. Bounded by count and by bytes, events that are being sent included.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use super::store::{Load, Look, Pushed, Store};
use crate::errors::Error;
use crate::event::Encoded;
use crate::settings::{Overflow, Settings};

enum Entry {
    Event(Encoded),
    /// Answered when everything before it is settled.
    Flush(oneshot::Sender<()>),
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Events in `entries`, and their bytes.
    waiting: Load,
    /// Those and what is on its way.
    held: Load,
    flushes: usize,
    closed: bool,
    finished: bool,
    /// Whether the queue has been full since it was last half empty: one warning an episode.
    overflowing: bool,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Notify,
    room: Condvar,
    limit: Load,
    batch: Load,
    overflow: Overflow,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("held", &self.lock().held).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            room: Condvar::new(),
            limit: Load { events: settings.queue_events, bytes: settings.queue_bytes },
            batch: Load { events: settings.batch_events, bytes: settings.batch_bytes },
            overflow: settings.overflow,
        }
    }

    /// A panic elsewhere leaves the figures whole: each is changed in one place.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether an event has room beside others.
    fn leave_room(&self, others: Load, event: &Encoded) -> bool {
        others.events < self.limit.events && others.bytes + event.json.len() <= self.limit.bytes
    }

    /// Whether the queue, when it is empty, takes an event.
    pub(crate) fn admits(&self, event: &Encoded) -> bool {
        !self.is_closed() && self.leave_room(Load::default(), event)
    }

    /// What a full queue holds.
    pub(crate) const fn limit(&self) -> Load {
        self.limit
    }
}

impl Store for Queue {
    fn push(&self, event: Encoded) -> Result<Pushed, Error> {
        let mut state = self.lock();
        let mut displaced = Vec::new();
        while !state.closed && !self.leave_room(state.held, &event) {
            if !std::mem::replace(&mut state.overflowing, true) {
                tracing::warn!(
                    events = state.held.events,
                    bytes = state.held.bytes,
                    "the client's queue is full: the server is unavailable or slower than the program emits"
                );
            }
            match self.overflow {
                Overflow::Wait if event.json.len() <= self.limit.bytes => {
                    state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                // Nothing goes for an event that finds no room all the same.
                Overflow::Oldest if self.leave_room(state.on_its_way(), &event) => {
                    displaced.extend(state.take_oldest());
                }
                Overflow::Newest | Overflow::Error | Overflow::Wait | Overflow::Oldest => {
                    return Ok(Pushed::Full { event, held: state.held });
                }
            }
        }
        if state.closed {
            return Ok(Pushed::Closed);
        }
        let before = state.waiting;
        state.held.add(&event);
        state.waiting.add(&event);
        let after = state.waiting;
        state.entries.push_back(Entry::Event(event));
        drop(state);
        // The task that empties the queue sleeps until events come or a batch is full: a wake for each event would cost more than
        // the event.
        let fills = |before: usize, after: usize, full: usize| before / full != after / full;
        if before.events == 0
            || fills(before.events, after.events, self.batch.events)
            || fills(before.bytes, after.bytes, self.batch.bytes)
        {
            self.wake.notify_one();
        }
        Ok(Pushed::Kept { displaced })
    }

    fn flush(&self) -> Option<oneshot::Receiver<()>> {
        let mut state = self.lock();
        if state.finished || (state.held.events == 0 && state.flushes == 0) {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        state.entries.push_back(Entry::Flush(sender));
        state.flushes += 1;
        drop(state);
        self.wake.notify_one();
        Some(receiver)
    }

    /// Calls that wait for room return.
    fn close(&self) {
        self.lock().closed = true;
        self.room.notify_all();
        self.wake.notify_one();
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn depth(&self) -> usize {
        self.lock().held.events
    }

    fn wake(&self) -> &Notify {
        &self.wake
    }

    /// A full batch is due at once, and so is everything when the caller waits for it.
    fn look(&self) -> Look {
        let state = self.lock();
        let (waiting, full) = (state.waiting, self.batch);
        let is_full = waiting.events >= full.events || waiting.bytes >= full.bytes;
        let has_events = waiting.events > 0;
        Look {
            waiting: has_events,
            due: is_full || state.flushes > 0 || state.closed,
            ended: state.closed && !has_events,
        }
    }

    fn take_batch(&self) -> Result<Vec<Encoded>, Error> {
        let mut state = self.lock();
        let mut taken = Vec::with_capacity(state.waiting.events.min(self.batch.events));
        let mut bytes = 0;
        while let Some(Entry::Event(event)) = state.entries.front() {
            bytes += event.json.len();
            if taken.len() == self.batch.events || (bytes > self.batch.bytes && !taken.is_empty()) {
                break;
            }
            if let Some(Entry::Event(event)) = state.entries.pop_front() {
                state.waiting.subtract(&event);
                taken.push(event);
            }
        }
        Ok(taken)
    }

    fn take_flush(&self) -> Option<oneshot::Sender<()>> {
        let mut state = self.lock();
        match state.entries.pop_front()? {
            Entry::Flush(sender) => {
                state.flushes -= 1;
                Some(sender)
            }
            event @ Entry::Event(_) => {
                state.entries.push_front(event);
                None
            }
        }
    }

    fn release(&self, settled: Load) {
        let mut state = self.lock();
        state.held.events = state.held.events.saturating_sub(settled.events);
        state.held.bytes = state.held.bytes.saturating_sub(settled.bytes);
        if state.held.events <= self.limit.events / 2 && state.held.bytes <= self.limit.bytes / 2 {
            state.overflowing = false;
        }
        drop(state);
        self.room.notify_all();
    }

    fn finish(&self) -> Vec<Encoded> {
        let mut state = self.lock();
        state.closed = true;
        state.finished = true;
        state.flushes = 0;
        let mut rest = Vec::new();
        for entry in std::mem::take(&mut state.entries) {
            if let Entry::Event(event) = entry {
                state.waiting.subtract(&event);
                state.held.subtract(&event);
                rest.push(event);
            }
        }
        drop(state);
        self.room.notify_all();
        rest
    }
}

impl State {
    fn on_its_way(&self) -> Load {
        Load {
            events: self.held.events.saturating_sub(self.waiting.events),
            bytes: self.held.bytes.saturating_sub(self.waiting.bytes),
        }
    }

    fn take_oldest(&mut self) -> Option<Encoded> {
        let place = self.entries.iter().position(|entry| matches!(entry, Entry::Event(_)))?;
        let Some(Entry::Event(event)) = self.entries.remove(place) else { return None };
        self.waiting.subtract(&event);
        self.held.subtract(&event);
        Some(event)
    }
}
