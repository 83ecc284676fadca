//! One import at a time for a checkpoint: a second one would send the same rows under other ids.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::ImportError;

/// The ending of a lock.
pub(crate) const LOCK: &str = "lock";

/// A locked file beside the checkpoint. The system frees the lock of a process that dies.
#[derive(Debug)]
pub(crate) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes it, or says that another import has it.
    pub(crate) fn take(checkpoint: &Path) -> Result<Self, ImportError> {
        let path = beside(checkpoint, LOCK);
        let failed = |error: io::Error| {
            ImportError::new(format!(
                "cannot lock {}: {error}; choose another file with --checkpoint",
                path.display()
            ))
        };
        loop {
            let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
            let file = file.map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_removed(&file) => {}
                Ok(()) if file.metadata().is_ok_and(|found| found.len() > 0) => {
                    return Err(failed(io::Error::other("it is not a lock file, so it is not overwritten")));
                }
                Ok(()) => return Ok(Self { path, _file: file }),
                Err(TryLockError::WouldBlock) => {
                    return Err(ImportError::later(format!(
                        "another import with the checkpoint {} is running: wait until it ends",
                        checkpoint.display()
                    )));
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Before the lock is free: another import that opened it until now finds it removed, and begins with a new one.
        let _: io::Result<()> = fs::remove_file(&self.path);
    }
}

/// Whether the import that had it before has removed it meanwhile.
#[cfg(unix)]
fn is_removed(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    file.metadata().is_ok_and(|found| found.nlink() == 0)
}

/// Elsewhere a file that is open is not removed.
#[cfg(not(unix))]
const fn is_removed(_: &File) -> bool {
    false
}

/// The file with something added to its name.
pub(crate) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
