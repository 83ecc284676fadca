//! Opens what a process runs on. Adapters are chosen here and nowhere else.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use sspp_engine::{EventQueue, Store};
use sspp_postgres::{PgConfig, PgStore};
use sspp_redis::RedisEventQueue;
use tokio::time::{Instant, timeout_at};

use super::migration::migrate_until_done;
use super::{Backends, RunError};

type Connections = Arc<dyn Fn() -> (u32, u32) + Send + Sync>;
type Closing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An open queue and an open store, with their names in /health, metrics and logs.
pub struct Adapters {
    /// The queue.
    pub queue: Arc<dyn EventQueue>,
    /// What the queue runs on.
    pub queue_kind: &'static str,
    /// The store.
    pub store: Arc<dyn Store>,
    /// What the store runs on.
    pub store_kind: &'static str,
    connections: Connections,
    /// The store whose schema may have to be migrated.
    postgres: Option<Arc<PgStore>>,
    /// A file has to be closed; servers are not waited for.
    waits_for_closing: bool,
    closing: Closing,
}

impl fmt::Debug for Adapters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Adapters")
            .field("queue", &self.queue)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// Opens the queue on Redis and the store on PostgreSQL. A server that is away is no error.
///
/// ```no_run
/// # async fn open(backends: sspp_runtime::Backends) -> Result<(), sspp_runtime::RunError> {
/// let adapters = sspp_runtime::open_servers(backends).await?;
/// assert_eq!((adapters.queue_kind, adapters.store_kind), ("redis", "postgresql"));
/// # Ok(())
/// # }
/// ```
pub async fn open_servers(backends: Backends) -> Result<Adapters, RunError> {
    let queue = RedisEventQueue::open(backends.redis).await?;
    let store = open_postgres(backends.postgres).await?;
    let mut adapters = Adapters::new(("redis", queue.port()), ("postgresql", store.port()));
    adapters.connections = Arc::new(store.connections());
    adapters.postgres = Some(Arc::clone(&store));
    adapters.closing = Box::pin(async move {
        tokio::join!(queue.close(), store.close());
    });
    Ok(adapters)
}

/// Opens a store on PostgreSQL, for what needs no queue.
///
/// ```no_run
/// # async fn open() -> Result<(), sspp_runtime::RunError> {
/// let config = sspp_core::PgConfig::new("postgres://localhost/sspp");
/// let store = sspp_runtime::open_postgres(config).await?;
/// # Ok(())
/// # }
/// ```
pub async fn open_postgres(config: PgConfig) -> Result<Arc<PgStore>, RunError> {
    Ok(PgStore::open(config).await?)
}

/// Opens queue and store in one data file.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let folder = std::env::temp_dir().join("sspp-open-file");
/// # drop(std::fs::remove_dir_all(&folder));
/// # std::fs::create_dir(&folder).unwrap();
/// # let path = folder.join("sspp.db");
/// let clock = std::sync::Arc::new(sspp_core::SystemClock);
/// let adapters = sspp_runtime::open_file(sspp_core::SqliteConfig::new(path), clock).await.unwrap();
/// assert_eq!((adapters.queue_kind, adapters.store_kind), ("sqlite", "sqlite"));
/// adapters.close(tokio::time::Instant::now()).await;
/// # });
/// ```
#[cfg(feature = "sqlite")]
pub async fn open_file(
    config: sspp_sqlite::SqliteConfig,
    clock: Arc<dyn sspp_events::Clock>,
) -> Result<Adapters, RunError> {
    let path = config.path.clone();
    let database = sspp_sqlite::SqliteDatabase::open(config, clock).await;
    let database = database.map_err(|source| RunError::File { path, source })?;
    let mut adapters = Adapters::new(("sqlite", database.queue()), ("sqlite", database.store()));
    adapters.connections = Arc::new(database.connections());
    adapters.waits_for_closing = true;
    adapters.closing = Box::pin(database.close());
    Ok(adapters)
}

impl Adapters {
    /// A queue and a store with nothing to close.
    pub fn new(
        (queue_kind, queue): (&'static str, Arc<dyn EventQueue>),
        (store_kind, store): (&'static str, Arc<dyn Store>),
    ) -> Self {
        Self {
            queue,
            queue_kind,
            store,
            store_kind,
            connections: Arc::new(|| (0, 0)),
            postgres: None,
            waits_for_closing: false,
            closing: Box::pin(std::future::ready(())),
        }
    }

    /// Tells how many connections to the database are open and idle.
    pub(super) fn connections(&self) -> impl Fn() -> (u32, u32) + Send + Sync + use<> {
        let connections = Arc::clone(&self.connections);
        move || connections()
    }

    /// Brings the schema of PostgreSQL up to this release, trying again until it is: the database may come up later than the
    /// process. A file was brought up when it was opened.
    pub fn migrated(&self) -> impl Future<Output = ()> + Send + use<> {
        let postgres = self.postgres.clone();
        async move {
            if let Some(store) = postgres {
                migrate_until_done(store).await;
            }
        }
    }

    /// Ends the connections. A file is closed however long it takes; a server that is away is not waited for after the deadline.
    pub async fn close(self, deadline: Instant) {
        if self.waits_for_closing {
            self.closing.await;
        } else if timeout_at(deadline, self.closing).await.is_err() {
            tracing::warn!("a connection did not end in time");
        }
    }
}
