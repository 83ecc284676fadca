//! Appends records, within the limit, to the last segment or a new one.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use super::segment;
use super::state::{Segment, State};
use super::{SpoolConfig, SpoolError, SpoolFull};

impl State {
    /// Appends so many encoded records, or none of them.
    pub(super) fn append(
        &mut self,
        config: &SpoolConfig,
        records: &[u8],
        count: u64,
    ) -> Result<(), SpoolError> {
        if self.lock.is_none() {
            return Err(SpoolError::Closed { folder: self.folder.clone() });
        }
        let length = records.len() as u64;
        self.make_room(config, length)?;
        let file = self.file_for(config, length)?;
        let Some(last) = self.segments.back_mut() else { return Ok(()) };
        if let Err(error) = (&*file).write_all(records) {
            // What was written of it goes; if it cannot, nothing is added behind it.
            if file.set_len(last.end).is_err() {
                self.active = None;
            }
            let path = segment::path(&self.folder, last.sequence);
            return Err(SpoolError::of_io("write", &path, error));
        }
        last.end += length;
        last.left += count;
        self.stats.bytes += length;
        self.stats.pending += count;
        self.stats.appended += count;
        if self.unsynced.last().is_none_or(|known| !Arc::ptr_eq(known, &file)) {
            self.unsynced.push(file);
        }
        Ok(())
    }

    fn make_room(&mut self, config: &SpoolConfig, length: u64) -> Result<(), SpoolError> {
        let wanted = length + segment::HEADER;
        if wanted > config.max_bytes {
            return Err(self.full(config));
        }
        while self.stats.bytes + wanted > config.max_bytes && !self.segments.is_empty() {
            if self.front_is_finished() {
                self.retire()?;
                continue;
            }
            match config.when_full {
                SpoolFull::RefuseNewest => return Err(self.full(config)),
                SpoolFull::DropOldest => self.drop_oldest()?,
            }
        }
        Ok(())
    }

    fn full(&self, config: &SpoolConfig) -> SpoolError {
        SpoolError::Full { folder: self.folder.clone(), max_bytes: config.max_bytes }
    }

    /// The last segment's file, or a new one when that is long enough.
    fn file_for(&mut self, config: &SpoolConfig, length: u64) -> Result<Arc<File>, SpoolError> {
        if let (Some(file), Some(last)) = (&self.active, self.segments.back())
            && (last.end == segment::HEADER || last.end + length <= config.segment_bytes())
        {
            return Ok(Arc::clone(file));
        }
        let sequence = self.next_sequence;
        let path = segment::path(&self.folder, sequence);
        let file = segment::create(&path).map_err(|error| SpoolError::of_io("create", &path, error))?;
        let file = Arc::new(file);
        self.active = Some(Arc::clone(&file));
        self.next_sequence += 1;
        self.segments.push_back(Segment { sequence, end: segment::HEADER, left: 0 });
        self.stats.bytes += segment::HEADER;
        self.folder_unsynced = true;
        Ok(file)
    }
}
