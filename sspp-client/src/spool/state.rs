//! What is in the folder, and what of it is settled. The files follow.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::cursor::{CURSOR, Cursor, Position};
use super::folder::Lock;
use super::segment;
use super::{SpoolConfig, SpoolError, SpoolStats};

/// A file of records.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) sequence: u64,
    /// How many of its bytes may be read.
    pub(super) end: u64,
    /// How many of its records are not settled.
    pub(super) left: u64,
}

/// Where the oldest record is that is not settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Oldest {
    pub(super) sequence: u64,
    pub(super) offset: u64,
    pub(super) end: u64,
}

/// The bookkeeping of a spool, behind its lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) folder: PathBuf,
    pub(super) segments: VecDeque<Segment>,
    /// The file of the last segment, while records are added to it.
    pub(super) active: Option<Arc<File>>,
    pub(super) next_sequence: u64,
    pub(super) settled: Position,
    pub(super) cursor: Cursor,
    pub(super) stats: SpoolStats,
    /// Files with bytes that the disk may not have yet.
    pub(super) unsynced: Vec<Arc<File>>,
    /// Whether the folder has names that the disk may not have yet.
    pub(super) folder_unsynced: bool,
    /// Held as long as the folder is ours; without it nothing is appended.
    pub(super) lock: Option<Lock>,
}

impl State {
    /// The oldest record; a segment that is read to its end is removed.
    pub(super) fn oldest(&mut self) -> Result<Option<Oldest>, SpoolError> {
        while let Some(front) = self.segments.front() {
            let offset = self.offset(front);
            if offset < front.end {
                return Ok(Some(Oldest { sequence: front.sequence, offset, end: front.end }));
            }
            if self.segments.len() == 1 && self.active.is_some() {
                self.pass_damaged();
                return Ok(None);
            }
            self.retire()?;
        }
        Ok(None)
    }

    /// Counts the records that could not be read, in a file that was read to its end and is still written.
    fn pass_damaged(&mut self) {
        if let Some(front) = self.segments.front_mut() {
            let damaged = std::mem::take(&mut front.left);
            self.stats.pending = self.stats.pending.saturating_sub(damaged);
            self.stats.damaged += damaged;
        }
    }

    /// Everything of a segment between two offsets, so many records, is settled; false if it was before, or was dropped.
    pub(super) fn advance(
        &mut self,
        (sequence, from, to): (u64, u64, u64),
        records: u64,
        config: &SpoolConfig,
    ) -> Result<bool, SpoolError> {
        let Some(front) = self.segments.front() else { return Ok(false) };
        if front.sequence != sequence || self.offset(front) != from {
            return Ok(false);
        }
        self.settled = Position { sequence, offset: to };
        self.stats.pending = self.stats.pending.saturating_sub(records);
        if let Some(front) = self.segments.front_mut() {
            front.left = front.left.saturating_sub(records);
        }
        let written = self.cursor.write(self.settled);
        let sealed = self.segments.len() > 1 || self.active.is_none();
        if self.front_is_finished() && (sealed || to >= config.segment_bytes() / 2) {
            self.retire()?;
        }
        written.map_err(|error| SpoolError::of_io("write", &self.folder.join(CURSOR), error))?;
        Ok(true)
    }

    /// Whether nothing is left to read in the oldest segment.
    pub(super) fn front_is_finished(&self) -> bool {
        self.segments.front().is_some_and(|front| self.offset(front) >= front.end)
    }

    fn offset(&self, segment: &Segment) -> u64 {
        if segment.sequence == self.settled.sequence { self.settled.offset } else { segment::HEADER }
    }

    /// Forgets the oldest segment and removes its file. Gives how many records it still had.
    fn remove(&mut self) -> Result<u64, SpoolError> {
        let Some(front) = self.segments.pop_front() else { return Ok(0) };
        if self.segments.is_empty() {
            self.active = None;
        }
        self.stats.bytes = self.stats.bytes.saturating_sub(front.end);
        self.stats.pending = self.stats.pending.saturating_sub(front.left);
        let path = segment::path(&self.folder, front.sequence);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SpoolError::of_io("remove", &path, error))
            }
            _ => Ok(front.left),
        }
    }

    /// Removes the oldest segment after it was read: records that could not be read by then are damaged.
    pub(super) fn retire(&mut self) -> Result<(), SpoolError> {
        self.stats.damaged += self.remove()?;
        Ok(())
    }

    /// Removes the oldest segment unread, to make room.
    pub(super) fn drop_oldest(&mut self) -> Result<(), SpoolError> {
        self.stats.dropped += self.remove()?;
        Ok(())
    }
}
