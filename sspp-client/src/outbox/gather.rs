//! The task that empties the store: gathers emitted events into batches, answers flushes, and ends when the client is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{oneshot, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::batch::Batch;
use super::delivery::deliver;
use super::engine::Outbox;
use crate::settings::at;

/// What the client's thread does: empties the store until the client is closed, and settles what is left.
pub(crate) async fn run(outbox: Arc<Outbox>) {
    tokio::select! {
        () = gather(Arc::clone(&outbox)) => {}
        () = outbox.store.upkeep() => {}
    }
    // Each `send` ends when time is over.
    let _ = outbox.sends.subscribe().wait_for(|sends| *sends == 0).await;
    outbox.settle();
    // Reading continues meanwhile.
    let _ = tokio::task::spawn_blocking(move || outbox.end_callbacks()).await;
}

/// Gathers until the client is closed, and everything is settled or time is over.
pub(super) async fn gather(outbox: Arc<Outbox>) {
    let closing = outbox.closing.subscribe();
    let mut gatherer = Gatherer {
        outbox,
        deliveries: JoinSet::new(),
        under_way: Vec::new(),
        next: 0,
        flushes: Vec::new(),
        since: None,
        setbacks: 0,
        paused: None,
        troubled: Arc::new(AtomicUsize::new(0)),
        closing,
    };
    gatherer.run().await;
    // What is still on its way is counted as dropped when its task is.
    gatherer.deliveries.shutdown().await;
}

struct Gatherer {
    outbox: Arc<Outbox>,
    deliveries: JoinSet<()>,
    /// The numbers of the deliveries under way, oldest first, with their tasks.
    under_way: Vec<(u64, Id)>,
    next: u64,
    /// Flushes that wait until every delivery below a number is over.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    /// When the oldest waiting event was first seen.
    since: Option<Instant>,
    /// How many times in a row events could not be taken, or a delivery of events on disk panicked.
    setbacks: u32,
    /// Until when nothing is begun because of that.
    paused: Option<Instant>,
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
            let look = self.outbox.store.look();
            if look.ended && self.under_way.is_empty() {
                return;
            }
            // Batches that cannot be begun yet wait for a delivery to end, not for a timer.
            let since = self.since.filter(|_| self.may_begin());
            let due = self.pause().or_else(|| since.map(|since| since + self.outbox.settings.flush_interval));
            let over = *self.closing.borrow_and_update();
            tokio::select! {
                () = self.outbox.store.wake().notified() => {}
                Some(ended) = self.deliveries.join_next_with_id() => self.end(ended),
                () = at(due) => {}
                () = at(over) => return,
                Ok(()) = self.closing.changed() => {}
            }
        }
    }

    /// Until when nothing is begun, if that is still to come.
    fn pause(&self) -> Option<Instant> {
        self.paused.filter(|until| *until > Instant::now())
    }

    fn may_begin(&self) -> bool {
        self.under_way.len() < self.outbox.settings.in_flight
            && (self.troubled.load(Ordering::Relaxed) == 0 || self.under_way.is_empty())
            && self.pause().is_none()
    }

    /// Begins what is due; other events wait for the interval.
    fn begin_deliveries(&mut self) {
        loop {
            let look = self.outbox.store.look();
            if !look.waiting {
                self.since = None;
            } else if self.since.is_none() {
                self.since = Some(Instant::now());
            }
            let late =
                || self.since.is_some_and(|since| since.elapsed() >= self.outbox.settings.flush_interval);
            if look.waiting && (look.due || late()) && self.may_begin() {
                match self.outbox.store.take_batch() {
                    Ok(events) if events.is_empty() => {}
                    Ok(events) => {
                        self.begin(Batch::emitted(&self.outbox, events));
                        self.since = None;
                        continue;
                    }
                    Err(_) => self.set_back(),
                }
            }
            // A flush at the front waits for the deliveries before it.
            match self.outbox.store.take_flush() {
                Some(flush) => self.flushes.push((self.next, flush)),
                None => return,
            }
        }
    }

    /// Begins nothing for a while.
    fn set_back(&mut self) {
        self.setbacks += 1;
        let pause = self.outbox.settings.backoff.delay(self.setbacks, None, &*self.outbox.random);
        self.paused = Some(Instant::now() + pause);
    }

    fn begin(&mut self, batch: Batch) {
        let (outbox, all) = (Arc::clone(&self.outbox), Arc::clone(&self.troubled));
        let trouble = Trouble { outbox, all, mine: AtomicUsize::new(0) };
        let task = self.deliveries.spawn(async move {
            deliver(batch, |now| trouble.set(now)).await;
        });
        self.under_way.push((self.next, task.id()));
        self.next += 1;
    }

    fn end(&mut self, ended: Result<(Id, ()), JoinError>) {
        let task = match ended {
            Ok((task, ())) => {
                self.setbacks = 0;
                task
            }
            Err(error) => {
                // A transport of the user's panicked.
                tracing::error!("sending a batch failed: {error}");
                if self.outbox.store.is_lasting() {
                    self.set_back();
                }
                error.id()
            }
        };
        self.under_way.retain(|(_, other)| *other != task);
    }

    fn answer_flushes(&mut self) {
        let oldest = self.under_way.first().map_or(u64::MAX, |(number, _)| *number);
        for (_, flush) in self.flushes.extract_if(.., |(before, _)| oldest >= *before) {
            // The caller may have given up waiting.
            let _ = flush.send(());
        }
    }
}

/// Whether one delivery is failing, counted among all; forgotten with it.
struct Trouble {
    outbox: Arc<Outbox>,
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
            self.outbox.store.wake().notify_one();
        }
    }
}

impl Drop for Trouble {
    fn drop(&mut self) {
        self.set(false);
    }
}
