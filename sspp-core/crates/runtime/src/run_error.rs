//! Why a process did not start, or stopped by itself.

use std::io;
use std::net::SocketAddr;

use sspp_postgres::PgOpenError;
use sspp_redis::RedisOpenError;

use super::{ConfigError, Failure, ModelError, NotDurable};

/// Why a process did not start, or stopped by itself. Every message says what and what to do, in one line; a bad model in one
/// line a fault.
///
/// ```
/// let error = sspp_runtime::RunError::PipelineEnded;
/// assert_eq!(error.to_string(), "the pipeline stopped unexpectedly; the log above says why");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The scoring model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; choose another with --port ({port}) or --bind (SSPP_BIND)"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The variable that sets its port.
        port: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The data file cannot be used.
    #[cfg(feature = "sqlite")]
    #[error("cannot use the data file {path} (--data, SSPP_DATA): {source}", path = path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: sspp_sqlite::SqliteOpenError,
    },
    /// The queue cannot be used as it is configured.
    #[error("cannot use the queue (--redis-url, REDIS_URL): {0}")]
    Queue(#[from] RedisOpenError),
    /// The store cannot be used as it is configured.
    #[error("cannot use the store (--database-url, DATABASE_URL): {0}")]
    Store(#[from] PgOpenError),
    /// The schema could not be migrated.
    #[error("cannot migrate the store (--database-url, DATABASE_URL): {0}")]
    Migrate(#[source] PgOpenError),
    /// The queue or the store may lose what it acknowledges, and must not.
    #[error(transparent)]
    NotDurable(#[from] NotDurable),
    /// The operating system refused something else.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
    /// The pipeline stopped before the process had to.
    #[error("the pipeline stopped unexpectedly; the log above says why")]
    PipelineEnded,
}

impl RunError {
    /// Whether the cause is an invalid setting.
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Config(_) | Self::Model(_) | Self::Queue(RedisOpenError::Config(_)) => true,
            Self::Store(error) | Self::Migrate(error) => matches!(error, PgOpenError::Config(_)),
            #[cfg(feature = "sqlite")]
            Self::File { source, .. } => {
                use sspp_sqlite::SqliteOpenError::{Folder, MissingFolder, UnusablePath};
                matches!(source, UnusablePath { .. } | Folder { .. } | MissingFolder { .. })
            }
            _ => false,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        if error.is_usage() { Self::usage(error) } else { Self::run(error) }
    }
}
