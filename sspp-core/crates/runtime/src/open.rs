//! Opens what a process runs on. Adapters are chosen here and nowhere else.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use sspp_engine::{EventQueue, Store};
use sspp_postgres::{PgConfig, PgStore};
use sspp_redis::{RedisConfig, RedisEventQueue};
use tokio::time::{Instant, timeout_at};

use super::RunError;
use super::migration::migrate_until_done;

pub(super) type Connections = Arc<dyn Fn() -> (u32, u32) + Send + Sync>;
type Closing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An open store, and an open queue where intake is queued, with their names in /health, metrics and logs.
pub struct Adapters {
    /// The queue; none where intake is direct.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// What a queue runs on.
    pub queue_kind: &'static str,
    /// The store.
    pub store: Arc<dyn Store>,
    /// What the store runs on.
    pub store_kind: &'static str,
    /// Tells how many connections to the database are open and idle.
    pub(super) connections: Connections,
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

/// Opens what a deployment of any shape runs on; without servers, the SQLite file at a path. A server that is away is no error.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let folder = std::env::temp_dir().join("sspp-open-file");
/// # drop(std::fs::remove_dir_all(&folder));
/// # std::fs::create_dir(&folder).unwrap();
/// # let path = folder.join("sspp.db");
/// use sspp_runtime::{Backends, open};
/// let clock = std::sync::Arc::new(sspp_core::SystemClock);
/// let adapters = open(Backends::Sqlite, &path, clock).await.unwrap();
/// assert!(adapters.queue.is_none());
/// assert_eq!(adapters.store_kind, "sqlite");
/// adapters.close(tokio::time::Instant::now()).await;
/// # });
/// ```
#[cfg(feature = "sqlite")]
pub async fn open(
    backends: super::Backends,
    data: &std::path::Path,
    clock: Arc<dyn sspp_events::Clock>,
) -> Result<Adapters, RunError> {
    use super::Backends;
    match backends {
        Backends::Sqlite => open_file(data, clock).await,
        Backends::Postgres(postgres) => Ok(Adapters::over(PgStore::open(postgres).await?)),
        Backends::RedisAndPostgres(redis, postgres) => Ok(open_servers(redis, postgres).await?.0),
    }
}

/// Opens the queue on Redis and the store on PostgreSQL, and gives the queue once more, since it is there. A server that is away is no
/// error.
pub async fn open_servers(
    redis: RedisConfig,
    postgres: PgConfig,
) -> Result<(Adapters, Arc<dyn EventQueue>), RunError> {
    let queue = RedisEventQueue::open(redis).await?;
    let mut adapters = Adapters::over(PgStore::open(postgres).await?);
    let port: Arc<dyn EventQueue> = queue.port();
    (adapters.queue_kind, adapters.queue) = ("redis", Some(Arc::clone(&port)));
    let closing = adapters.closing;
    adapters.closing = Box::pin(async move {
        tokio::join!(queue.close(), closing);
    });
    Ok((adapters, port))
}

#[cfg(feature = "sqlite")]
async fn open_file(path: &std::path::Path, clock: Arc<dyn sspp_events::Clock>) -> Result<Adapters, RunError> {
    let store = sspp_sqlite::SqliteStore::open(sspp_sqlite::SqliteConfig::new(path), clock).await;
    let store = Arc::new(store.map_err(|source| RunError::File { path: path.to_owned(), source })?);
    let mut adapters = Adapters::new(None, ("sqlite", store.clone()));
    adapters.connections = Arc::new(store.connections());
    adapters.waits_for_closing = true;
    adapters.closing = Box::pin(async move { store.close().await });
    Ok(adapters)
}

impl Adapters {
    /// A store, and perhaps a queue, with nothing to close.
    pub fn new(
        queue: Option<(&'static str, Arc<dyn EventQueue>)>,
        (store_kind, store): (&'static str, Arc<dyn Store>),
    ) -> Self {
        let (queue_kind, queue) = queue.map_or(("none", None), |(kind, queue)| (kind, Some(queue)));
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

    /// PostgreSQL alone.
    fn over(store: Arc<PgStore>) -> Self {
        let mut adapters = Self::new(None, ("postgresql", store.port()));
        adapters.connections = Arc::new(store.connections());
        adapters.postgres = Some(Arc::clone(&store));
        adapters.closing = Box::pin(async move { store.close().await });
        adapters
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
