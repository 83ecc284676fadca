//! What the client's handles, its gatherer and its deliveries share.

use std::sync::{Arc, Mutex, PoisonError};

use sspp_events::{Clock, Event, EventId, Random};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::api::Api;
use crate::backoff::RetryTokens;
use crate::disk::Disk;
use crate::encode::Encoded;
use crate::error::Error;
use crate::event::SalesEvent;
use crate::intake::{Ended, Intake};
use crate::notices::Notices;
use crate::outcome::{CloseReport, DroppedEvent, Verdict};
use crate::queue::{Pushed, Queue};
use crate::sending::Sending;
use crate::settings::{Overflow, Settings};
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
    /// When the client, once closed, gives up.
    pub(crate) closing: watch::Sender<Option<Instant>>,
    pub(crate) finished: watch::Sender<Option<CloseReport>>,
    undelivered: Mutex<Vec<EventId>>,
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
            finished: watch::Sender::new(None),
            undelivered: Mutex::default(),
        }
    }

    /// Takes an event that is emitted; `place` puts it where it waits.
    pub(crate) fn emit(
        &self,
        event: SalesEvent,
        place: impl FnOnce(Event, Encoded) -> Result<Pushed, Error>,
    ) -> Result<EventId, Error> {
        let (event, encoded) = match self.intake.take(event, &*self.clock, &*self.random) {
            Ok(taken) => taken,
            Err(_) if self.queue.is_closed() => return Err(Error::Closed),
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
        let error = match place(event, encoded) {
            Ok(Pushed::Kept { displaced }) => {
                self.displace(displaced);
                return Ok(id);
            }
            Ok(Pushed::Full { event, held, displaced }) => {
                self.displace(displaced);
                if self.settings.overflow != Overflow::Error {
                    self.displace([event]);
                    return Ok(id);
                }
                Error::QueueFull { events: held.events, bytes: held.bytes }
            }
            Ok(Pushed::Closed) => Error::Closed,
            Err(error) => error,
        };
        // It is the caller's again.
        self.counters.not_emitted();
        Err(error)
    }

    fn displace(&self, events: impl IntoIterator<Item = Encoded>) {
        for event in events {
            self.drop_event(event, DropReason::QueueFull, None);
        }
    }

    /// Takes events that are sent: those that go no further have their verdicts; `see` is shown the others.
    pub(crate) fn sort(&self, events: Vec<SalesEvent>, mut see: impl FnMut(Event)) -> Result<Sending, Error> {
        if self.queue.is_closed() {
            return Err(Error::Closed);
        }
        let mut sending = Sending::default();
        for event in events {
            match self.intake.take(event, &*self.clock, &*self.random) {
                Ok((event, encoded)) => {
                    self.counters.emitted(1);
                    see(event);
                    sending.add(encoded);
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

    /// Counts and tells an event that is given up.
    pub(crate) fn drop_event(&self, event: Encoded, reason: DropReason, error: Option<&Arc<Error>>) {
        self.counters.dropped(reason, 1);
        // What the end of the client hurried, or cut off.
        if self.closing.borrow().is_some() {
            self.undelivered.lock().unwrap_or_else(PoisonError::into_inner).push(event.id);
        }
        self.notices.dropped(|| DroppedEvent {
            event_id: event.id,
            reason,
            error: error.map(Arc::clone),
            json: event.json,
        });
    }

    /// Takes no more events; what waits has until the deadline. The earliest deadline holds.
    pub(crate) fn begin_close(&self, deadline: Instant) {
        self.closing.send_if_modified(|closing| {
            let earlier = closing.is_none_or(|before| deadline < before);
            if earlier {
                *closing = Some(deadline);
            }
            earlier
        });
        self.queue.close();
    }

    /// Everything is settled: whoever waits for the end is told.
    pub(crate) fn finish(&self) {
        for event in self.queue.finish() {
            self.drop_event(event, DropReason::Closed, None);
        }
        let mut undelivered =
            std::mem::take(&mut *self.undelivered.lock().unwrap_or_else(PoisonError::into_inner));
        // UUIDs version 7 sort by the instant at which they were made.
        undelivered.sort();
        if !undelivered.is_empty() {
            tracing::warn!(
                events = undelivered.len(),
                "the client was closed before the server took every event"
            );
        }
        self.finished.send_replace(Some(CloseReport { undelivered, stats: self.stats() }));
    }
}
