//! The store in the SQLite file.

use std::sync::Arc;

use sqlx::SqlitePool;

use crate::command::WriterHandle;
use sspp_events::Clock;

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
    /// The same store with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }
}
