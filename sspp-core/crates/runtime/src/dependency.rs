//! Whether the queue and the store can be used, and what is wrong if not.

use std::time::{Duration, Instant};

use serde::Serialize;
use sspp_engine::{EventQueue, QueueError, Store, StoreError};

/// How a dependency is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    status: &'static str,
    /// In milliseconds.
    #[serde(serialize_with = "as_millis")]
    response_time: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What the driver said, for the log alone.
    #[serde(skip)]
    pub(super) detail: Option<String>,
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
            QueueError::Unavailable { .. } => "unavailable",
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
    /// let store = SqliteStore::in_memory().await.unwrap();
    /// let store = Dependency::of_store(&store, std::time::Duration::from_secs(1)).await;
    /// assert!(store.is_healthy());
    /// # });
    /// ```
    pub async fn of_store(store: &dyn Store, within: Duration) -> Self {
        Self::ask(store.ping(), within, |error| match error {
            StoreError::Unavailable { .. } => "unavailable",
            StoreError::Timeout { .. } | StoreError::TooBroad { .. } => "slow",
            StoreError::Contention { .. } => "busy",
            StoreError::Storage { .. } => "cannot write",
            StoreError::Setup { .. } => {
                "not set up for this release: run `sspp-api migrate` or `sspp-worker migrate`"
            }
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
