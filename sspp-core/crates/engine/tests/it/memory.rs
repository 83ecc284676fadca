//! The memory adapters keep the contracts.
#![expect(clippy::unwrap_used, reason = "fixtures are parts of tests: they fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use sspp_core::testing::contract::{QueueFixture, StoreFixture};
use sspp_core::{EventQueue, ManualClock, MemoryEventQueue, MemoryStore};

struct Queue {
    clock: Arc<ManualClock>,
    queue: MemoryEventQueue,
}

#[async_trait]
impl QueueFixture for Queue {
    fn queue(&self) -> Arc<dyn EventQueue> {
        Arc::new(self.queue.clone())
    }

    fn claim_bound(&self) -> Duration {
        Duration::from_mins(1)
    }

    fn max_backlog(&self) -> u64 {
        2_000
    }

    async fn pass(&mut self, time: Duration) {
        self.clock.advance(TimeDelta::from_std(time).unwrap());
    }

    async fn crash(&mut self) -> bool {
        false
    }
}

#[expect(clippy::unused_async, reason = "suites take asynchronous functions")]
async fn queue() -> Queue {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z".parse().unwrap()));
    let queue = MemoryEventQueue::new(Arc::<ManualClock>::clone(&clock))
        .with_max_backlog(2_000)
        .with_claim_bound(Duration::from_mins(1));
    Queue { clock, queue }
}

struct InMemory(MemoryStore);

#[async_trait]
impl StoreFixture for InMemory {
    type Store = MemoryStore;

    fn store(&self) -> Arc<MemoryStore> {
        Arc::new(self.0.clone())
    }

    async fn crash(&mut self) -> bool {
        false
    }
}

#[expect(clippy::unused_async, reason = "suites take asynchronous functions")]
async fn store() -> InMemory {
    InMemory(MemoryStore::new())
}

mod queue_contract {
    sspp_core::queue_contract!(super::queue);
}

mod store_contract {
    sspp_core::store_contract!(without housekeeping: super::store);
}
