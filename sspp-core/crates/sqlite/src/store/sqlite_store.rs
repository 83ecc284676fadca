//! The store in the SQLite file.

use std::sync::{Arc, Mutex};

use sqlx::SqlitePool;
use tokio::task::JoinHandle;

use crate::command::WriterHandle;
use crate::stamp::LastStamp;
use sspp_events::Clock;

/// The store in a SQLite file. Clones are handles on the same store.
///
/// What was recorded survives the death of the process, and a crash of the machine as far as its disk keeps what it
/// acknowledged. [`close`](SqliteStore::close) ends in order; without it the next start reads the log.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use sspp_core::{Signals, SqliteConfig, SqliteStore, SystemClock};
///
/// let store = SqliteStore::open(SqliteConfig::new("sspp.db"), Arc::new(SystemClock)).await?;
/// assert_eq!(store.stats().await?.signals, 0);
/// store.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pub(crate) writer: WriterHandle,
    pub(crate) task: Arc<Mutex<Option<JoinHandle<()>>>>,
    pub(crate) readers: SqlitePool,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stamps: LastStamp,
    pub(crate) in_memory: bool,
}

impl SqliteStore {
    /// The same store with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }
}
