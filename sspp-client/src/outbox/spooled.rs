//! The spool as a store of the outbox: events stay on disk until the server answered for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use super::store::{Load, Look, Pushed, Store};
use crate::errors::Error;
use crate::event::Encoded;
use crate::settings::Settings;
use crate::spool::{Spool, SpoolBatch, SpoolConfig, SpoolError, SpoolStats};

#[derive(Debug)]
pub(crate) struct SpoolStore {
    spool: Spool,
    batch_events: usize,
    batch_bytes: usize,
    wake: Notify,
    closed: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The batch that is being sent, until all of its events are settled: events are sent in their order.
    taken: Option<SpoolBatch>,
    /// How many events of it are not settled.
    unsettled: usize,
    /// Those of them that are to be sent again.
    given_back: Vec<Encoded>,
    /// Events that made room for newer ones while they were sent, and were settled all the same.
    settled_late: u64,
    /// Nothing is sent any more.
    finished: bool,
    /// Flushes, each with the number of events that must be settled first.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
}

impl SpoolStore {
    pub(crate) fn open(config: SpoolConfig, settings: &Settings) -> Result<Self, SpoolError> {
        let (batch_events, batch_bytes) = (settings.batch_events, settings.batch_bytes);
        let (wake, closed, state) = (Notify::new(), AtomicBool::new(false), Mutex::default());
        Ok(Self { spool: Spool::open(config)?, batch_events, batch_bytes, wake, closed, state })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The files forget the batch last: a crash before that sends it again, and its event ids make that safe.
    fn settle(&self, state: &mut State, batch: &SpoolBatch) {
        match self.spool.settle_if_kept(batch) {
            Ok(true) => {}
            Ok(false) => state.settled_late += batch.payloads().len() as u64,
            Err(error) => log(&error),
        }
        self.answer_flushes(state);
    }

    fn answer_flushes(&self, state: &mut State) {
        let figures = self.spool.stats();
        let settled = all(&figures).saturating_sub(figures.pending);
        for (_, flush) in state.flushes.extract_if(.., |(target, _)| *target <= settled) {
            // The caller may have given up waiting.
            let _ = flush.send(());
        }
    }
}

/// How many events the spool had ever, by these figures.
const fn all(stats: &SpoolStats) -> u64 {
    stats.recovered + stats.appended
}

fn log(error: &SpoolError) {
    tracing::error!("the spool: {error}");
}

impl Store for SpoolStore {
    /// When this returns, a crash of the process does not lose the event.
    fn push(&self, event: Encoded) -> Result<Pushed, Error> {
        if self.is_closed() {
            return Ok(Pushed::Closed);
        }
        match self.spool.append(&event.json) {
            Ok(()) => {
                self.wake.notify_one();
                Ok(Pushed::Kept { displaced: Vec::new() })
            }
            Err(SpoolError::Closed { .. }) => Ok(Pushed::Closed),
            Err(error) => Err(Error::Spool(error.into())),
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    fn depth(&self) -> usize {
        usize::try_from(self.spool.stats().pending).unwrap_or(usize::MAX)
    }

    fn displaced(&self) -> u64 {
        let state = self.state();
        self.spool.stats().dropped.saturating_sub(state.settled_late)
    }

    fn is_lasting(&self) -> bool {
        true
    }

    fn wake(&self) -> &Notify {
        &self.wake
    }

    fn look(&self) -> Look {
        // Before the figures: an event that is appended meanwhile is seen, or refused.
        let closed = self.is_closed();
        let state = self.state();
        let pending = self.spool.stats().pending > 0;
        let waiting = pending && (state.taken.is_none() || !state.given_back.is_empty());
        Look { waiting, due: true, ended: closed && !pending }
    }

    fn take_batch(&self) -> Result<Vec<Encoded>, Error> {
        let given_back = std::mem::take(&mut self.state().given_back);
        if !given_back.is_empty() {
            return Ok(given_back);
        }
        let batch = self.spool.peek(self.batch_events, self.batch_bytes);
        let batch = batch.inspect_err(log).map_err(|error| Error::Spool(error.into()))?;
        let payloads = batch.as_ref().map_or(&[][..], SpoolBatch::payloads);
        let events: Vec<_> =
            payloads.iter().map(|json| Encoded::stored(Bytes::copy_from_slice(json))).collect();
        let mut state = self.state();
        if batch.is_none() {
            // Damaged records may have been the last.
            self.answer_flushes(&mut state);
        }
        state.unsettled = events.len();
        state.taken = batch;
        Ok(events)
    }

    fn release(&self, settled: Load) {
        let mut state = self.state();
        state.unsettled = state.unsettled.saturating_sub(settled.events);
        if state.unsettled == 0
            && let Some(batch) = state.taken.take()
        {
            self.settle(&mut state, &batch);
        }
    }

    fn give_back(&self, events: Vec<Encoded>) -> Vec<Encoded> {
        self.state().given_back.extend(events);
        Vec::new()
    }

    fn flush(&self) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state();
        let figures = self.spool.stats();
        if figures.pending == 0 {
            return None;
        }
        // Callers may have given up waiting.
        state.flushes.retain(|(_, flush)| !flush.is_closed());
        let (sender, receiver) = oneshot::channel();
        if !state.finished {
            state.flushes.push((all(&figures), sender));
        }
        Some(receiver)
    }

    /// Forces what was appended to the disk, as often as it is set.
    fn upkeep(&self) -> BoxFuture<'_, ()> {
        let Some(every) = self.spool.config().sync_interval() else { return std::future::pending().boxed() };
        let sync = async move {
            let mut ticks = interval(every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                let spool = self.spool.clone();
                // It can take long, and requests continue meanwhile.
                if let Ok(Err(error)) = tokio::task::spawn_blocking(move || spool.sync()).await {
                    log(&error);
                }
            }
        };
        sync.boxed()
    }

    /// Nothing is given out: what is left stays on disk.
    fn finish(&self) -> Vec<Encoded> {
        self.close();
        if let Err(error) = self.spool.close() {
            log(&error);
        }
        let mut state = self.state();
        state.finished = true;
        state.flushes.clear();
        Vec::new()
    }
}
