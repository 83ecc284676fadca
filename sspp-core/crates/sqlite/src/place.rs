//! Where the data file is, and whether it is still the file that was opened.
//!
//! A file that was renamed, removed or replaced takes writes like any other, but the next start does not find them.

use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::SqliteOpenError;
use super::failure::{Failure, FailureKind};
use super::log_lock::{lock_log, unlock_byte};

/// A file by its inode number, not by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(metadata.dev(), metadata.ino())
    }

    /// Not needed here: an open file cannot be renamed, removed or replaced.
    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

/// The files that have to be where they are while they are in use.
#[derive(Debug)]
pub(super) struct Place {
    /// The data file's path as it was given.
    given: PathBuf,
    /// The path that SQLite is given: whole, and with every link followed. SQLite takes no such path for a URI.
    pub(super) real: PathBuf,
    pub(super) file: FileId,
    /// The write-ahead log and its index, while the writer has them open.
    log: Mutex<Option<Log>>,
    /// Whether it is no file at all: then nothing can be moved.
    pub(super) in_memory: bool,
}

/// The files beside the data file. They are named by its path, so the log is locked as well: a process that finds another
/// data file there must not take this log for its own.
#[derive(Debug)]
struct Log {
    names: [(PathBuf, FileId); 2],
    locked: File,
}

impl Drop for Log {
    fn drop(&mut self) {
        unlock_byte(&self.locked);
    }
}

impl Place {
    /// The place of an open file.
    pub(super) fn new(given: &Path, file: FileId) -> Result<Self, SqliteOpenError> {
        let of_io = |error: io::Error| SqliteOpenError::of_io(given, &error);
        let absolute = std::path::absolute(given).map_err(of_io)?;
        // Windows' form of it begins with a prefix that SQLite does not take.
        let real = if cfg!(windows) { absolute.clone() } else { absolute.canonicalize().map_err(of_io)? };
        let place = Self { given: absolute, real, file, log: Mutex::default(), in_memory: false };
        place.check().map_err(|failure| SqliteOpenError::UnusablePath {
            path: given.to_owned(),
            reason: failure.reason,
        })?;
        Ok(place)
    }

    /// A place in memory of its own. Connections of this process find it by its name.
    pub(super) fn in_memory() -> Self {
        static OPENED: AtomicU64 = AtomicU64::new(0);
        let name = PathBuf::from(format!("/sspp-{}", OPENED.fetch_add(1, Ordering::Relaxed)));
        let file = FileId(0, 0);
        Self { given: name.clone(), real: name, file, log: Mutex::default(), in_memory: true }
    }

    /// Where SQLite has the write-ahead log.
    pub(super) fn log_path(&self) -> PathBuf {
        self.beside("-wal")
    }

    /// A path that begins with the data file's.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.real.clone().into_os_string();
        path.push(ending);
        path.into()
    }

    /// Fails when another process uses the log that is there.
    pub(super) fn check_log(&self) -> Result<(), TryLockError> {
        match open(&self.log_path()) {
            Ok(log) => lock_log(&log),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(TryLockError::Error(error)),
        }
    }

    /// Notes and locks the log of the connection that was opened, once.
    pub(super) fn note_log(&self) -> Result<(), Failure> {
        let mut noted_log = self.log();
        if noted_log.is_some() || self.in_memory {
            return Ok(());
        }
        let (log, index) = (self.log_path(), self.beside("-shm"));
        let noted = || {
            let locked = open(&log)?;
            lock_log(&locked)?;
            let id = FileId::of(&locked.metadata()?);
            // Looked at by its name: to open and close it would drop SQLite's locks on it.
            let index_id = FileId::of(&std::fs::metadata(&index)?);
            io::Result::Ok(Log { names: [(log.clone(), id), (index.clone(), index_id)], locked })
        };
        *noted_log = Some(noted().map_err(|error| moved(&log, &error.to_string()))?);
        Ok(())
    }

    /// The connection is closed: SQLite may remove the log, and makes another when it is opened again.
    pub(super) fn forget_log(&self) {
        *self.log() = None;
    }

    fn log(&self) -> MutexGuard<'_, Option<Log>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails when a file is not where it was, or another is there.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.in_memory {
            return Ok(());
        }
        is_at(&self.real, self.file)?;
        if self.given != self.real {
            is_at(&self.given, self.file)?;
        }
        let names = self.log();
        names.iter().flat_map(|log| &log.names).try_for_each(|(path, id)| is_at(path, *id))
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

fn is_at(path: &Path, id: FileId) -> Result<(), Failure> {
    match std::fs::metadata(path) {
        Ok(metadata) if FileId::of(&metadata) == id => Ok(()),
        Ok(_) => Err(moved(path, "another file is there")),
        Err(error) => Err(moved(path, &error.to_string())),
    }
}

fn moved(path: &Path, found: &str) -> Failure {
    let path = path.display();
    let reason = format!(
        "{path} was moved, removed or replaced while it is in use ({found}): stop this process, put the right file there, \
         and start again"
    );
    Failure::new(FailureKind::Moved, reason)
}
