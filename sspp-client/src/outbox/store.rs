//! Where emitted events wait until they are settled: the queue in memory, or the spool on disk.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};

use crate::errors::Error;
use crate::event::Encoded;

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

    pub(crate) fn subtract(&mut self, event: &Encoded) {
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
    /// The store takes no more events.
    Closed,
}

/// What there is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether there are events to take.
    pub(crate) waiting: bool,
    /// Whether they are to be sent without waiting for more.
    pub(crate) due: bool,
    /// Whether the store is closed, and nothing waits.
    pub(crate) ended: bool,
}

/// What the outbox needs of a store. The store is emptied by one task.
pub(crate) trait Store: fmt::Debug + Send + Sync {
    /// Adds an event, by the overflow policy where there is no room.
    fn push(&self, event: Encoded) -> Result<Pushed, Error>;

    /// Takes no more events. Those that wait can still be taken out.
    fn close(&self);

    fn is_closed(&self) -> bool;

    /// How many events wait or are being sent.
    fn depth(&self) -> usize;

    /// How many events were dropped inside the store, to make room for newer ones.
    fn displaced(&self) -> u64 {
        0
    }

    /// Whether events outlive the client: then they are never given up.
    fn is_lasting(&self) -> bool {
        false
    }

    /// Notified when there may be something to do.
    fn wake(&self) -> &Notify;

    fn look(&self) -> Look;

    /// Takes the oldest events up to a batch, never past a flush. They count until they are released.
    fn take_batch(&self) -> Result<Vec<Encoded>, Error>;

    /// Events that were taken are settled.
    fn release(&self, settled: Load);

    /// Takes back events that were taken and not settled; gives those that it does not keep.
    fn give_back(&self, events: Vec<Encoded>) -> Vec<Encoded> {
        events
    }

    /// Asks for an answer when every event before is settled; `None` when it is already.
    fn flush(&self) -> Option<oneshot::Receiver<()>>;

    /// Takes a flush that has come to the front. A store that answers flushes by itself has none.
    fn take_flush(&self) -> Option<oneshot::Sender<()>> {
        None
    }

    /// What the store does by itself, as long as the client runs.
    fn upkeep(&self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }

    /// The end: gives out the events that nothing sends any more, and drops every flush.
    fn finish(&self) -> Vec<Encoded>;
}
