//! What the client's handles, its gatherer and its deliveries share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sspp_events::{Clock, Event, EventId, Random};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::api::Api;
use crate::backoff::RetryTokens;
use crate::disk::Disk;
use crate::encode::Encoded;
use crate::error::Error;
use crate::event::SalesEvent;
use crate::gather::at;
use crate::intake::{Ended, Intake};
use crate::notices::Notices;
use crate::outcome::{CloseReport, DroppedEvent, Verdict};
use crate::queue::{Pushed, Queue};
use crate::sending::Sending;
use crate::settings::{Overflow, Settings, instant_in};
use crate::stats::{Counters, DropReason, Stats};

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) api: Api,
    pub(crate) intake: Intake,
    pub(crate) queue: Queue,
    /// Where emitted events go instead, if there is a spool.
    pub(crate) disk: Option<Disk>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) notices: Notices,
    pub(crate) tokens: RetryTokens,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    /// When the client, once closed, gives up: by the clock of its own thread.
    pub(crate) closing: watch::Sender<Option<Instant>>,
    /// Everything is settled.
    pub(crate) settled: watch::Sender<Option<CloseReport>>,
    /// And the callbacks are over.
    pub(crate) finished: watch::Sender<Option<CloseReport>>,
    /// How many calls of `send` are under way.
    pub(crate) sends: watch::Sender<usize>,
    /// The number of the next event.
    next: AtomicU64,
    /// By the numbers of the events.
    undelivered: Mutex<Vec<(u64, EventId)>>,
}

/// A `send` that is under way: `close` waits for it.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Core>);

impl UnderWay {
    pub(crate) fn begin(core: &Arc<Core>) -> Self {
        core.sends.send_modify(|sends| *sends += 1);
        Self(Arc::clone(core))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.sends.send_modify(|sends| *sends -= 1);
    }
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

impl Core {
    pub(crate) fn new(
        settings: Settings,
        api: Api,
        intake: Intake,
        counters: Arc<Counters>,
        notices: Notices,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        disk: Option<Disk>,
    ) -> Self {
        Self {
            queue: Queue::new(&settings),
            tokens: RetryTokens::new(settings.retry_tokens),
            settings,
            disk,
            api,
            intake,
            counters,
            notices,
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
        if self.queue.is_closed() {
            return Err(Error::Closed);
        }
        let (event, encoded) = match self.intake.take(event, &*self.clock, &*self.random) {
            Ok((event, encoded)) => (event, self.numbered(encoded)),
            Err(ended) => {
                self.end(&ended);
                return match ended {
                    Ended::Rejected(refused) => Err(refused.error),
                    Ended::Dropped { id, .. } => Ok(id),
                };
            }
        };
        let id = encoded.id;
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

    /// In the order in which events are emitted.
    fn numbered(&self, event: Encoded) -> Encoded {
        Encoded { number: self.next.fetch_add(1, Ordering::Relaxed), ..event }
    }

    fn displace(&self, events: impl IntoIterator<Item = Encoded>) {
        for event in events {
            self.drop_event(event, DropReason::QueueFull, None, false);
        }
    }

    /// Takes events that are sent: those that go no further have their verdicts; `see` is shown the others.
    pub(crate) fn sort(
        &self,
        events: Vec<SalesEvent>,
        mut see: impl FnMut(&Event),
    ) -> Result<Sending, Error> {
        if self.queue.is_closed() {
            return Err(Error::Closed);
        }
        let mut sending = Sending::default();
        for event in events {
            match self.intake.take(event, &*self.clock, &*self.random) {
                Ok((event, encoded)) => {
                    self.counters.emitted(1);
                    see(&event);
                    sending.add(event, self.numbered(encoded));
                }
                Err(ended) => {
                    self.end(&ended);
                    match ended {
                        Ended::Rejected(refused) => {
                            let errors = refused.error.violations(0);
                            sending.add_settled(refused.id, Verdict::Rejected { errors });
                        }
                        Ended::Dropped { id, reason } => sending.add_settled(id, Verdict::Dropped { reason }),
                    }
                }
            }
        }
        Ok(sending)
    }

    /// Counts an event that goes no further.
    fn end(&self, ended: &Ended) {
        self.counters.emitted(1);
        match ended {
            Ended::Rejected(_) => self.counters.rejected(1),
            Ended::Dropped { reason, .. } => self.counters.dropped(*reason, 1),
        }
    }

    pub(crate) fn stats(&self) -> Stats {
        let Some(disk) = &self.disk else { return self.counters.read(self.queue.held().events) };
        let mut stats = self.counters.read(disk.pending());
        stats.add_dropped(DropReason::QueueFull, disk.displaced());
        stats
    }

    /// Counts an event that is given up, and tells of it, unless it was sent: then its caller has the outcome.
    pub(crate) fn drop_event(
        &self,
        event: Encoded,
        reason: DropReason,
        error: Option<&Arc<Error>>,
        is_sent: bool,
    ) {
        self.counters.dropped(reason, 1);
        // What the end of the client hurried, or cut off.
        if self.closing.borrow().is_some() {
            self.undelivered.lock().unwrap_or_else(PoisonError::into_inner).push((event.number, event.id));
        }
        if !is_sent {
            self.notices.dropped(|| DroppedEvent {
                event_id: event.id,
                reason,
                error: error.map(Arc::clone),
                json: event.json,
            });
        }
    }

    /// Takes no more events; what waits has so long. The earliest deadline holds.
    pub(crate) fn begin_close(&self, timeout: Duration) {
        let deadline = instant_in(timeout);
        self.notices.hurry(deadline);
        let deadline = Instant::from_std(deadline);
        self.closing.send_if_modified(|closing| {
            let earlier = closing.is_none_or(|before| deadline < before);
            if earlier {
                *closing = Some(deadline);
            }
            earlier
        });
        self.queue.close();
    }

    /// Whether the client is closed, and its time is over.
    pub(crate) fn is_over(&self) -> bool {
        self.closing.borrow().is_some_and(|deadline| deadline.into_std() <= std::time::Instant::now())
    }

    /// Waits until it is.
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

    /// Everything is settled.
    pub(crate) fn settle(&self) {
        for event in self.queue.finish() {
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

    /// Waits on this thread for the callbacks: then it is over.
    pub(crate) fn end_callbacks(&self) {
        self.notices.end();
        let report = self.settled.borrow().clone();
        self.finished.send_replace(report.map(|report| CloseReport { stats: self.stats(), ..report }));
    }
}
