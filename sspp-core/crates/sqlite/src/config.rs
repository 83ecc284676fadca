//! Settings of the SQLite file.

use std::path::PathBuf;
use std::time::Duration;

/// How long a question may read.
pub(super) const QUESTION_LIMIT: Duration = Duration::from_secs(2);

/// Settings of the SQLite file.
///
/// ```
/// use sspp_core::SqliteConfig;
/// let config = SqliteConfig { max_file_bytes: Some(1 << 30), ..SqliteConfig::new("sspp.db") };
/// assert!(config.path.ends_with("sspp.db"));
/// ```
#[derive(Debug, Clone)]
pub struct SqliteConfig {
    /// The path of the data file, never a URI; the file is made when it is not there. Beside it lie `-wal` and `-shm`, which belong
    /// to it.
    pub path: PathBuf,
    /// How many bytes the data file may grow to; no limit by default. At the limit writing fails as on a full disk.
    pub max_file_bytes: Option<u64>,
    /// How many of the newest signals come into the indexes by account, user and timestamp together; 12,288 by default. More make a
    /// busy store write faster, but a list by account, user or timestamp scans up to twice as many meanwhile. A store with time
    /// to spare has all but a few in its indexes.
    pub index_window: usize,
}

impl SqliteConfig {
    /// The defaults for a data file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), max_file_bytes: None, index_window: 12_288 }
    }
}
