//! An emitter that keeps what it is given, for tests of programs that emit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sspp_core::{Event, EventId, SystemClock, SystemRandom};

use crate::emitter::SignalEmitter;
use crate::encode::{Unsendable, check};
use crate::error::Error;
use crate::event::SalesEvent;
use crate::outcome::{CloseReport, Outcome, Verdict};
use crate::stats::{Counters, Stats};

/// Keeps every event it is given, and checks each as the client does, its size too. Clones share what they keep.
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
#[derive(Debug, Clone, Default)]
pub struct MemoryEmitter {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    kept: Mutex<Kept>,
    counters: Counters,
    random: SystemRandom,
}

#[derive(Debug, Default)]
struct Kept {
    events: Vec<Event>,
    closed: bool,
}

impl MemoryEmitter {
    /// An emitter that has kept nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was emitted and sent so far, in order.
    pub fn events(&self) -> Vec<Event> {
        self.kept().events.clone()
    }

    /// What was emitted and sent since this was called last.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut self.kept().events)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.shared.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, event: SalesEvent, kept: &mut Kept) -> Result<EventId, Unsendable> {
        let Shared { counters, random, .. } = &*self.shared;
        counters.emitted(1);
        let (event, encoded) = check(event, &SystemClock, random).inspect_err(|_| counters.rejected(1))?;
        kept.events.push(event);
        counters.accepted(1);
        Ok(encoded.id)
    }

    /// What is kept, unless nothing more is taken.
    fn open(&self) -> Result<MutexGuard<'_, Kept>, Error> {
        let kept = self.kept();
        if kept.closed { Err(Error::Closed) } else { Ok(kept) }
    }
}

#[async_trait]
impl SignalEmitter for MemoryEmitter {
    fn emit(&self, event: SalesEvent) -> Result<EventId, Error> {
        self.keep(event, &mut *self.open()?).map_err(|refused| refused.error)
    }

    async fn send(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error> {
        let mut kept = self.open()?;
        let outcome = |event| match self.keep(event, &mut kept) {
            Ok(event_id) => Outcome { event_id, verdict: Verdict::Accepted { job_id: None } },
            Err(Unsendable { id: event_id, error }) => {
                Outcome { event_id, verdict: Verdict::Rejected { errors: error.violations(0) } }
            }
        };
        Ok(events.into_iter().map(outcome).collect())
    }

    async fn flush(&self, _timeout: Duration) -> Result<(), Error> {
        Ok(())
    }

    async fn close(&self, _timeout: Duration) -> CloseReport {
        self.kept().closed = true;
        CloseReport { undelivered: Vec::new(), stats: self.stats() }
    }

    fn stats(&self) -> Stats {
        self.shared.counters.read(0)
    }
}
