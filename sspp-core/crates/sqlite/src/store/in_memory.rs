//! A whole store without a file.

use std::sync::Arc;

use crate::lock::FileLock;
use crate::{SqliteConfig, SqliteOpenError, SqliteStore};
use sspp_events::SystemClock;

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
        Self::at(lock, config, clock).await
    }
}
