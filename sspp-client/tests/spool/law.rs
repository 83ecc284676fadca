//! The fuzzer's law over bytes that are nearly a segment.

use proptest::prelude::*;
use sspp_client::spool::law;

/// Real segments, made by the spool itself.
fn real() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let spool = super::open(folder.path());
    for number in 0..5 {
        spool.append(&super::payload(number, number * 3)).unwrap();
    }
    drop(spool);
    std::fs::read(&super::segments(folder.path())[0]).unwrap()
}

#[test]
fn holds_for_every_cut_and_every_flipped_byte_of_a_segment() {
    let bytes = real();
    for at in 0..bytes.len() {
        law::segment(&bytes[..at]);
        law::segment(&bytes[at..]);
        for mask in [1, 0x80, 0xff] {
            let mut other = bytes.clone();
            other[at] ^= mask;
            law::segment(&other);
        }
    }
}

proptest! {
    #[test]
    fn holds_for_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        law::segment(&bytes);
    }

    #[test]
    fn holds_for_pieces_of_segments(pieces in prop::collection::vec((0_usize..400, 0_usize..400), 0..6)) {
        let bytes = real();
        let mut mixed = Vec::new();
        for (from, length) in pieces {
            let from = from % bytes.len();
            mixed.extend_from_slice(&bytes[from..(from + length).min(bytes.len())]);
        }
        law::segment(&mixed);
    }
}

#[test]
fn holds_for_what_the_fuzzer_starts_from() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/spool_segment");
    let inputs: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(inputs.len() >= 8, "{inputs:?}");
    for input in inputs {
        law::segment(&std::fs::read(input).unwrap());
    }
}
