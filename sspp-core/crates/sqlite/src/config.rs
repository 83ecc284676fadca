//! Settings of the SQLite file.

use std::path::PathBuf;
use std::time::Duration;

/// How long a question may read.
pub(super) const QUESTION_LIMIT: Duration = Duration::from_secs(2);

/// Settings of the SQLite file.
///
/// ```
/// use sspp_core::SqliteConfig;
/// let config = SqliteConfig { max_backlog: 10_000, ..SqliteConfig::new("sspp.db") };
/// assert_eq!(config.claim_bound.as_secs(), 60);
/// ```
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// The path of the data file, never a URI; the file is made when it is not there. Beside it lie `-wal` and `-shm`, which belong
    /// to it.
    pub path: PathBuf,
    /// How many jobs may be in the queue before it refuses more; 1,000,000 by default.
    pub max_backlog: u64,
    /// How long a delivery may stay unsettled and not kept before others may reclaim it; 60 seconds by default.
    /// It must exceed the longest time that processing may take.
    pub claim_bound: Duration,
    /// How many bytes the data file may grow to; no limit by default. At the limit writing fails as on a full disk.
    pub max_file_bytes: Option<u64>,
}

impl SqliteConfig {
    /// The defaults for a data file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            max_backlog: 1_000_000,
            claim_bound: Duration::from_mins(1),
            max_file_bytes: None,
        }
    }
}
