//! Watches the dependencies: asks each every second, says when one goes or comes back, and samples the queue's depth.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{describe_gauge, gauge};
use serde::Serialize;
use sspp_core::{EventQueue, QueueError, SignalStore, StoreError};
use tokio::sync::watch;

const EVERY: Duration = Duration::from_secs(1);
/// With the pause between two rounds, readiness follows what happens within three seconds.
const ASK_WITHIN: Duration = Duration::from_secs(2);
const DEPTH_EVERY: Duration = Duration::from_secs(5);
const QUEUE_SIZE: &str = "sspp_worker_queue_size";
const UP: &str = "sspp_worker_dependency_up";

/// How a dependency is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    /// `healthy` or `unhealthy`.
    pub(crate) status: &'static str,
    /// How long it took to answer, in milliseconds.
    response_time: u64,
    /// What is wrong, in words of ours: a driver's may tell too much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
}

impl Dependency {
    pub(crate) fn is_healthy(&self) -> bool {
        self.reason.is_none()
    }
}

/// What was seen last.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) queue: Dependency,
    pub(crate) store: Dependency,
}

/// Watches until it is dropped; what it sees goes to the channel, which holds nothing before the first round.
pub(crate) async fn watch_dependencies(
    queue: Arc<dyn EventQueue>,
    store: Arc<dyn SignalStore>,
    queue_name: String,
    seen: watch::Sender<Option<Seen>>,
) {
    describe_gauge!(QUEUE_SIZE, "Events in the queue, by state");
    describe_gauge!(UP, "1 when the dependency answers and can be used, else 0");
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sampled: Option<Instant> = None;
    loop {
        ticks.tick().await;
        let (now_queue, now_store) = tokio::join!(ask_queue(&*queue), ask_store(&*store));
        let before = seen.borrow().clone();
        report("redis", before.as_ref().map(|seen| &seen.queue), &now_queue);
        report("postgresql", before.as_ref().map(|seen| &seen.store), &now_store);
        let queue_up = now_queue.0.is_healthy();
        seen.send_replace(Some(Seen { queue: now_queue.0, store: now_store.0 }));
        if queue_up && sampled.is_none_or(|at| at.elapsed() >= DEPTH_EVERY) {
            sampled = Some(Instant::now());
            sample_depth(&*queue, &queue_name).await;
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
                StoreError::Timeout { .. } => "slow",
                StoreError::Contention { .. } => "busy",
                StoreError::Storage { .. } => "cannot write",
                StoreError::Setup { .. } => "not set up for this release: run `sspp-worker migrate`",
                StoreError::Corrupt { .. } | StoreError::Data { .. } => "damaged",
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
    let response_time = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let status = if reason.is_none() { "healthy" } else { "unhealthy" };
    (Dependency { status, response_time, reason }, detail)
}

/// One line a change, not one a second.
fn report(name: &'static str, before: Option<&Dependency>, now: &(Dependency, Option<String>)) {
    let (now, detail) = now;
    gauge!(UP, "dependency" => name).set(if now.is_healthy() { 1.0 } else { 0.0 });
    match (before.map(|before| before.reason), now.reason) {
        (Some(Some(_)) | None, None) => tracing::info!(dependency = name, "a dependency is there"),
        (Some(before), Some(reason)) if before == Some(reason) => {}
        (_, Some(reason)) => {
            let detail = detail.as_deref().unwrap_or("no answer in time");
            tracing::warn!(dependency = name, reason, detail, "not ready: waiting for a dependency");
        }
        (Some(None), None) => {}
    }
}

async fn sample_depth(queue: &dyn EventQueue, queue_name: &str) {
    let Ok(Ok(depth)) = tokio::time::timeout(ASK_WITHIN, queue.depth()).await else { return };
    for (state, size) in [("waiting", depth.waiting), ("active", depth.active), ("delayed", depth.delayed)] {
        #[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
        gauge!(QUEUE_SIZE, "queue_name" => queue_name.to_owned(), "state" => state).set(size as f64);
    }
}
