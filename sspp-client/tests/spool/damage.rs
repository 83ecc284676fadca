//! Files that a crash cut short or a disk changed.

use proptest::prelude::*;

use super::{drain, open, payload, segments};

/// Fills several segments and gives what is in each, with where each record ends in its file.
fn filled(folder: &std::path::Path) -> Vec<Vec<(Vec<u8>, usize)>> {
    let spool = open(folder);
    let mut files: Vec<Vec<(Vec<u8>, usize)>> = Vec::new();
    for number in 0..60 {
        let payload = payload(number, number * 53 % 700);
        spool.append(&payload).unwrap();
        let known = segments(folder);
        if known.len() > files.len() {
            files.push(Vec::new());
        }
        let end = known.last().unwrap().metadata().unwrap().len();
        files.last_mut().unwrap().push((payload, usize::try_from(end).unwrap()));
    }
    assert!(files.len() >= 3, "{} files", files.len());
    files
}

proptest! {
    #[test]
    fn a_file_cut_at_any_byte_loses_only_its_torn_tail(file in 0_usize..3, cut in any::<prop::sample::Index>()) {
        let folder = tempfile::tempdir().unwrap();
        let files = filled(folder.path());
        let path = &segments(folder.path())[file];
        let bytes = std::fs::read(path).unwrap();
        let cut = cut.index(bytes.len());
        std::fs::write(path, &bytes[..cut]).unwrap();

        let spool = open(folder.path());
        let whole = files[file].iter().filter(|(_, end)| *end <= cut);
        let last = whole.clone().next_back().map_or(16, |(_, end)| *end);
        let torn = if cut < 16 { cut } else { cut - last };
        let stats = spool.stats();
        prop_assert_eq!((stats.torn_bytes, stats.damaged), (torn as u64, 0));
        let expected: Vec<_> = files[..file].iter().flatten()
            .chain(whole)
            .chain(files[file + 1..].iter().flatten())
            .map(|(payload, _)| payload.clone())
            .collect();
        prop_assert_eq!(stats.pending, expected.len() as u64);
        spool.append(b"after").unwrap();
        let mut got = drain(&spool);
        prop_assert_eq!(got.pop().unwrap(), b"after");
        prop_assert_eq!(got, expected);
        let stats = spool.stats();
        prop_assert_eq!((stats.pending, stats.damaged), (0, 0));
    }

    #[test]
    fn a_changed_byte_costs_one_record_at_most(
        file in 0_usize..3, at in any::<prop::sample::Index>(), mask in 1_u8..,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let files = filled(folder.path());
        let path = &segments(folder.path())[file];
        let mut bytes = std::fs::read(path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        std::fs::write(path, &bytes).unwrap();

        let spool = open(folder.path());
        let stats = spool.stats();
        let last = files[file].last().unwrap();
        let in_last = files[file].iter().rev().nth(1).is_some_and(|(_, end)| at >= *end) && at < last.1;
        prop_assert!(stats.damaged == 1 || (in_last && stats.torn_bytes > 0), "{:?}", stats);
        let lost = files[file].iter().position(|(_, end)| at < *end).filter(|_| at >= 16);
        let expected: Vec<_> = files.iter().enumerate()
            .flat_map(|(number, records)| records.iter().enumerate().map(move |(index, (payload, _))| (number, index, payload)))
            .filter(|(number, index, _)| !(*number == file && Some(*index) == lost))
            .map(|(_, _, payload)| payload.clone())
            .collect();
        prop_assert_eq!(drain(&spool), expected);
        prop_assert_eq!(spool.stats().pending, 0);
    }
}

#[test]
fn a_file_that_goes_away_or_shrinks_under_the_reader_is_counted_and_passed() {
    let folder = tempfile::tempdir().unwrap();
    let files = filled(folder.path());
    let spool = open(folder.path());
    let paths = segments(folder.path());
    std::fs::remove_file(&paths[0]).unwrap();
    std::fs::File::options().write(true).open(&paths[1]).unwrap().set_len(16).unwrap();
    let expected: Vec<_> = files[2..].iter().flatten().map(|(payload, _)| payload.clone()).collect();
    assert_eq!(drain(&spool), expected);
    let stats = spool.stats();
    assert_eq!((stats.pending, stats.damaged), (0, (files[0].len() + files[1].len()) as u64));
}

#[test]
fn damage_in_the_file_that_is_being_written_is_counted_when_it_is_passed() {
    for damaged in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let spool = open(folder.path());
        spool.append(&payload(0, 100)).unwrap();
        let second = usize::try_from(segments(folder.path())[0].metadata().unwrap().len()).unwrap();
        spool.append(&payload(1, 100)).unwrap();
        let path = &segments(folder.path())[0];
        let mut bytes = std::fs::read(path).unwrap();
        for record in [16, second].into_iter().take(damaged) {
            bytes[record + 50] ^= 1;
        }
        std::fs::write(path, &bytes).unwrap();

        assert_eq!(drain(&spool).len(), 2 - damaged);
        let stats = spool.stats();
        assert_eq!((stats.pending, stats.damaged), (0, damaged as u64));
        spool.append(b"after").unwrap();
        assert_eq!(drain(&spool), [b"after"]);
        assert_eq!(spool.stats().pending, 0);
    }
}

#[test]
fn another_format_is_refused_by_name_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    drop(filled(folder.path()));
    let path = segments(folder.path()).pop().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[8] = 0;
    let checksum = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let files = segments(folder.path());

    let error = sspp_client::spool::Spool::open(super::small(folder.path())).unwrap_err().to_string();
    assert!(error.contains(path.to_str().unwrap()) && error.contains("format 0"), "{error}");
    assert_eq!(segments(folder.path()), files);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}
