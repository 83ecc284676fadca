//! Delivers what is in a spool, oldest first, one batch at a time, for as long as it takes.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{join, select};
use sspp_events::Violation;
use tokio::sync::{Notify, watch};

use crate::api::Ruling;
use crate::error::Error;

use super::{Spool, SpoolBatch, SpoolConfig, SpoolError};

/// Why a whole batch got no verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A part of the batch is what the server does not take, for these reasons where it is one event: it is tried in halves, then
    /// event by event.
    Contents(Vec<Violation>),
    /// Anything else: the server is away, busy, or does not know us. The events are kept, however long it lasts.
    Kept(Option<Duration>),
}

/// The way to the server, as the outbox needs it.
pub(crate) trait Route: Send + Sync {
    /// Sends the events once: a ruling for each, and how long to wait before any of them is sent again.
    fn post(
        &self,
        events: &[Vec<u8>],
    ) -> impl Future<Output = Result<(Vec<Ruling>, Option<Duration>), Refusal>> + Send;

    /// An event is settled by a ruling.
    fn settled(&self, event: &[u8], ruling: &Ruling);

    /// So many events are sent again.
    fn again(&self, events: usize);

    /// How long to wait after so many failures in a row, at least as long as the server said.
    fn pause(&self, failed: u32, at_least: Option<Duration>) -> Duration;

    /// The spool's own files made trouble.
    fn trouble(&self, error: &SpoolError);
}

/// A spool with the task that empties it.
#[derive(Debug)]
pub(crate) struct Outbox {
    spool: Spool,
    wake: Notify,
    moved: Notify,
    stop: watch::Sender<bool>,
}

impl Outbox {
    pub(crate) fn open(config: SpoolConfig) -> Result<Self, SpoolError> {
        let spool = Spool::open(config)?;
        Ok(Self { spool, wake: Notify::new(), moved: Notify::new(), stop: watch::Sender::new(false) })
    }

    /// Takes an event: a crash of the process does not lose it any more.
    pub(crate) fn put(&self, event: &[u8]) -> Result<(), Error> {
        match self.spool.append(event) {
            Ok(()) => self.wake.notify_one(),
            Err(SpoolError::Closed { .. }) => return Err(Error::Closed),
            Err(error) => return Err(Error::Spool(error.into())),
        }
        Ok(())
    }

    /// How many events are not settled.
    pub(crate) fn pending(&self) -> usize {
        usize::try_from(self.spool.stats().pending).unwrap_or(usize::MAX)
    }

    /// How many events went to make room for newer ones.
    pub(crate) fn displaced(&self) -> u64 {
        self.spool.stats().dropped
    }

    /// Ends [`Self::run`] soon; what is in the spool stays there.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns when everything that was put before the call is settled.
    pub(crate) async fn flushed(&self) {
        let stats = self.spool.stats();
        let target = stats.recovered + stats.appended;
        loop {
            let moved = self.moved.notified();
            let stats = self.spool.stats();
            if (stats.recovered + stats.appended).saturating_sub(stats.pending) >= target {
                return;
            }
            moved.await;
        }
    }

    /// Delivers until it is stopped.
    pub(crate) async fn run(&self, route: &impl Route, max_events: usize, max_bytes: usize) {
        let mut stop = self.stop.subscribe();
        let work = join(self.deliver_all(route, max_events, max_bytes), self.keep_synced(route));
        select(pin!(stop.wait_for(|stop| *stop)), pin!(work)).await;
        if let Err(error) = self.spool.close() {
            route.trouble(&error);
        }
        self.moved.notify_waiters();
    }

    async fn deliver_all(&self, route: &impl Route, max_events: usize, max_bytes: usize) {
        let mut unreadable = 0;
        loop {
            let waiting = self.wake.notified();
            match self.spool.peek(max_events, max_bytes) {
                Ok(Some(batch)) => {
                    unreadable = 0;
                    self.deliver(route, &batch).await;
                }
                Ok(None) => waiting.await,
                Err(error) => {
                    unreadable += 1;
                    route.trouble(&error);
                    tokio::time::sleep(route.pause(unreadable, None)).await;
                }
            }
        }
    }

    /// Sends a batch until each of its events has a verdict; those that wait for one go first again.
    async fn deliver(&self, route: &impl Route, batch: &SpoolBatch) {
        let mut left = batch.payloads().to_vec();
        let (mut failed, mut size) = (0, left.len());
        while !left.is_empty() {
            size = size.clamp(1, left.len());
            let (open, at_least) = match route.post(&left[..size]).await {
                Ok((rulings, at_least)) => {
                    let before = left.len();
                    left = settle(route, left, &rulings);
                    let settled = before - left.len();
                    failed = if settled > 0 { 0 } else { failed };
                    (size.saturating_sub(settled), at_least)
                }
                Err(Refusal::Contents(_)) if size > 1 => {
                    size = size.div_ceil(2);
                    continue;
                }
                Err(Refusal::Contents(errors)) => {
                    route.settled(&left.remove(0), &Ruling::Rejected(errors));
                    (0, None)
                }
                Err(Refusal::Kept(at_least)) => (size, at_least),
            };
            size = left.len();
            if open > 0 {
                failed += 1;
                route.again(open);
                tokio::time::sleep(route.pause(failed, at_least)).await;
            }
        }
        if let Err(error) = self.spool.settle(batch) {
            route.trouble(&error);
        }
        self.moved.notify_waiters();
    }

    async fn keep_synced(&self, route: &impl Route) {
        let Some(interval) = self.spool.config().sync_interval() else { return std::future::pending().await };
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let spool = self.spool.clone();
            // A flush can take long; requests go on meanwhile.
            if let Ok(Err(error)) = tokio::task::spawn_blocking(move || spool.sync()).await {
                route.trouble(&error);
            }
        }
    }
}

/// Settles what has a final verdict, and gives the rest in its order.
fn settle(route: &impl Route, left: Vec<Vec<u8>>, rulings: &[Ruling]) -> Vec<Vec<u8>> {
    let mut rest = Vec::new();
    for (index, event) in left.into_iter().enumerate() {
        match rulings.get(index) {
            Some(Ruling::Retry) | None => rest.push(event),
            Some(ruling) => route.settled(&event, ruling),
        }
    }
    rest
}
