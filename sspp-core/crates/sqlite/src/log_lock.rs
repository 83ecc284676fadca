//! The lock on a write-ahead log, and on one byte of a file.

use std::fs::{File, TryLockError};
use std::path::Path;

/// Locks one byte of the file that SQLite has no use for (its locks are on 512 bytes from 2^30), so that both kinds of
/// locks live side by side on every file system. The lock belongs to the open file, not to the process.
#[cfg(target_os = "linux")]
pub(super) fn lock_byte(file: &File) -> Result<(), TryLockError> {
    use nix::errno::Errno;
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc;

    #[expect(clippy::cast_possible_truncation, reason = "small constants of the system")]
    let byte = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: (1 << 30) + 4_096,
        l_len: 1,
        l_pid: 0,
    };
    match fcntl(file, FcntlArg::F_OFD_SETLK(&byte)) {
        Ok(_) => Ok(()),
        Err(Errno::EAGAIN | Errno::EACCES) => Err(TryLockError::WouldBlock),
        Err(error) => Err(TryLockError::Error(error.into())),
    }
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
