//! What must hold for any bytes in a segment's file: shared by the fuzzer and the normal tests.

use std::io::Cursor;

use super::reader::{Item, SegmentReader};
use super::record;

/// The laws of reading a segment: it never panics; what it gives is, byte for byte, what a record of that payload is; it
/// goes through every byte once, forwards; a file that ends earlier has the same records as far as it goes; and payloads
/// that were written are read.
///
/// ```
/// sspp_client::spool::law::segment(b"anything");
/// ```
///
/// # Panics
/// When a law breaks.
pub fn segment(bytes: &[u8]) {
    let whole = read(bytes);
    let cut = bytes.iter().fold(0, |sum, byte| (sum * 31 + usize::from(*byte)) % (bytes.len() + 1));
    let front = read(&bytes[..cut]);
    assert!(whole.starts_with(&front), "the first {cut} bytes have other records");

    let payloads: Vec<_> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let mut written = Vec::new();
    for payload in &payloads {
        record::encode(payload, &mut written);
    }
    assert_eq!(read(&written), payloads, "what was written is not what was read");
}

/// The payloads in the bytes, checked against them.
fn read(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = SegmentReader::new(Cursor::new(bytes), 0, bytes.len() as u64);
    let (mut payloads, mut before) = (Vec::new(), 0);
    while let Ok(Some(item)) = reader.next() {
        let after = usize::try_from(reader.offset()).unwrap_or(usize::MAX);
        assert!(after > before && after <= bytes.len(), "from {before} to {after} of {}", bytes.len());
        match item {
            Item::Record(range) => {
                let mut expected = Vec::new();
                record::encode(reader.payload(&range), &mut expected);
                assert_eq!(bytes[before..after], expected, "not the record that is there");
                payloads.push(reader.payload(&range).to_vec());
            }
            Item::Torn(torn) => assert_eq!((after as u64 - before as u64, after), (torn, bytes.len())),
            Item::Damaged => {}
        }
        before = after;
    }
    assert_eq!(before, bytes.len(), "bytes were passed by");
    payloads
}
