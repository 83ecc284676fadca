//! Why the spool fails.

use std::io;
use std::path::{Path, PathBuf};

/// Why a spool could not be opened, or did not take or give events.
///
/// ```
/// use sspp_client::spool::{Spool, SpoolConfig, SpoolError};
/// let folder = tempfile::tempdir()?;
/// let first = Spool::open(SpoolConfig::new(folder.path()))?;
/// let second = Spool::open(SpoolConfig::new(folder.path()));
/// assert!(matches!(second, Err(SpoolError::InUse { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// A setting makes no sense.
    #[error("{0}")]
    Setting(String),
    /// Another process, or another client of this one, has the folder.
    #[error("the spool folder {} is in use by another process: give each process a folder of its own", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The files were written in a format that this release does not read.
    #[error(
        "{} has spool format {found}, and this release reads format {readable}: deliver it with the release that wrote it, or move it",
        path.display()
    )]
    Version {
        /// The segment.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format of this release.
        readable: u32,
    },
    /// The spool has as many bytes as it may have.
    #[error("the spool {} has reached its limit of {max_bytes} bytes: raise max_bytes, or check why events are not delivered", folder.display())]
    Full {
        /// The folder.
        folder: PathBuf,
        /// The limit.
        max_bytes: u64,
    },
    /// The disk, or the quota on it, has no room left.
    #[error("no space left on the disk of the spool {}: free some, or move the spool", folder.display())]
    DiskFull {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A payload is longer than a record may be.
    #[error("an event of {bytes} bytes does not fit a spool record of {max} bytes at most")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// The longest.
        max: usize,
    },
    /// The spool was closed.
    #[error("the spool {} is closed", folder.display())]
    Closed {
        /// The folder.
        folder: PathBuf,
    },
    /// A file could not be made, read, written or removed.
    #[error("cannot {action} {}: {cause}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl SpoolError {
    /// An error of the system, with what was tried on which path. A disk without room has a variant of its own.
    pub(super) fn of_io(action: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
                Self::DiskFull { folder: folder.to_owned(), source }
            }
            _ => Self::Io { action, path: path.to_owned(), cause: source },
        }
    }

    /// Whether the same append can succeed later, when something was delivered or the disk has room.
    ///
    /// ```
    /// use sspp_client::spool::SpoolError;
    /// assert!(SpoolError::Full { folder: "spool".into(), max_bytes: 65536 }.is_retryable());
    /// assert!(!SpoolError::TooLarge { bytes: 2_000_000, max: 1_048_576 }.is_retryable());
    /// ```
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Full { .. } | Self::DiskFull { .. } | Self::Io { .. } | Self::InUse { .. } => true,
            Self::Setting(_) | Self::Version { .. } | Self::TooLarge { .. } | Self::Closed { .. } => false,
        }
    }
}
