//! Production: the queue on Redis, the store on PostgreSQL, and no pipeline in this process.

use std::sync::Arc;
use std::time::Duration;

use sspp_core::{Clock, PgStore, Random, RedisEventQueue, ScoringModel};
use sspp_runtime::{
    Backends, DurabilityState, StartArgs, migrate_until_done, require_durable, watch_durability,
};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::app::RunError;
use crate::state::Ports;

/// How long a queue that has to be durable may take to say so.
const DURABLE_WITHIN: Duration = Duration::from_secs(30);

/// What runs in production.
#[derive(Debug)]
pub(crate) struct Production {
    queue: Arc<RedisEventQueue>,
    store: Arc<PgStore>,
    durability: DurabilityState,
    migrating: Option<AbortOnDropHandle<()>>,
}

impl Production {
    /// Opens both. A server that is away is no error, unless the queue has to be durable.
    pub(crate) async fn start(
        backends: Backends,
        start: &StartArgs,
        model: Arc<ScoringModel>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Ports), RunError> {
        let queue = RedisEventQueue::open(backends.redis).await?;
        let store = PgStore::open(backends.postgres).await?;
        if start.require_durable_queue {
            let durable = require_durable(queue.port(), store.port(), Some(DURABLE_WITHIN)).await;
            durable.map_err(RunError::NotDurable)?;
        }
        let durability = watch_durability(queue.port(), store.port());
        let migrating = start
            .migrate
            .then(|| AbortOnDropHandle::new(tokio::spawn(migrate_until_done(Arc::clone(&store)))));
        let ports = Ports {
            queue: queue.port(),
            queue_service: "redis",
            store: store.port(),
            store_service: "postgresql",
            model,
            clock,
            random,
        };
        Ok((Self { queue, store, durability, migrating }, ports))
    }

    /// Tells how many connections to PostgreSQL are open and idle.
    pub(crate) fn connections(&self) -> impl Fn() -> (u32, u32) + Send + Sync + use<> {
        self.store.connections()
    }

    /// Ends the connections, but does not wait for a server that is away.
    pub(crate) async fn close(self, deadline: Instant) {
        let Self { queue, store, durability, migrating } = self;
        drop((durability, migrating));
        let closing = async { tokio::join!(queue.close(), store.close()) };
        if tokio::time::timeout_at(deadline, closing).await.is_err() {
            tracing::warn!("a connection did not end in time");
        }
    }
}
