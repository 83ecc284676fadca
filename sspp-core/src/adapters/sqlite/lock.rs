//! One process owns the file: a lock on a side file says which.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::SqliteOpenError;

/// Held as long as the file is in use; the operating system lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock beside a data file, or says that another process has it.
    pub(super) fn take(path: &Path) -> Result<Self, SqliteOpenError> {
        let beside = beside(&real(path));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&beside)
            .map_err(|error| SqliteOpenError::of_io(path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(SqliteOpenError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(SqliteOpenError::of_io(path, &error)),
        }
    }
}

/// The file that a path leads to: two names of one file have one lock.
fn real(path: &Path) -> PathBuf {
    let of_parent = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(of_parent).unwrap_or_else(|| path.to_owned())
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    name.into()
}
