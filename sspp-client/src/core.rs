//! What the client's handles, its gatherer and its deliveries share.

use std::sync::{Arc, Mutex, PoisonError};

use sspp_core::{Clock, EventId, Random};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::api::Api;
use crate::backoff::RetryTokens;
use crate::disk::Disk;
use crate::encode::{Encoded, Unsendable, check};
use crate::error::Error;
use crate::event::SalesEvent;
use crate::notices::Notices;
use crate::outcome::{CloseReport, DroppedEvent};
use crate::queue::Queue;
use crate::settings::Settings;
use crate::stats::{Counters, DropReason, Stats};

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) api: Api,
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
            counters,
            notices,
            clock,
            random,
            closing: watch::Sender::new(None),
            finished: watch::Sender::new(None),
            undelivered: Mutex::default(),
        }
    }

    /// Checks an event and writes it as JSON; counts it, also one that cannot be sent.
    pub(crate) fn encode(&self, event: SalesEvent) -> Result<Encoded, Unsendable> {
        self.counters.emitted(1);
        let checked = check(event, &*self.clock, &*self.random);
        checked.map(|(_, encoded)| encoded).inspect_err(|_| self.counters.rejected(1))
    }

    pub(crate) fn stats(&self) -> Stats {
        let Some(disk) = &self.disk else { return self.counters.read(self.queue.held().events) };
        let mut stats = self.counters.read(disk.pending());
        stats.displaced(disk.displaced());
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
