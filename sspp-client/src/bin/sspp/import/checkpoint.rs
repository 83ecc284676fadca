//! How far an import is, in a file that is replaced whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sspp_events::{Clock as _, EventId, SystemClock, SystemRandom};

use super::extent::Extent;
use crate::failure::Failure;

const VERSION: u32 = 3;

/// Rows of one kind and another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
}

/// What an import has done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checkpoint {
    version: u32,
    /// Part of the ids of rows that have none.
    pub(crate) import_id: String,
    /// What was imported of the file.
    pub(crate) file: Extent,
    /// What was written into the file of rejects.
    pub(crate) rejects: Extent,
    /// How many rows are in that file: earlier ones may have been moved away with theirs.
    pub(crate) rejects_there: u64,
    pub(crate) rows: u64,
    pub(crate) accepted: u64,
    pub(crate) rejected: u64,
    pub(crate) done: bool,
}

impl Checkpoint {
    /// Of an import that begins.
    pub(crate) fn begin() -> Self {
        Self {
            version: VERSION,
            import_id: EventId::generate(SystemClock.now(), &SystemRandom::new()).to_string(),
            file: Extent::default(),
            rejects: Extent::default(),
            rejects_there: 0,
            rows: 0,
            accepted: 0,
            rejected: 0,
            done: false,
        }
    }

    /// The one that is there, or a new one.
    pub(crate) fn load_or_begin(path: &Path) -> Result<Self, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::begin()),
            Err(error) => return Err(Failure::wrong(format!("cannot read {}: {error}", path.display()))),
        };
        let advice = "remove it, or say --again to begin anew";
        let found: Self = serde_json::from_str(&text).map_err(|error| {
            Failure::wrong(format!("{} is no checkpoint ({error}): {advice}", path.display()))
        })?;
        if found.version != VERSION {
            let (version, path) = (found.version, path.display());
            return Err(Failure::wrong(format!("{path} has version {version}, not {VERSION}: {advice}")));
        }
        Ok(found)
    }

    /// The file of rejects is a new one.
    pub(crate) fn begin_rejects(&mut self) {
        (self.rejects, self.rejects_there) = (Extent::default(), 0);
    }

    /// Adds a batch.
    pub(crate) fn add(&mut self, counts: Counts, file: Extent, rejects: Extent) {
        self.rows += counts.accepted + counts.rejected;
        self.accepted += counts.accepted;
        self.rejected += counts.rejected;
        self.rejects_there += counts.rejected;
        self.file = file;
        self.rejects = rejects;
    }

    /// Replaces the file, so that a crash leaves the one before or this one.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let write = || -> io::Result<()> {
            let mut file = File::create(&beside)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_data()?;
            fs::rename(&beside, path)
        };
        write().map_err(|error| {
            Failure::wrong(format!(
                "cannot write the checkpoint {}: {error}: --checkpoint names another place",
                path.display()
            ))
        })
    }
}
