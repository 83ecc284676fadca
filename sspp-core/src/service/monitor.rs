//! Watches the dependencies: asks each every second, says when one goes or comes back, and samples the queue's depth.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{gauge, histogram};
use serde::Serialize;
use tokio::sync::watch;

use crate::{EventQueue, QueueError, SignalStore, StoreError};

const EVERY: Duration = Duration::from_secs(1);
/// With the pause between two rounds, readiness follows what happens within three seconds.
const ASK_WITHIN: Duration = Duration::from_secs(2);
const DEPTH_EVERY: Duration = Duration::from_secs(5);

/// How a dependency is.
///
/// ```
/// fn show(dependency: &sspp_core::service::Dependency) -> String {
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
    /// What the queue runs on, as metrics and logs name it.
    pub queue_service: &'static str,
    /// The store.
    pub store: Arc<dyn SignalStore>,
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
}

/// Asks queue and store every second whether they can be used, says when one goes or comes back, and keeps the metrics that
/// [`Watched`] names; until the future is dropped. What it sees goes to the channel, which holds nothing before the first round.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use sspp_core::{MemoryEventQueue, MemorySignalStore, SystemClock, service::*};
/// let watched = Watched {
///     queue: Arc::new(MemoryEventQueue::new(Arc::new(SystemClock))),
///     queue_service: "memory",
///     store: Arc::new(MemorySignalStore::new()),
///     store_service: "memory",
///     queue_name: "events".to_owned(),
///     up: "up",
///     ping: "ping_seconds",
///     size: "size",
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
    loop {
        ticks.tick().await;
        let (now_queue, now_store) = tokio::join!(ask_queue(&**queue), ask_store(&**store));
        let before = seen.borrow().clone();
        watched.report(watched.queue_service, before.as_ref().map(|seen| &seen.queue), &now_queue);
        watched.report(watched.store_service, before.as_ref().map(|seen| &seen.store), &now_store);
        watched.show_up(&now_queue.0, &now_store.0);
        let queue_up = now_queue.0.is_healthy();
        seen.send_replace(Some(Seen { queue: now_queue.0, store: now_store.0 }));
        if queue_up && sampled.is_none_or(|at| at.elapsed() >= DEPTH_EVERY) {
            sampled = Some(Instant::now());
            watched.sample_depth().await;
        }
    }
}

async fn ask_queue(queue: &dyn EventQueue) -> (Dependency, Option<String>) {
    let began = Instant::now();
    let answer = tokio::time::timeout(ASK_WITHIN, queue.ping()).await;
    match answer {
        // A full queue takes no more, but whoever empties it is well.
        Ok(Ok(()) | Err(QueueError::Full { .. })) => found(began, None, None),
        Ok(Err(error)) => {
            let reason = match error {
                QueueError::Unavailable { .. } | QueueError::Full { .. } => "away",
                QueueError::Timeout { .. } => "slow",
                QueueError::Storage { .. } => "cannot write",
                QueueError::Corrupt { .. } => "damaged",
                QueueError::Closed => "closed",
            };
            found(began, Some(reason), Some(error.to_string()))
        }
        Err(_) => found(began, Some("slow"), None),
    }
}

async fn ask_store(store: &dyn SignalStore) -> (Dependency, Option<String>) {
    let began = Instant::now();
    let answer = tokio::time::timeout(ASK_WITHIN, store.ping()).await;
    match answer {
        Ok(Ok(())) => found(began, None, None),
        Ok(Err(error)) => {
            let reason = match error {
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
            };
            found(began, Some(reason), Some(error.to_string()))
        }
        Err(_) => found(began, Some("slow"), None),
    }
}

fn found(
    began: Instant,
    reason: Option<&'static str>,
    detail: Option<String>,
) -> (Dependency, Option<String>) {
    let response_time = began.elapsed();
    let status = if reason.is_none() { "healthy" } else { "unhealthy" };
    (Dependency { status, response_time, reason }, detail)
}

impl Watched {
    /// One line a change, not one a second.
    fn report(&self, name: &'static str, before: Option<&Dependency>, now: &(Dependency, Option<String>)) {
        let (now, detail) = now;
        histogram!(self.ping, "dependency" => name).record(now.response_time);
        match (before.map(|before| before.reason), now.reason) {
            (Some(Some(_)) | None, None) => tracing::info!(dependency = name, "a dependency is there"),
            (Some(before), Some(reason)) if before == Some(reason) => {}
            (_, Some(reason)) => {
                let detail = detail.as_deref().unwrap_or("no answer in time");
                tracing::warn!(dependency = name, reason, detail, "waiting for a dependency");
            }
            (Some(None), None) => {}
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
