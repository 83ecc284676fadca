//! The one queue: events, flushes and the end pass through it in the order in which they were said, so that nothing emitted
//! before a flush can miss it. Bounded by count and by bytes, what is on its way included.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::encode::Encoded;
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

/// A number of events and of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Load {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl Load {
    pub(crate) fn add(&mut self, event: &Encoded) {
        self.events += 1;
        self.bytes += event.json.len();
    }

    fn subtract(&mut self, event: &Encoded) {
        self.events = self.events.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(event.json.len());
    }
}

/// What became of an event that was pushed.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// It waits, in the place of the older ones given.
    Kept { displaced: Vec<Encoded> },
    /// It found no room.
    Full { event: Encoded, held: Load },
    /// The queue takes no more events.
    Closed,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) waiting: Load,
    /// Somebody waits for a flush.
    pub(crate) flush: bool,
    pub(crate) closed: bool,
}

pub(crate) struct Queue {
    state: Mutex<State>,
    /// Wakes the one who empties the queue.
    pub(crate) wake: Notify,
    room: Condvar,
    limit: Load,
    batch: Load,
    overflow: Overflow,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("held", &self.held()).finish_non_exhaustive()
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

    /// Adds an event, by the overflow policy where there is no room.
    pub(crate) fn push(&self, event: Encoded) -> Pushed {
        let mut state = self.lock();
        let mut displaced = Vec::new();
        while !state.closed && !self.leave_room(state.held, &event) {
            if !std::mem::replace(&mut state.overflowing, true) {
                tracing::warn!(
                    events = state.held.events,
                    bytes = state.held.bytes,
                    "the client's queue is full: the server is slower than the program emits, or away"
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
                    return Pushed::Full { event, held: state.held };
                }
            }
        }
        if state.closed {
            return Pushed::Closed;
        }
        let before = state.waiting;
        state.held.add(&event);
        state.waiting.add(&event);
        let after = state.waiting;
        state.entries.push_back(Entry::Event(event));
        drop(state);
        // Whoever empties the queue sleeps until something begins or a batch is full: a wake for each event would cost more
        // than the event.
        let fills = |before: usize, after: usize, full: usize| before / full != after / full;
        if before.events == 0
            || fills(before.events, after.events, self.batch.events)
            || fills(before.bytes, after.bytes, self.batch.bytes)
        {
            self.wake.notify_one();
        }
        Pushed::Kept { displaced }
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

    /// Asks to be told when everything before is settled; `None` when it is already.
    pub(crate) fn flush(&self) -> Option<oneshot::Receiver<()>> {
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

    /// Takes no more events; whoever waits for room is let go.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.room.notify_all();
        self.wake.notify_one();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub(crate) fn look(&self) -> Look {
        let state = self.lock();
        Look { waiting: state.waiting, flush: state.flushes > 0, closed: state.closed }
    }

    /// How much waits or is on its way.
    pub(crate) fn held(&self) -> Load {
        self.lock().held
    }

    /// Takes the oldest events up to a batch, never past a flush. They count as held until they are released.
    pub(crate) fn take_batch(&self) -> Vec<Encoded> {
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
        taken
    }

    /// Takes a flush that has come to the front.
    pub(crate) fn take_flush(&self) -> Option<oneshot::Sender<()>> {
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

    /// Events that were taken are settled.
    pub(crate) fn release(&self, settled: Load) {
        let mut state = self.lock();
        state.held.events = state.held.events.saturating_sub(settled.events);
        state.held.bytes = state.held.bytes.saturating_sub(settled.bytes);
        if state.held.events <= self.limit.events / 2 && state.held.bytes <= self.limit.bytes / 2 {
            state.overflowing = false;
        }
        drop(state);
        self.room.notify_all();
    }

    /// The end: gives out what still waits, and answers every flush.
    pub(crate) fn finish(&self) -> Vec<Encoded> {
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
