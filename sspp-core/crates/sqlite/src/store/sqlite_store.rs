//! The store in the SQLite file.

use std::sync::Arc;

use sqlx::SqlitePool;

use crate::command::WriterHandle;
use crate::lock::FileLock;
use crate::{SqliteConfig, SqliteDatabase, SqliteOpenError};
use sspp_events::{Clock, SystemClock};

/// The store in a SQLite file; [`SqliteDatabase::store`](crate::SqliteDatabase::store) gives it.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sspp_core::{SqliteConfig, SqliteDatabase, SystemClock};
/// let database = SqliteDatabase::open(SqliteConfig::new("sspp.db"), std::sync::Arc::new(SystemClock)).await?;
/// assert_eq!(database.store().stats().await?.signals, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(crate) writer: WriterHandle,
    pub(crate) readers: SqlitePool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) in_memory: bool,
}

impl SqliteStore {
    /// A whole store in memory, for tests and examples. Its clones are handles on the same store, which ends with the last.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// use sspp_core::{Signals, SqliteStore};
    /// let store = SqliteStore::in_memory().await.unwrap();
    /// assert_eq!(store.stats().await.unwrap().signals, 0);
    /// # });
    /// ```
    pub async fn in_memory() -> Result<Self, SqliteOpenError> {
        let (lock, clock) = (FileLock::in_memory(), Arc::new(SystemClock));
        let config = SqliteConfig::new(&lock.place.real);
        let database = SqliteDatabase::at(lock, config, clock).await?;
        Ok(SqliteStore::clone(&database.store))
    }

    /// The same store with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }
}
