//! One process owns the file: it holds a lock on the file itself, so other names of the file do not matter.

use std::collections::BTreeSet;
use std::fs::{File, Metadata, TryLockError};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::SqliteOpenError;
#[cfg(target_os = "linux")]
use super::log_lock::lock_byte;
use super::log_lock::unlock_byte;
use super::place::{FileId, Place};

/// The files that this process holds. Such a file is not opened a second time, not even to find it locked: when any
/// descriptor of a file is closed, the system drops the locks that SQLite has on it in this process.
static HELD: Mutex<BTreeSet<FileId>> = Mutex::new(BTreeSet::new());

/// Held as long as the file is in use; the operating system lets go of it when the process dies.
#[derive(Debug)]
pub(super) struct FileLock {
    /// Where the file is.
    pub(super) place: Arc<Place>,
    files: [Option<File>; 2],
}

impl FileLock {
    /// Opens the data file, makes it when it is not there, and takes its lock; or says that another process has it.
    pub(super) fn take(path: &Path) -> Result<Self, SqliteOpenError> {
        let in_use = || SqliteOpenError::InUse { path: path.to_owned() };
        let of_io = |error: std::io::Error| SqliteOpenError::of_io(path, &error);
        let is_held = |metadata: Metadata| cfg!(unix) && held().contains(&FileId::of(&metadata));
        if std::fs::metadata(path).is_ok_and(is_held) {
            return Err(in_use());
        }
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path);
        let file = file.map_err(of_io)?;
        let id = FileId::of(&file.metadata().map_err(of_io)?);
        let place = Place::new(path, id)?;
        let locked = lock_data(&file, &place).and_then(|locked| place.check_log().map(|()| locked));
        let locked = locked.map_err(|error| match error {
            TryLockError::WouldBlock => in_use(),
            TryLockError::Error(error) => of_io(error),
        })?;
        held().insert(id);
        Ok(Self { place: Arc::new(place), files: [locked, Some(file)] })
    }

    /// A place in memory, which needs no lock.
    pub(super) fn in_memory() -> Self {
        Self { place: Arc::new(Place::in_memory()), files: [None, None] }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        self.place.forget_log();
        self.files.iter().flatten().for_each(unlock_byte);
        held().remove(&self.place.file);
    }
}

fn held() -> MutexGuard<'static, BTreeSet<FileId>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(target_os = "linux")]
fn lock_data(file: &File, _: &Place) -> Result<Option<File>, TryLockError> {
    lock_byte(file).map(|()| None)
}

/// Elsewhere the standard library's lock of the file would be in the way of SQLite's own, so a file beside it is locked, which
/// covers the log too; another hard link of the data file is not noticed.
#[cfg(not(target_os = "linux"))]
fn lock_data(_: &File, place: &Place) -> Result<Option<File>, TryLockError> {
    let beside = File::options().create(true).truncate(false).write(true).open(place.beside("-lock"));
    let beside = beside.map_err(TryLockError::Error)?;
    beside.try_lock()?;
    Ok(Some(beside))
}
