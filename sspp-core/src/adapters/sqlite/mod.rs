//! stub
use crate::{Clock, EventQueue, SignalStore};
use std::path::PathBuf;
use std::sync::Arc;
/// Settings.
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// The data file; made when it is not there.
    pub path: PathBuf,
    /// How many jobs may be in the queue before it refuses more.
    pub max_backlog: u64,
}
/// Why it did not open.
#[derive(Debug, thiserror::Error)]
pub enum SqliteOpenError {
    /// stub
    #[error("stub")]
    Stub,
}
/// One file.
#[derive(Debug)]
pub struct SqliteDatabase;
/// stub
#[derive(Debug)]
pub struct SqliteEventQueue;
/// stub
#[derive(Debug)]
pub struct SqliteSignalStore;
impl SqliteDatabase {
    /// Opens.
    pub async fn open(_config: SqliteConfig, _clock: Arc<dyn Clock>) -> Result<Self, SqliteOpenError> {
        todo!()
    }
    /// The queue in the file.
    pub fn queue(&self) -> Arc<dyn EventQueue> {
        todo!()
    }
    /// The store in the file.
    pub fn store(&self) -> Arc<dyn SignalStore> {
        todo!()
    }
    /// Writes what is pending and closes the file.
    pub async fn close(self) {
        todo!()
    }
}
