//! The store on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;

use super::ping;
use crate::last_break::LastBreak;
use crate::place::Place;
use crate::session::Sessions;
use crate::{PgConfig, PgOpenError, migration};
use sspp_engine::Store;

/// Connections that were idle for so long are closed.
const IDLE: Duration = Duration::from_mins(5);

/// A store on PostgreSQL 15 or later, shared by any number of processes.
///
/// An acknowledged write is committed and on disk: every connection sets what this needs, whatever the server's own settings.
/// [`durability`](sspp_engine::StoreStatus::durability) reports settings that a connection cannot change.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sspp_core::{PgConfig, PgStore};
/// let store = PgStore::open(PgConfig::new("postgres://sspp:secret@localhost/sspp")).await?;
/// store.migrate().await?;
/// assert_eq!(store.port().stats().await?.signals, 0);
/// # Ok(())
/// # }
/// ```
pub struct PgStore {
    pub(crate) sessions: Sessions,
    pub(crate) pages: ping::Pages,
    pub(crate) config: PgConfig,
}

impl std::fmt::Debug for PgStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pool knows the password.
        f.debug_struct("PgStore").field("config", &self.config).finish_non_exhaustive()
    }
}

impl PgStore {
    /// Checks the settings and makes a lazy pool: a server that is away is no error here, but every call fails as
    /// unavailable until it is there. A schema older than this release fails as [`Setup`](sspp_engine::StoreError::Setup).
    ///
    /// A database that is there and whose encoding cannot hold every text is refused. Where that turns out later, every call fails as
    /// [`Setup`](sspp_engine::StoreError::Setup).
    pub async fn open(config: PgConfig) -> Result<Arc<Self>, PgOpenError> {
        let options = config.connect_options()?;
        if let Some(reason) = config.settings().unfit_now(&options, config.acquire_timeout).await {
            return Err(PgOpenError::Encoding(reason));
        }
        let pool = PgPoolOptions::new()
            .max_connections(config.connections.max(1))
            .acquire_timeout(config.acquire_timeout)
            .idle_timeout(IDLE);
        let last_break = LastBreak::default();
        let (pool, unfit) = config.settings().of_pool(last_break.of_pool(pool));
        let pool = pool.connect_lazy_with(options.clone());
        let place = Place::new(options);
        let statement_timeout = config.statement_timeout;
        let sessions = Sessions { place, pool, statement_timeout, unfit, last_break };
        Ok(Arc::new(Self { sessions, pages: ping::Pages::default(), config }))
    }

    /// Brings the schema up to this release, under a lock; returns how many migrations were applied. Takes as long as it
    /// takes: the limits on statements do not hold here.
    pub async fn migrate(&self) -> Result<usize, PgOpenError> {
        migration::migrate(&self.config).await
    }

    /// This store as its port.
    pub fn port(self: &Arc<Self>) -> Arc<dyn Store> {
        Arc::clone(self) as Arc<dyn Store>
    }

    /// Says, whenever it is called, how many connections are open, and how many of those are idle.
    pub fn connections(&self) -> impl Fn() -> (u32, u32) + Send + Sync + use<> {
        let pool = self.sessions.pool.clone();
        move || (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX))
    }

    /// Ends the connections; calls fail as closed from then on.
    pub async fn close(&self) {
        self.sessions.pool.close().await;
    }
}
