//! Watches the dependencies: asks each every second, says when one goes or comes back, and samples the queue's depth.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{gauge, histogram};
use serde::Serialize;
use tokio::sync::watch;

use super::QueueClock;
use sspp_engine::{EventQueue, QueueError, Store, StoreError};

const EVERY: Duration = Duration::from_secs(1);
/// With the pause between two rounds, readiness follows what happens within three seconds.
const ASK_WITHIN: Duration = Duration::from_secs(2);
const DEPTH_EVERY: Duration = Duration::from_secs(5);
const CLOCKS_EVERY: Duration = Duration::from_secs(15);

/// How a dependency is.
///
/// ```
/// fn show(dependency: &sspp_runtime::Dependency) -> String {
///     dependency.reason().map_or_else(|| "healthy".to_owned(), |reason| format!("unhealthy: {reason}"))
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    status: &'static str,
    /// In milliseconds.
    #[serde(serialize_with = "as_millis")]
    response_time: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What the driver said, for the log.
    #[serde(skip)]
    detail: Option<String>,
}

/// What a process does with the queue, and so needs of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueNeed {
    /// It puts events in: the queue has to take writes and to have room.
    Enqueue,
    /// It takes events out: the queue has to let them be settled, full or not.
    Drain,
}

impl Dependency {
    /// Whether it answers and can be used.
    pub fn is_healthy(&self) -> bool {
        self.reason.is_none()
    }

    /// What is wrong, in words of ours: a driver's may tell too much.
    pub fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// How long it took to answer.
    pub fn response_time(&self) -> Duration {
        self.response_time
    }

    /// Asks a queue whether it can do what is needed of it. One that takes longer than `within` is slow.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use sspp_core::{MemoryEventQueue, SystemClock};
    /// use sspp_runtime::{Dependency, QueueNeed};
    /// let queue = MemoryEventQueue::new(std::sync::Arc::new(SystemClock));
    /// let queue = Dependency::of_queue(&queue, QueueNeed::Enqueue, std::time::Duration::from_secs(1)).await;
    /// assert!(queue.is_healthy());
    /// # });
    /// ```
    pub async fn of_queue(queue: &dyn EventQueue, need: QueueNeed, within: Duration) -> Self {
        let asking = match need {
            QueueNeed::Enqueue => queue.ping(),
            QueueNeed::Drain => queue.can_settle(),
        };
        Self::ask(asking, within, |error| match error {
            QueueError::Unavailable { .. } => "away",
            QueueError::Timeout { .. } => "slow",
            QueueError::Full { .. } => "full",
            QueueError::Storage { .. } => "cannot write",
            QueueError::Corrupt { .. } => "damaged",
            QueueError::Closed => "closed",
        })
        .await
    }

    /// Asks a store whether it can record. One that takes longer than `within` is slow.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use sspp_core::SqliteStore;
    /// use sspp_runtime::Dependency;
    /// let store = Dependency::of_store(&SqliteStore::in_memory().await.unwrap(), std::time::Duration::from_secs(1)).await;
    /// assert!(store.is_healthy());
    /// # });
    /// ```
    pub async fn of_store(store: &dyn Store, within: Duration) -> Self {
        Self::ask(store.ping(), within, |error| match error {
            StoreError::Unavailable { .. } => "away",
            StoreError::Timeout { .. } | StoreError::TooBroad { .. } => "slow",
            StoreError::Contention { .. } => "busy",
            StoreError::Storage { .. } => "cannot write",
            StoreError::Setup { .. } => "not set up for this release: run `sspp-worker migrate`",
            StoreError::Corrupt { .. } | StoreError::Data { .. } | StoreError::MissingModel { .. } => {
                "damaged"
            }
            StoreError::Other { .. } => "failing",
            StoreError::Closed => "closed",
        })
        .await
    }

    async fn ask<E: std::fmt::Display>(
        asking: impl Future<Output = Result<(), E>>,
        within: Duration,
        reason: fn(&E) -> &'static str,
    ) -> Self {
        let began = Instant::now();
        let (reason, detail) = match tokio::time::timeout(within, asking).await {
            Ok(Ok(())) => (None, None),
            Ok(Err(error)) => (Some(reason(&error)), Some(error.to_string())),
            Err(_) => (Some("slow"), Some("no answer in time".to_owned())),
        };
        let status = if reason.is_none() { "healthy" } else { "unhealthy" };
        Self { status, response_time: began.elapsed(), reason, detail }
    }
}

fn as_millis<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// What was seen last.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The queue's server.
    pub queue: Dependency,
    /// The store's server.
    pub store: Dependency,
}

/// What is watched, and under which names its figures are exported.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The queue.
    pub queue: Arc<dyn EventQueue>,
    /// What this process needs of it.
    pub queue_need: QueueNeed,
    /// What the queue runs on, as metrics and logs name it.
    pub queue_service: &'static str,
    /// The store.
    pub store: Arc<dyn Store>,
    /// What the store runs on, as metrics and logs name it.
    pub store_service: &'static str,
    /// The queue's name in metrics.
    pub queue_name: String,
    /// The gauge that is 1 while a dependency can be used, by `dependency`.
    pub up: &'static str,
    /// The histogram of how long a dependency takes to answer, by `dependency`.
    pub ping: &'static str,
    /// The gauge of the queue's depth, by `queue_name` and `state`.
    pub size: &'static str,
    /// The gauge of how far this process's clock is ahead of a dependency's, by `dependency`.
    pub clock_offset: &'static str,
    /// This process's clock, which is compared with those of the dependencies.
    pub clock: Arc<QueueClock>,
}

/// Asks queue and store every second whether they can be used, says when one goes or comes back, and keeps the metrics that
/// [`Watched`] names; until the future is dropped. What it sees goes to the channel, which holds nothing before the first round.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use sspp_core::{MemoryEventQueue, SqliteStore, SystemClock};
/// use sspp_runtime::*;
/// let watched = Watched {
///     queue: Arc::new(MemoryEventQueue::new(Arc::new(SystemClock))),
///     queue_need: QueueNeed::Enqueue,
///     queue_service: "memory",
///     store: Arc::new(SqliteStore::in_memory().await.unwrap()),
///     store_service: "memory",
///     queue_name: "events".to_owned(),
///     up: "up",
///     ping: "ping_seconds",
///     size: "size",
///     clock_offset: "clock_offset_seconds",
///     clock: Arc::new(QueueClock::new(Arc::new(SystemClock))),
/// };
/// let (seen, mut see) = tokio::sync::watch::channel(None);
/// let watching = tokio::spawn(watch_dependencies(watched, seen));
/// let first = see.wait_for(Option::is_some).await.unwrap().clone().unwrap();
/// assert!(first.queue.is_healthy() && first.store.is_healthy());
/// watching.abort();
/// # });
/// ```
pub async fn watch_dependencies(watched: Watched, seen: watch::Sender<Option<Seen>>) {
    let Watched { queue, store, .. } = &watched;
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sampled: Option<Instant> = None;
    let (mut lined_up, mut compared) = (false, None::<Instant>);
    loop {
        ticks.tick().await;
        let (now_queue, now_store) = tokio::join!(
            Dependency::of_queue(&**queue, watched.queue_need, ASK_WITHIN),
            Dependency::of_store(&**store, ASK_WITHIN)
        );
        let before = seen.borrow().clone();
        watched.report(watched.queue_service, before.as_ref().map(|seen| &seen.queue), &now_queue);
        watched.report(watched.store_service, before.as_ref().map(|seen| &seen.store), &now_store);
        watched.show_up(&now_queue, &now_store);
        // One that takes no more still tells how much it holds.
        let answers = !matches!(now_queue.reason, Some("away" | "slow" | "closed"));
        let both_up = now_queue.is_healthy() && now_store.is_healthy();
        lined_up = both_up && (lined_up || watched.line_up().await);
        seen.send_replace(Some(Seen { queue: now_queue, store: now_store }));
        // Each by itself: without the store, the queue's clock still judges what producers say.
        if answers && compared.is_none_or(|at| at.elapsed() >= CLOCKS_EVERY) {
            compared = Some(Instant::now());
            watched.compare_clocks().await;
        }
        if answers && sampled.is_none_or(|at| at.elapsed() >= DEPTH_EVERY) {
            sampled = Some(Instant::now());
            watched.sample_depth().await;
        }
    }
}

impl Watched {
    /// One line a change, not one a second.
    fn report(&self, name: &'static str, before: Option<&Dependency>, now: &Dependency) {
        histogram!(self.ping, "dependency" => name).record(now.response_time);
        match (before.map(|before| before.reason), now.reason) {
            (Some(Some(_)) | None, None) => tracing::info!(dependency = name, "a dependency is there"),
            (Some(before), Some(reason)) if before == Some(reason) => {}
            // By this process, which stops.
            (Some(None), None) | (_, Some("closed")) => {}
            (_, Some(reason)) => {
                let detail = now.detail.as_deref().unwrap_or_default();
                tracing::warn!(dependency = name, reason, detail, "waiting for a dependency");
            }
        }
    }

    /// Where both are one server, it is up when both are.
    fn show_up(&self, queue: &Dependency, store: &Dependency) {
        let (queue, store) = (queue.is_healthy(), store.is_healthy());
        let one = self.queue_service == self.store_service;
        for (name, up) in [
            (self.queue_service, if one { queue && store } else { queue }),
            (self.store_service, if one { queue && store } else { store }),
        ] {
            gauge!(self.up, "dependency" => name).set(if up { 1.0 } else { 0.0 });
        }
    }

    async fn compare_clocks(&self) {
        let queue = self.clock.measure(self.queue_service, self.clock_offset, true, self.queue.now());
        let store = self.clock.measure(self.store_service, self.clock_offset, false, self.store.now());
        // One that does not answer in time is measured again later.
        drop(tokio::time::timeout(ASK_WITHIN, async { tokio::join!(queue, store) }).await);
    }

    /// One of them came, or came back, perhaps without what it knew: the queue's stamps go on after all that was erased.
    async fn line_up(&self) -> bool {
        let draw = async {
            let erased = self.store.erased_up_to().await.map_err(|error| error.to_string())?;
            if erased.is_some() {
                self.queue.fence(erased).await.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        };
        let drawn = tokio::time::timeout(ASK_WITHIN, draw).await;
        let drawn = drawn.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        if let Err(error) = &drawn {
            tracing::warn!(
                error,
                "the queue's stamps could not be moved behind what was erased; trying again"
            );
        }
        drawn.is_ok()
    }

    async fn sample_depth(&self) {
        let Ok(Ok(depth)) = tokio::time::timeout(ASK_WITHIN, self.queue.depth()).await else { return };
        for (state, size) in
            [("waiting", depth.waiting), ("active", depth.active), ("delayed", depth.delayed)]
        {
            let labels = [("queue_name", self.queue_name.clone()), ("state", state.to_owned())];
            #[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
            gauge!(self.size, &labels).set(size as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sspp_testing::MockEventQueue;

    type Fault = fn() -> QueueError;

    #[tokio::test]
    async fn a_full_queue_can_be_drained_and_one_that_cannot_be_written_cannot() {
        let faults: [(Fault, [Option<&str>; 2]); 3] = [
            (|| QueueError::Full { backlog: 1, limit: 1, retry_after: Duration::ZERO }, [Some("full"), None]),
            (
                || QueueError::Storage { reason: "hunter2".to_owned() },
                [Some("cannot write"), Some("cannot write")],
            ),
            (|| QueueError::Closed, [Some("closed"), Some("closed")]),
        ];
        for (fault, reasons) in faults {
            let mut queue = MockEventQueue::new();
            queue.expect_ping().returning(move || Err(fault()));
            for (need, reason) in [QueueNeed::Enqueue, QueueNeed::Drain].into_iter().zip(reasons) {
                let dependency = Dependency::of_queue(&queue, need, Duration::from_secs(1)).await;
                assert_eq!(dependency.reason(), reason, "{need:?}");
                assert!(!serde_json::to_string(&dependency).unwrap().contains("hunter2"));
            }
        }
    }
}
