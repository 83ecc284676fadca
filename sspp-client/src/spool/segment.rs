//! One file of the spool: its name, its header, and how it is made.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::record::number;

/// The format that this release writes, and the only one it reads.
pub(super) const VERSION: u32 = 1;

/// How many bytes come before the first record.
pub(super) const HEADER: u64 = 16;

const MAGIC: [u8; 8] = *b"SSPPSPL\n";
const ENDING: &str = "spool";

/// What a file says about itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// It is a segment of this format.
    Known,
    /// It is a segment of another format.
    Other(u32),
    /// It is too short or damaged to tell.
    Damaged,
}

/// The first bytes of a segment.
pub(super) fn header() -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    let checksum = crc32fast::hash(&bytes[..12]);
    bytes[12..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Reads the first bytes of a segment.
pub(super) fn read_header(bytes: &[u8]) -> Header {
    let whole = bytes.len() >= 16 && number(bytes, 12) == crc32fast::hash(&bytes[..12]);
    if !whole || bytes[..8] != MAGIC {
        return Header::Damaged;
    }
    match number(bytes, 8) {
        VERSION => Header::Known,
        other => Header::Other(other),
    }
}

/// The file of a segment. Names sort as their numbers do.
pub(super) fn path(folder: &Path, sequence: u64) -> PathBuf {
    folder.join(format!("{sequence:020}.{ENDING}"))
}

/// The number in a segment's name, if the name is one.
pub(super) fn sequence(path: &Path) -> Option<u64> {
    let digits = path.file_name()?.to_str()?.strip_suffix(ENDING)?.strip_suffix('.')?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Makes a segment and writes its header; leaves nothing behind when that fails.
pub(super) fn create(path: &Path) -> io::Result<File> {
    let mut file = private().create_new(true).append(true).open(path)?;
    if let Err(error) = file.write_all(&header()) {
        drop(file);
        drop(std::fs::remove_file(path));
        return Err(error);
    }
    Ok(file)
}

/// Options for a file that only its owner may read: events are about people.
pub(super) fn private() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_its_number_back_and_others_are_none() {
        let folder = Path::new("spool");
        for number in [0, 1, 42, u64::MAX] {
            assert_eq!(sequence(&path(folder, number)), Some(number));
        }
        for name in ["cursor", "1.spool", "99999999999999999999.spool", "0000000000000000000x.spool", "lock"]
        {
            assert_eq!(sequence(Path::new(name)), None, "{name}");
        }
    }

    #[test]
    fn a_header_tells_this_format_from_others_and_from_damage() {
        assert_eq!(read_header(&header()), Header::Known);
        let mut other = header();
        other[8] = 2;
        assert_eq!(read_header(&other), Header::Damaged);
        let checksum = crc32fast::hash(&other[..12]);
        other[12..].copy_from_slice(&checksum.to_le_bytes());
        assert_eq!(read_header(&other), Header::Other(2));
        assert_eq!(read_header(&header()[..15]), Header::Damaged);
    }
}
