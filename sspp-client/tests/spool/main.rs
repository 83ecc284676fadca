//! The disk spool: what comes back after crashes, damage and full disks.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod crash;
mod damage;
mod disk_full;
mod folder;
mod law;
mod model;
mod threads;

use std::path::{Path, PathBuf};

use sspp_client::spool::{Spool, SpoolConfig, SpoolSync};

/// The smallest spool there is: segments of 8 KiB.
fn small(folder: &Path) -> SpoolConfig {
    SpoolConfig::new(folder).max_bytes(SpoolConfig::MIN_BYTES).sync(SpoolSync::Never)
}

fn open(folder: &Path) -> Spool {
    Spool::open(small(folder)).unwrap()
}

/// Takes everything out.
fn drain(spool: &Spool) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while let Some(batch) = spool.peek(7, 2_000).unwrap() {
        all.extend_from_slice(batch.payloads());
        spool.settle(&batch).unwrap();
    }
    all
}

/// The files of records, oldest first.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "spool")).collect();
    found.sort();
    found
}

/// A payload that tells which it is.
fn payload(number: usize, length: usize) -> Vec<u8> {
    let mut text = format!("{{\"number\":{number}}}");
    text.extend(std::iter::repeat_n(' ', length));
    text.into_bytes()
}
