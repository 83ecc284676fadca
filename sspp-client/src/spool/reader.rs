//! Reads the records of a segment in order, whatever became of its bytes.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::record::{self, Step};

const CHUNK: u64 = 64 * 1024;

/// What comes next in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A record; [`SegmentReader::payload`] has its bytes until the next call.
    Record(Range<usize>),
    /// Bytes between records that are none: at least one record was lost.
    Damaged,
    /// The last so many bytes are no record: a write that was cut short.
    Torn(u64),
}

/// Goes through the records from a place on. Holds a little more than the longest record in memory.
#[derive(Debug)]
pub(super) struct SegmentReader<R> {
    source: R,
    /// Where reading ends; later bytes are not there yet, or are no records.
    end: u64,
    buffer: Vec<u8>,
    /// What of the buffer was read.
    read: usize,
    /// Where in the file the buffer begins.
    base: u64,
    /// How many bytes since the last record were none.
    noise: u64,
}

impl<R: Read + Seek> SegmentReader<R> {
    /// Reads from an offset to an end.
    pub(super) fn new(source: R, from: u64, end: u64) -> Self {
        Self { source, end, buffer: Vec::new(), read: 0, base: from, noise: 0 }
    }

    /// Where the next item begins.
    pub(super) fn offset(&self) -> u64 {
        self.base + self.read as u64
    }

    /// The segment grew.
    pub(super) fn extend(&mut self, end: u64) {
        self.end = self.end.max(end);
    }

    /// The bytes of the record that [`Self::next`] just gave.
    pub(super) fn payload(&self, record: &Range<usize>) -> &[u8] {
        &self.buffer[record.clone()]
    }

    /// Gives the record that [`Self::next`] just gave once more.
    pub(super) fn put_back(&mut self, record: &Range<usize>) {
        self.read = record.start - record::HEADER;
    }

    /// The next item, or nothing at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Item>> {
        loop {
            let step = record::step(&self.buffer[self.read..]);
            match step {
                Step::Record { .. } | Step::Damaged { .. } if self.noise > 0 => {
                    self.noise = 0;
                    return Ok(Some(Item::Damaged));
                }
                Step::Record { payload, end } => {
                    let record = self.read + payload.start..self.read + payload.end;
                    self.read += end;
                    return Ok(Some(Item::Record(record)));
                }
                Step::Damaged { end } => {
                    self.read += end;
                    return Ok(Some(Item::Damaged));
                }
                Step::Noise { end } => {
                    self.read += end;
                    self.noise += end as u64;
                }
                Step::Short => {
                    if !self.fill()? {
                        return Ok(self.rest());
                    }
                }
            }
        }
    }

    /// What is left at the end, once.
    fn rest(&mut self) -> Option<Item> {
        let torn = self.noise + (self.buffer.len() - self.read) as u64;
        self.read = self.buffer.len();
        self.noise = 0;
        (torn > 0).then_some(Item::Torn(torn))
    }

    /// Reads on; false when there is no more.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.read);
        self.base += self.read as u64;
        self.read = 0;
        let from = self.base + self.buffer.len() as u64;
        let wanted = self.end.saturating_sub(from).min(CHUNK);
        if wanted == 0 {
            return Ok(false);
        }
        self.source.seek(SeekFrom::Start(from))?;
        Ok(self.source.by_ref().take(wanted).read_to_end(&mut self.buffer)? > 0)
    }
}
