//! A file by its content: how much of it, and the SHA-256 of that.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The beginning of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extent {
    pub(crate) bytes: u64,
    sha256: String,
}

/// An extent that grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    bytes: u64,
    digest: Sha256,
}

impl Tally {
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.digest.update(bytes);
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent { bytes: self.bytes, sha256: hex(&self.digest.clone().finalize()) }
    }
}

/// The first 16 digits of the SHA-256 of a row: enough to know it from another in its place.
pub(crate) fn fingerprint(row: &[u8]) -> String {
    hex(&Sha256::digest(row)[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _: std::fmt::Result = write!(text, "{byte:02x}");
        text
    })
}
