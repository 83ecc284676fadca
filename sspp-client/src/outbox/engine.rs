//! The outbox: what the client's handles, the task that empties the store, and the deliveries have in common.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sspp_events::{Clock, Event, EventId, Random};
use tokio::sync::watch;
use tokio::time::Instant;

use super::callbacks::Callbacks;
use super::intake::{Ended, Intake};
use super::outcome::{CloseReport, DroppedEvent};
use super::stats::{Counters, DropReason, Stats};
use super::store::{Pushed, Store};
use crate::api::Api;
use crate::errors::Error;
use crate::event::{Checked, Encoded, SalesEvent};
use crate::settings::{Overflow, RetryTokens, Settings, at, instant_in};

#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) settings: Settings,
    pub(crate) api: Api,
    pub(crate) intake: Intake,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) callbacks: Callbacks,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) tokens: RetryTokens,
    /// When the client, once closed, gives up: by the clock of its own thread.
    pub(crate) closing: watch::Sender<Option<Instant>>,
    /// The report, once everything is settled.
    pub(crate) settled: watch::Sender<Option<CloseReport>>,
    /// The report, once the callbacks have ended too.
    pub(crate) finished: watch::Sender<Option<CloseReport>>,
    /// How many calls of `send` are under way.
    pub(crate) sends: watch::Sender<usize>,
    /// The number of the next event.
    next: AtomicU64,
    /// By the numbers of the events.
    undelivered: Mutex<Vec<(u64, EventId)>>,
}

/// An event that is counted as emitted, and not placed yet.
struct Counted<'c>(&'c Counters);

impl Counted<'_> {
    /// It is settled, or will be.
    fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Counted<'_> {
    /// It is the caller's again.
    fn drop(&mut self) {
        self.0.not_emitted();
    }
}

impl Outbox {
    pub(crate) fn new(
        settings: Settings,
        api: Api,
        intake: Intake,
        store: Arc<dyn Store>,
        callbacks: Callbacks,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self {
            tokens: RetryTokens::new(settings.retry_tokens),
            settings,
            api,
            intake,
            store,
            counters: callbacks.counters(),
            callbacks,
            clock,
            random,
            closing: watch::Sender::new(None),
            settled: watch::Sender::new(None),
            finished: watch::Sender::new(None),
            sends: watch::Sender::new(0),
            next: AtomicU64::new(0),
            undelivered: Mutex::default(),
        }
    }

    /// Takes an event that is emitted; `place` puts it where it waits.
    pub(crate) fn emit(
        &self,
        event: SalesEvent,
        place: impl FnOnce(Event, Encoded) -> Result<Pushed, Error>,
    ) -> Result<EventId, Error> {
        if self.store.is_closed() {
            return Err(Error::Closed);
        }
        let Checked { id, event, encoded } = match self.take(event) {
            Ok(checked) => checked,
            Err(Ended::Rejected(refused)) => return Err(refused.error),
            Err(Ended::Dropped { id, .. }) => return Ok(id),
        };
        // Counted before it can be settled, so that the figures never show more settled than emitted.
        self.counters.emitted(1);
        let counted = Counted(&self.counters);
        match place(event, encoded)? {
            Pushed::Kept { displaced } => self.displace(displaced),
            Pushed::Full { held, .. } if self.settings.overflow == Overflow::Error => {
                return Err(Error::QueueFull { events: held.events, bytes: held.bytes });
            }
            Pushed::Full { event, .. } => self.displace([event]),
            Pushed::Closed => return Err(Error::Closed),
        }
        counted.keep();
        Ok(id)
    }

    /// Checks an event and gives it its number. An event that goes no further is counted.
    pub(super) fn take(&self, event: SalesEvent) -> Result<Checked, Ended> {
        let mut taken = self.intake.take(event, &*self.clock, &*self.random);
        match &mut taken {
            Ok(checked) => checked.encoded.number = self.next.fetch_add(1, Ordering::Relaxed),
            Err(ended) => {
                self.counters.emitted(1);
                match ended {
                    Ended::Rejected(_) => self.counters.rejected(1),
                    Ended::Dropped { reason, .. } => self.counters.dropped(*reason, 1),
                }
            }
        }
        taken
    }

    fn displace(&self, events: impl IntoIterator<Item = Encoded>) {
        for event in events {
            self.drop_event(event, DropReason::QueueFull, None, false);
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        // First, so that no more events are settled than were emitted.
        let displaced = self.store.displaced();
        let mut stats = self.counters.read(self.store.depth());
        stats.add_dropped(DropReason::QueueFull, displaced);
        stats
    }

    /// Counts an event that is given up. The callback is called, unless the event was sent: then its caller has the outcome.
    pub(crate) fn drop_event(
        &self,
        event: Encoded,
        reason: DropReason,
        error: Option<&Arc<Error>>,
        is_sent: bool,
    ) {
        self.counters.dropped(reason, 1);
        if let Some(id) = event.id()
            && self.closing.borrow().is_some()
        {
            self.undelivered.lock().unwrap_or_else(PoisonError::into_inner).push((event.number, id));
        }
        if !is_sent {
            self.callbacks.dropped(|| {
                let error = error.map(Arc::clone);
                Some(DroppedEvent { event_id: event.id()?, reason, error, json: event.json })
            });
        }
    }

    /// Takes no more events, and gives those that wait so much time. The earliest deadline holds.
    pub(crate) fn begin_close(&self, timeout: Duration) {
        let deadline = instant_in(timeout);
        self.callbacks.hurry(deadline);
        let deadline = Instant::from_std(deadline);
        self.closing.send_if_modified(|closing| {
            let earlier = closing.is_none_or(|before| deadline < before);
            if earlier {
                *closing = Some(deadline);
            }
            earlier
        });
        self.store.close();
    }

    /// Whether the client is closed, and its time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.closing.borrow().is_some_and(|deadline| deadline.into_std() <= std::time::Instant::now())
    }

    /// Waits until the client is closed, and its time is over.
    pub(crate) async fn over(&self) {
        let mut closing = self.closing.subscribe();
        loop {
            let deadline = *closing.borrow_and_update();
            tokio::select! {
                () = at(deadline) => return,
                Ok(()) = closing.changed() => {}
            }
        }
    }

    /// Settles what is left, and makes the report.
    pub(crate) fn settle(&self) {
        for event in self.store.finish() {
            self.drop_event(event, DropReason::Closed, None, false);
        }
        let mut undelivered =
            std::mem::take(&mut *self.undelivered.lock().unwrap_or_else(PoisonError::into_inner));
        undelivered.sort_unstable();
        let undelivered: Vec<_> = undelivered.into_iter().map(|(_, id)| id).collect();
        if !undelivered.is_empty() {
            tracing::warn!(
                events = undelivered.len(),
                "the client was closed before the server took every event"
            );
        }
        self.settled.send_replace(Some(CloseReport { undelivered, stats: self.stats() }));
    }

    /// Waits on this thread for the callbacks. This is the end.
    pub(crate) fn end_callbacks(&self) {
        self.callbacks.end();
        let report = self.settled.borrow().clone();
        self.finished.send_replace(report.map(|report| CloseReport { stats: self.stats(), ..report }));
    }
}
