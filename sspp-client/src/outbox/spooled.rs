//! The spool as a store of the outbox: events stay on disk until the server answered for them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, oneshot};
use tokio::time::{MissedTickBehavior, interval};

use super::store::{Look, Pushed, Store};
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
    /// The batch that was taken last.
    taken: Option<SpoolBatch>,
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
        self.spool.stats().dropped
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
        let waiting = self.spool.stats().pending > 0;
        Look { waiting, due: true, ended: closed && !waiting }
    }

    fn take_batch(&self) -> Result<Vec<Encoded>, Error> {
        let batch = self.spool.peek(self.batch_events, self.batch_bytes);
        let batch = batch.inspect_err(log).map_err(|error| Error::Spool(error.into()))?;
        let payloads = batch.as_ref().map_or(&[][..], SpoolBatch::payloads);
        let events = payloads.iter().map(|json| Encoded::stored(Bytes::copy_from_slice(json))).collect();
        let mut state = self.state();
        if batch.is_none() {
            // Damaged records may have been the last.
            self.answer_flushes(&mut state);
        }
        state.taken = batch;
        Ok(events)
    }

    /// The files forget the batch last: a crash before that sends it again, and its event ids make that safe.
    fn batch_is_settled(&self) {
        let mut state = self.state();
        if let Some(batch) = state.taken.take()
            && let Err(error) = self.spool.settle(&batch)
        {
            log(&error);
        }
        self.answer_flushes(&mut state);
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
        state.flushes.push((all(&figures), sender));
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
                // It can take long, and requests go on meanwhile.
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
        self.state().flushes.clear();
        Vec::new()
    }
}
