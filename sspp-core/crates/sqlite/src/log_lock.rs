//! The lock on a write-ahead log, and on one byte of a file.

use std::fs::{File, TryLockError};
use std::path::Path;

#[cfg(target_os = "linux")]
use nix::errno::Errno;

/// Locks one byte of the file that SQLite has no use for (its locks are on 512 bytes from 2^30), so that both kinds of
/// locks live side by side on every file system. The lock belongs to the open file, not to the process.
#[cfg(target_os = "linux")]
pub(super) fn lock_byte(file: &File) -> Result<(), TryLockError> {
    match set_lock(file, nix::libc::F_WRLCK) {
        Ok(()) => Ok(()),
        Err(Errno::EAGAIN | Errno::EACCES) => Err(TryLockError::WouldBlock),
        Err(error) => Err(TryLockError::Error(error.into())),
    }
}

/// Frees the byte. Closing the file is not enough: a process that this one is starting meanwhile has it open too, until it runs its
/// program.
#[cfg(target_os = "linux")]
pub(super) fn unlock_byte(file: &File) {
    // The lock goes with the last descriptor at the latest.
    let _: Result<(), Errno> = set_lock(file, nix::libc::F_UNLCK);
}

#[cfg(target_os = "linux")]
fn set_lock(file: &File, kind: i32) -> Result<(), Errno> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    #[expect(clippy::cast_possible_truncation, reason = "small constants of the system")]
    let byte = libc::flock {
        l_type: kind as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: (1 << 30) + 4_096,
        l_len: 1,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_OFD_SETLK(&byte)).map(drop)
}

/// Locks the write-ahead log.
#[cfg(target_os = "linux")]
pub(super) fn lock_log(log: &File) -> Result<(), TryLockError> {
    lock_byte(log)
}

/// Whether a process, this one included, uses a write-ahead log. To open and close a log harms nothing: SQLite has its locks on
/// other files.
#[cfg(target_os = "linux")]
pub(super) fn is_log_in_use(log: &Path) -> bool {
    let log = File::options().read(true).write(true).open(log);
    log.is_ok_and(|log| matches!(lock_log(&log), Err(TryLockError::WouldBlock)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_log_in_use(log: &Path) -> bool {
    let log = log.to_string_lossy();
    let beside = format!("{}-lock", log.strip_suffix("-wal").unwrap_or(&log));
    let beside = File::options().write(true).open(beside);
    beside.is_ok_and(|beside| matches!(beside.try_lock(), Err(TryLockError::WouldBlock)))
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux it may fail")]
pub(super) fn lock_log(_: &File) -> Result<(), TryLockError> {
    Ok(())
}

/// Frees what [`lock_byte`] or the lock beside the file locked.
#[cfg(not(target_os = "linux"))]
pub(super) fn unlock_byte(file: &File) {
    // The lock goes with the last descriptor at the latest.
    drop(file.unlock());
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_free_when_it_is_unlocked_though_a_child_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sspp.db");
        let open =
            || File::options().read(true).write(true).create(true).truncate(false).open(&path).unwrap();
        let held = open();
        lock_byte(&held).unwrap();
        let of_a_child = held.try_clone().unwrap();
        assert!(matches!(lock_byte(&open()), Err(TryLockError::WouldBlock)));
        unlock_byte(&held);
        drop(held);
        assert!(lock_byte(&open()).is_ok());
        drop(of_a_child);
    }
}
