//! The client's own task: gathers emitted events into batches, answers flushes, and ends when the client is closed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::batch::{Batch, Origin};
use crate::core::Core;
use crate::delivery::deliver;

/// Gathers until the client is closed, and everything is settled or time is over.
pub(crate) async fn gather(core: Arc<Core>) {
    let closing = core.closing.subscribe();
    let mut gatherer = Gatherer {
        core,
        deliveries: JoinSet::new(),
        under_way: BTreeSet::new(),
        next: 0,
        flushes: Vec::new(),
        since: None,
        troubled: Arc::new(AtomicUsize::new(0)),
        closing,
    };
    gatherer.run().await;
    // What is still on its way is counted as dropped when its task is.
    gatherer.deliveries.shutdown().await;
}

struct Gatherer {
    core: Arc<Core>,
    deliveries: JoinSet<u64>,
    /// The numbers of the deliveries under way.
    under_way: BTreeSet<u64>,
    next: u64,
    /// Who waits until every delivery below a number is over.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    /// When the oldest waiting event was first seen.
    since: Option<Instant>,
    /// How many deliveries wait because the server failed them as a whole: while there is one, no other is begun, so
    /// that a server in trouble sees few requests and events stay in the queue, where they cost no attempt.
    troubled: Arc<AtomicUsize>,
    closing: watch::Receiver<Option<Instant>>,
}

impl Gatherer {
    async fn run(&mut self) {
        loop {
            self.begin_deliveries();
            self.answer_flushes();
            let look = self.core.queue.look();
            if look.closed && look.waiting.events == 0 && self.under_way.is_empty() {
                return;
            }
            let interval = self.core.settings.flush_interval;
            // A full queue of batches that cannot be begun yet waits for a delivery to end, not for a timer.
            let due = self.since.filter(|_| self.may_begin()).map(|since| since + interval);
            let over = *self.closing.borrow_and_update();
            tokio::select! {
                () = self.core.queue.wake.notified() => {}
                Some(ended) = self.deliveries.join_next() => self.end(ended),
                () = at(due) => {}
                () = at(over) => return,
                Ok(()) = self.closing.changed() => {}
            }
        }
    }

    fn may_begin(&self) -> bool {
        self.under_way.len() < self.core.settings.in_flight
            && (self.troubled.load(Ordering::Relaxed) == 0 || self.under_way.is_empty())
    }

    /// Begins what is due: full batches at once, others after the interval, or when someone waits.
    fn begin_deliveries(&mut self) {
        let core = Arc::clone(&self.core);
        let settings = &core.settings;
        loop {
            let look = self.core.queue.look();
            if look.waiting.events == 0 {
                self.since = None;
            } else if self.since.is_none() {
                self.since = Some(Instant::now());
            }
            let full =
                look.waiting.events >= settings.batch_events || look.waiting.bytes >= settings.batch_bytes;
            let late = self.since.is_some_and(|since| since.elapsed() >= settings.flush_interval);
            if look.waiting.events > 0 && (full || late || look.flush || look.closed) && self.may_begin() {
                let events = self.core.queue.take_batch();
                if !events.is_empty() {
                    let events = events.into_iter().enumerate().collect();
                    let batch = Batch::new(Arc::clone(&self.core), Origin::Queue, events);
                    self.begin(batch);
                    self.since = None;
                    continue;
                }
            }
            // A flush at the front waits for what went before it.
            match self.core.queue.take_flush() {
                Some(flush) => self.flushes.push((self.next, flush)),
                None => return,
            }
        }
    }

    fn begin(&mut self, batch: Batch) {
        let number = self.next;
        let mine = AtomicUsize::new(0);
        let trouble = Trouble { core: Arc::clone(&self.core), all: Arc::clone(&self.troubled), mine };
        self.deliveries.spawn(async move {
            deliver(batch, |now| trouble.set(now)).await;
            number
        });
        self.under_way.insert(number);
        self.next += 1;
    }

    fn end(&mut self, ended: Result<u64, tokio::task::JoinError>) {
        match ended {
            Ok(number) => drop(self.under_way.remove(&number)),
            Err(error) => {
                // A transport of the user's panicked. Its number is unknown, so flushes are answered when all are over.
                tracing::error!("sending a batch failed: {error}");
                if self.deliveries.is_empty() {
                    self.under_way.clear();
                    self.troubled.store(0, Ordering::Relaxed);
                }
            }
        }
    }

    fn answer_flushes(&mut self) {
        let oldest = self.under_way.first().copied().unwrap_or(u64::MAX);
        for (before, flush) in std::mem::take(&mut self.flushes) {
            if oldest >= before {
                // Whoever asked may have stopped waiting.
                let _ = flush.send(());
            } else {
                self.flushes.push((before, flush));
            }
        }
    }
}

/// Whether one delivery is failing, counted among all; forgotten with it.
struct Trouble {
    core: Arc<Core>,
    all: Arc<AtomicUsize>,
    mine: AtomicUsize,
}

impl Trouble {
    fn set(&self, now: bool) {
        let before = self.mine.swap(usize::from(now), Ordering::Relaxed);
        if now && before == 0 {
            self.all.fetch_add(1, Ordering::Relaxed);
        } else if !now && before == 1 {
            self.all.fetch_sub(1, Ordering::Relaxed);
            self.core.queue.wake.notify_one();
        }
    }
}

impl Drop for Trouble {
    fn drop(&mut self) {
        self.set(false);
    }
}

pub(crate) async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
