//! One record: a header with checksums, and a payload. Little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | marker; two of its bytes never occur in UTF-8, so no JSON contains it |
//! | 4 | length of the payload |
//! | 4 | CRC-32 of the payload |
//! | 4 | CRC-32 of the twelve bytes before |
//! | length | payload |
//!
//! The header's own checksum makes its length trustworthy: a damaged payload costs one record, and after a damaged
//! header the next marker is where reading continues.

use std::ops::Range;

const MARKER: [u8; 4] = [0xf5, b'S', b'P', 0xfa];

/// How many bytes come before a payload.
pub(super) const HEADER: usize = 16;

/// The longest payload: more than an event may have.
pub(super) const MAX_PAYLOAD: usize = 1024 * 1024;

/// Adds a record to a buffer. The payload has [`MAX_PAYLOAD`] bytes at most.
pub(super) fn encode(payload: &[u8], into: &mut Vec<u8>) {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let start = into.len();
    into.extend_from_slice(&MARKER);
    into.extend_from_slice(&length.to_le_bytes());
    into.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    let checksum = crc32fast::hash(&into[start..]);
    into.extend_from_slice(&checksum.to_le_bytes());
    into.extend_from_slice(payload);
}

/// What the bytes begin with. Ends count from the first byte, and are never zero.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A whole record.
    Record { payload: Range<usize>, end: usize },
    /// A record whose payload is not what was written.
    Damaged { end: usize },
    /// No record begins before `end`.
    Noise { end: usize },
    /// More bytes are needed to tell.
    Short,
}

/// Looks at the front of the bytes.
pub(super) fn step(bytes: &[u8]) -> Step {
    let seen = bytes.len().min(MARKER.len());
    if bytes[..seen] != MARKER[..seen] {
        return Step::Noise { end: next_marker(bytes) };
    }
    let Some((header, rest)) = bytes.split_at_checked(HEADER) else { return Step::Short };
    let length = usize::try_from(number(header, 4)).unwrap_or(usize::MAX);
    if number(header, 12) != crc32fast::hash(&header[..12]) || length > MAX_PAYLOAD {
        return Step::Noise { end: next_marker(bytes) };
    }
    let Some(payload) = rest.get(..length) else { return Step::Short };
    let end = HEADER + length;
    if number(header, 8) == crc32fast::hash(payload) {
        Step::Record { payload: HEADER..end, end }
    } else {
        Step::Damaged { end }
    }
}

/// Where, after the first byte, a marker begins, or may begin once more bytes are there.
fn next_marker(bytes: &[u8]) -> usize {
    (1..bytes.len())
        .find(|&at| {
            let seen = (bytes.len() - at).min(MARKER.len());
            bytes[at..at + seen] == MARKER[..seen]
        })
        .unwrap_or(bytes.len())
}

/// The 32-bit number at a place. The bytes reach that far.
pub(super) fn number(bytes: &[u8], at: usize) -> u32 {
    bytes[at..].first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(payload, &mut bytes);
        bytes
    }

    #[test]
    fn a_record_comes_back_and_its_prefixes_are_short() {
        let bytes = encoded(b"{\"a\":1}");
        assert_eq!(step(&bytes), Step::Record { payload: HEADER..bytes.len(), end: bytes.len() });
        for length in 0..bytes.len() {
            assert_eq!(step(&bytes[..length]), Step::Short, "{length}");
        }
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let bytes = encoded(b"payload");
        for bit in 0..bytes.len() * 8 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            match step(&other) {
                Step::Damaged { end } => assert!(end == bytes.len() && bit >= 64, "{bit}"),
                Step::Noise { end } => assert!(end > 0 && bit < HEADER * 8, "{bit}"),
                other => panic!("bit {bit}: {other:?}"),
            }
        }
    }

    #[test]
    fn noise_ends_where_a_record_may_begin() {
        let record = encoded(b"x");
        let mut bytes = b"noise".to_vec();
        bytes.extend_from_slice(&record);
        assert_eq!(step(&bytes), Step::Noise { end: 5 });
        assert_eq!(step(&bytes[..6]), Step::Noise { end: 5 });
        assert_eq!(step(b"noise"), Step::Noise { end: 5 });
    }
}
