//! Why a SQLite file did not open.

use std::io;
use std::path::{Path, PathBuf};

use super::failure::{Failure, FailureKind};

/// The longest path that SQLite opens, in bytes, with room for the ending of its log.
const LONGEST: usize = 500;

/// Why a SQLite file did not open; each message is one line that names the file and says what to do.
///
/// ```
/// use sspp_core::SqliteOpenError;
/// let error = SqliteOpenError::InUse { path: "sspp.db".into() };
/// assert!(error.to_string().starts_with("sspp.db is in use by another process"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteOpenError {
    /// The folder that the file should be in is not there.
    #[error("cannot open {path}: its folder does not exist; create it, or choose another path")]
    MissingFolder {
        /// The data file.
        path: PathBuf,
    },
    /// The path names a folder.
    #[error("cannot open {path}: it is a folder; give the path of a file")]
    Folder {
        /// The data file.
        path: PathBuf,
    },
    /// The path cannot be that of a data file.
    #[error("cannot use {path} as the data file: {reason}")]
    UnusablePath {
        /// The data file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The file or its folder may not be written.
    #[error("cannot write {path}: {reason}; give this user the right to write the file and its folder")]
    NotWritable {
        /// The data file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// Another process has the file open.
    #[error("{path} is in use by another process; stop that process, or choose another path")]
    InUse {
        /// The data file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a SQLite database; choose another path, or move the file away")]
    NotADatabase {
        /// The data file.
        path: PathBuf,
    },
    /// The file is a database of something else.
    #[error("{path} is the SQLite database of another program; choose another path, or move the file away")]
    OtherProgram {
        /// The data file.
        path: PathBuf,
    },
    /// Another version wrote the file: a later one, or one from before the first release.
    #[error(
        "{path} was written by another version of SSPP, and its schema is not the one that this version knows ({version}); run \
         that version, or move the file away to start anew"
    )]
    OtherSchema {
        /// The data file.
        path: PathBuf,
        /// The version of the schema that this release lacks, or has otherwise.
        version: i64,
    },
    /// No space is left.
    #[error("no space is left for {path}: {reason}; free disk space")]
    DiskFull {
        /// The data file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file cannot be read as what it should be.
    #[error("{path} is damaged: {reason}; restore it from a backup, or move it away to start anew")]
    Damaged {
        /// The data file.
        path: PathBuf,
        /// What the driver said.
        reason: String,
    },
    /// Anything else.
    #[error("cannot open {path}: {reason}; try again, and check the disk if this stays")]
    Failed {
        /// The data file.
        path: PathBuf,
        /// What the driver said.
        reason: String,
    },
}

impl SqliteOpenError {
    /// Refuses paths that cannot work, before anything is made or SQLite says so in fewer words.
    pub(super) fn check_path(path: &Path) -> Result<(), Self> {
        let unusable = |reason: String| Err(Self::UnusablePath { path: path.to_owned(), reason });
        let text = path.as_os_str().to_string_lossy();
        if text.is_empty() {
            return unusable("it is empty; give the path of a file".to_owned());
        }
        // Other programs take these for something else than a file of that name. Here a path is a path.
        if text == ":memory:" || text.starts_with("file:") || text.starts_with("sqlite:") {
            return unusable(format!(
                "it looks like a URI of SQLite, and a path is needed; if a file is called so, write ./{text}"
            ));
        }
        if path.is_dir() || text.ends_with(std::path::is_separator) {
            return Err(Self::Folder { path: path.to_owned() });
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(Self::MissingFolder { path: path.to_owned() });
        }
        if path.exists() && !path.is_file() {
            return unusable("it is neither a file nor free for one; choose another path".to_owned());
        }
        let folder = folder.unwrap_or(Path::new(".")).canonicalize().unwrap_or_default();
        let whole = folder.join(path.file_name().unwrap_or_default());
        match whole.to_str() {
            None => {
                unusable("SQLite takes paths in UTF-8 only, folders included; choose another path".to_owned())
            }
            Some(text) if text.len() > LONGEST => {
                unusable(format!("the whole path is {} bytes, of at most {LONGEST}", text.len()))
            }
            Some(_) => Ok(()),
        }
    }

    pub(super) fn of_io(path: &Path, error: &io::Error) -> Self {
        let (path, reason) = (path.to_owned(), error.to_string());
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path, reason }
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, reason },
            _ => Self::Failed { path, reason },
        }
    }

    pub(super) fn of_sqlx(path: &Path, error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(inner) => inner.code().and_then(|code| code.parse::<i32>().ok()),
            _ => None,
        };
        let Failure { kind, reason } = Failure::from(error);
        let path = path.to_owned();
        match (code.map(|code| code & 0xff), kind) {
            (Some(26), _) => Self::NotADatabase { path },
            (Some(13), _) => Self::DiskFull { path, reason },
            (Some(3 | 8 | 14), _) => Self::NotWritable { path, reason },
            (_, FailureKind::Corrupt) => Self::Damaged { path, reason },
            _ => Self::Failed { path, reason },
        }
    }

    pub(super) fn of_migration(path: &Path, error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version) => {
                Self::OtherSchema { path: path.to_owned(), version }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::of_sqlx(path, error)
            }
            other => Self::Damaged { path: path.to_owned(), reason: other.to_string() },
        }
    }
}
