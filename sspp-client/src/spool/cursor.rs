//! Up to where everything is settled, in a file of two slots.
//!
//! Writes go to the slots in turn, so a write that was cut short leaves the one before. A lost cursor is no harm: what
//! was settled is given again, and the server knows its ids.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::segment::private;

/// The name of the file.
pub(super) const CURSOR: &str = "cursor";

const SLOT: usize = 32;

/// A place in the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Position {
    /// The segment.
    pub(super) sequence: u64,
    /// The byte in its file.
    pub(super) offset: u64,
}

/// The file that remembers a [`Position`].
#[derive(Debug)]
pub(super) struct Cursor {
    file: File,
    generation: u64,
}

impl Cursor {
    /// Opens or makes the file, and reads the newest position in it.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Position)> {
        let file = private().create(true).truncate(false).read(true).write(true).open(path)?;
        let mut bytes = Vec::new();
        (&file).take(2 * SLOT as u64).read_to_end(&mut bytes)?;
        let newest = bytes.chunks_exact(SLOT).filter_map(decode).max_by_key(|(generation, _)| *generation);
        let (generation, position) = newest.unwrap_or_default();
        let mut cursor = Self { file, generation };
        // Both slots get their room while there is some: a full disk must be drained, and each batch moves the cursor.
        // Without it, places are written when they can be.
        if bytes.len() < 2 * SLOT {
            let _: io::Result<()> = cursor.write(position).and_then(|()| cursor.write(position));
        }
        Ok((cursor, position))
    }

    /// Remembers a position.
    pub(super) fn write(&mut self, position: Position) -> io::Result<()> {
        let generation = self.generation.wrapping_add(1);
        self.file.seek(SeekFrom::Start(generation % 2 * SLOT as u64))?;
        self.file.write_all(&encode(generation, position))?;
        self.generation = generation;
        Ok(())
    }
}

fn encode(generation: u64, position: Position) -> [u8; SLOT] {
    let mut slot = [0; SLOT];
    slot[..8].copy_from_slice(&generation.to_le_bytes());
    slot[8..16].copy_from_slice(&position.sequence.to_le_bytes());
    slot[16..24].copy_from_slice(&position.offset.to_le_bytes());
    slot[24..28].copy_from_slice(b"CUR1");
    let checksum = crc32fast::hash(&slot[..28]);
    slot[28..].copy_from_slice(&checksum.to_le_bytes());
    slot
}

fn decode(slot: &[u8]) -> Option<(u64, Position)> {
    let number = |at: usize| slot[at..].first_chunk().map(|chunk| u64::from_le_bytes(*chunk));
    let (generation, position) = (number(0)?, Position { sequence: number(8)?, offset: number(16)? });
    (slot == encode(generation, position)).then_some((generation, position))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_is_cut_anywhere_leaves_this_position_or_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cursor");
        let places = [1, 2, 3].map(|sequence| Position { sequence, offset: sequence * 100 });
        let (mut cursor, none) = Cursor::open(&path).unwrap();
        assert_eq!(none, Position::default());
        for place in places {
            cursor.write(place).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        // Two writes made room; the third of these went into the second slot.
        for cut in 0..=SLOT {
            let mut torn = whole.clone();
            torn[SLOT + cut..].fill(0xaa);
            std::fs::write(&path, &torn).unwrap();
            let expected = if cut == SLOT { places[2] } else { places[1] };
            assert_eq!(Cursor::open(&path).unwrap().1, expected, "{cut}");
        }
        std::fs::write(&path, b"short").unwrap();
        assert_eq!(Cursor::open(&path).unwrap().1, Position::default());
    }
}
