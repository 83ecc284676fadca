//! Runs the background duties of a process: tries again after a failure, keeps a panic in one from the others, and stops all.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::duty::Duty;
use super::erasing::Erasing;
use super::retention::{Expiring, Retention};
use crate::{Store, StoreError};

/// The background work of a process: retention, and unfinished erasures.
///
/// Any number of processes may do so over one store: each step claims its rows in the database. A duty that fails is tried
/// again after its rest; a series of failures is logged once. A panic ends neither its duty nor the others.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{Retention, SqliteStore, Upkeep};
/// use tokio_util::sync::CancellationToken;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let (begun, stop) = (Arc::new(tokio::sync::Notify::new()), CancellationToken::new());
/// let retention = Retention { signals: Some(Retention::SHORTEST * 90), ..Retention::default() };
/// let store = Arc::new(SqliteStore::in_memory().await.unwrap());
/// let upkeep = Upkeep::new(store).retention(retention).erasures(Arc::clone(&begun));
/// let running = tokio::spawn(upkeep.run(stop.clone()));
/// // An erasure was begun: it need not wait for the next look.
/// begun.notify_one();
/// // … until the process stops …
/// stop.cancel();
/// running.await.unwrap();
/// # });
/// ```
pub struct Upkeep {
    store: Arc<dyn Store>,
    duties: Vec<Box<dyn Duty>>,
}

impl std::fmt::Debug for Upkeep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.duties.iter().map(|duty| duty.name())).finish()
    }
}

impl Upkeep {
    /// No duty yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, duties: Vec::new() }
    }

    /// Removes rows that are too old, by the store's clock. `sspp_expired_total` counts it by `kind`: `signal` or `dead_letter`.
    #[must_use]
    pub fn retention(mut self, retention: Retention) -> Self {
        let duty = Expiring::new(Arc::clone(&self.store), retention);
        self.duties.extend(duty.map(|duty| Box::new(duty) as Box<dyn Duty>));
        self
    }

    /// Finishes erasures, also those that a dead process began: at start, when `begun` is notified, and every 30 seconds.
    #[must_use]
    pub fn erasures(mut self, begun: Arc<Notify>) -> Self {
        self.duties.push(Box::new(Erasing::new(Arc::clone(&self.store), begun)));
        self
    }

    /// Runs the duties until `stop` is cancelled or the store is closed. A step in progress is dropped, which undoes its transaction.
    pub async fn run(self, stop: CancellationToken) {
        run(self.duties, stop).await;
    }
}

async fn run(duties: Vec<Box<dyn Duty>>, stop: CancellationToken) {
    let mut running = JoinSet::new();
    for duty in duties {
        running.spawn(keep_doing(duty, stop.clone()));
    }
    while running.join_next().await.is_some() {}
}

async fn keep_doing(mut duty: Box<dyn Duty>, stop: CancellationToken) {
    let mut failing = false;
    loop {
        let round = AssertUnwindSafe(duty.round()).catch_unwind();
        let failed = match stop.run_until_cancelled(round).await {
            None | Some(Ok(Err(StoreError::Closed))) => return,
            Some(Ok(done)) => done.err().map(|error| error.to_string()),
            // The panic is in the log already.
            Some(Err(_)) => Some("it panicked".to_owned()),
        };
        if let Some(error) = &failed
            && !failing
        {
            tracing::warn!(error, "{} failed; trying again until it works", duty.name());
        }
        failing = failed.is_some();
        if stop.run_until_cancelled(duty.rest()).await.is_none() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;

    /// Panics, fails, and then works.
    struct Bad(Arc<AtomicU32>);

    #[async_trait]
    impl Duty for Bad {
        fn name(&self) -> &'static str {
            "being bad"
        }

        async fn round(&mut self) -> Result<(), StoreError> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 => panic!("a duty that panics"),
                1 => Err(StoreError::Unavailable { reason: "a test".to_owned() }),
                _ => Ok(()),
            }
        }

        async fn rest(&self) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Works, and never rests for long.
    struct Good(Arc<AtomicU32>);

    #[async_trait]
    impl Duty for Good {
        fn name(&self) -> &'static str {
            "being good"
        }

        async fn round(&mut self) -> Result<(), StoreError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }

        async fn rest(&self) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_duty_that_panics_or_fails_goes_on_and_so_do_the_others() {
        let (bad, good, stop) =
            (Arc::<AtomicU32>::default(), Arc::<AtomicU32>::default(), CancellationToken::new());
        let duties: Vec<Box<dyn Duty>> =
            vec![Box::new(Bad(Arc::clone(&bad))), Box::new(Good(Arc::clone(&good)))];
        let running = tokio::spawn(run(duties, stop.clone()));
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        assert_eq!(bad.load(Ordering::SeqCst), 4, "once a second");
        assert!(good.load(Ordering::SeqCst) > 1_000);
        stop.cancel();
        running.await.unwrap();
        let rounds = good.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(good.load(Ordering::SeqCst), rounds, "it stopped");
    }

    #[tokio::test]
    async fn a_stop_does_not_wait_for_a_round_that_hangs() {
        struct Hanging;

        #[async_trait]
        impl Duty for Hanging {
            fn name(&self) -> &'static str {
                "hanging"
            }

            async fn round(&mut self) -> Result<(), StoreError> {
                std::future::pending().await
            }

            async fn rest(&self) {}
        }

        let stop = CancellationToken::new();
        let running = tokio::spawn(run(vec![Box::new(Hanging)], stop.clone()));
        tokio::task::yield_now().await;
        stop.cancel();
        running.await.unwrap();
    }
}
