//! Opens a spool's folder: locks it, reads what is there, and finds out what of it is left to deliver.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::cursor::{CURSOR, Cursor, Position};
use super::reader::{Item, SegmentReader};
use super::segment::{self, Header};
use super::state::{Segment, State};
use super::{SpoolError, SpoolStats};

const LOCK: &str = "lock";

/// Opens a folder that is ours alone until the lock in the state goes.
pub(super) fn open(folder: &Path) -> Result<State, SpoolError> {
    make(folder).map_err(|error| SpoolError::of_io("make the spool folder", folder, error))?;
    let lock = lock(folder)?;
    let path = folder.join(CURSOR);
    let (cursor, settled) = Cursor::open(&path).map_err(|error| SpoolError::of_io("open", &path, error))?;
    let mut state = State {
        folder: folder.to_owned(),
        segments: VecDeque::new(),
        active: None,
        next_sequence: settled.sequence.saturating_add(1),
        settled,
        cursor,
        stats: SpoolStats::default(),
        unsynced: Vec::new(),
        folder_unsynced: false,
        lock: Some(lock),
    };
    let found = list(folder).map_err(|error| SpoolError::of_io("read the spool folder", folder, error))?;
    // Refused before anything is removed.
    for (_, path) in &found {
        refuse_other_formats(path)?;
    }
    for (sequence, path) in found {
        state.next_sequence = state.next_sequence.max(sequence + 1);
        take_over(&mut state, sequence, &path)?;
    }
    state.stats.recovered = state.stats.pending;
    Ok(state)
}

fn make(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The lock of a folder.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file is not enough: a process that this one is starting meanwhile has it open too, until it runs its program.
        // The lock goes with the last of them at the latest.
        drop(self.0.unlock());
    }
}

fn lock(folder: &Path) -> Result<Lock, SpoolError> {
    let path = folder.join(LOCK);
    let opened = segment::private().create(true).truncate(false).write(true).open(&path);
    let file = opened.map_err(|error| SpoolError::of_io("open", &path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(TryLockError::WouldBlock) => Err(SpoolError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(SpoolError::of_io("lock", &path, error)),
    }
}

/// The segments, oldest first.
fn list(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(sequence) = segment::sequence(&path).filter(|sequence| *sequence < u64::MAX) {
            found.push((sequence, path));
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn refuse_other_formats(path: &Path) -> Result<(), SpoolError> {
    match header(path).map_err(|error| SpoolError::of_io("read", path, error))? {
        Header::Other(found) => {
            Err(SpoolError::Version { path: path.to_owned(), found, readable: segment::VERSION })
        }
        Header::Known | Header::Damaged => Ok(()),
    }
}

fn header(path: &Path) -> io::Result<Header> {
    let mut bytes = Vec::new();
    File::open(path)?.take(segment::HEADER).read_to_end(&mut bytes)?;
    Ok(segment::read_header(&bytes))
}

/// Counts what is left in a segment; removes it when that is nothing.
fn take_over(state: &mut State, sequence: u64, path: &Path) -> Result<(), SpoolError> {
    let failed = |error| SpoolError::of_io("read", path, error);
    let file = File::open(path).map_err(failed)?;
    let end = file.metadata().map_err(failed)?.len();
    if end < segment::HEADER {
        state.stats.torn_bytes += end;
    } else if header(path).map_err(failed)? == Header::Damaged {
        state.stats.damaged += 1;
    }
    let from = match state.settled {
        Position { sequence: settled, .. } if sequence < settled => end,
        Position { sequence: settled, offset } if sequence == settled => offset,
        _ => segment::HEADER,
    };
    let left = count(state, SegmentReader::new(file, from, end)).map_err(failed)?;
    if left == 0 {
        return fs::remove_file(path).map_err(|error| SpoolError::of_io("remove", path, error));
    }
    state.segments.push_back(Segment { sequence, end, left });
    state.stats.bytes += end;
    state.stats.pending += left;
    Ok(())
}

fn count(state: &mut State, mut reader: SegmentReader<File>) -> io::Result<u64> {
    let mut left = 0;
    while let Some(item) = reader.next()? {
        match item {
            Item::Record(_) => left += 1,
            Item::Damaged => state.stats.damaged += 1,
            Item::Torn(bytes) => state.stats.torn_bytes += bytes,
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_free_when_its_lock_goes_though_a_child_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let held = lock(folder.path()).unwrap();
        let of_a_child = held.0.try_clone().unwrap();
        assert!(matches!(lock(folder.path()), Err(SpoolError::InUse { .. })));
        drop(held);
        assert!(lock(folder.path()).is_ok());
        drop(of_a_child);
    }
}
