//! How far an import is, in a file that is replaced whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sspp_events::{Clock as _, EventId, SystemClock, SystemRandom};

use crate::error::ImportError;
use crate::extent::Extent;
use crate::lock::beside;

const VERSION: u32 = 5;

/// The ending of a checkpoint that is being written.
pub(crate) const NEW: &str = "new";

/// What an import has done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    version: u32,
    /// Whose it is: what one command has sent to a server, another has not put into its store.
    command: String,
    /// Part of the ids of rows that have none.
    pub(crate) import_id: String,
    /// What was imported of the file.
    pub(crate) file: Extent,
    /// What was written into the file of rejects.
    pub(crate) rejects: Extent,
    /// That file; it may be replaced.
    pub(crate) rejects_file: Option<String>,
    /// How many rows are in that file: earlier ones may have been moved away with theirs.
    pub rejects_there: u64,
    /// Rows that are done.
    pub rows: u64,
    /// Rows that were taken.
    pub accepted: u64,
    /// Rows that were rejected.
    pub rejected: u64,
    pub(crate) done: bool,
}

impl Checkpoint {
    /// Of an import that begins, and may replace this file of rejects.
    pub(crate) fn begin(command: &str, rejects_file: Option<String>) -> Self {
        Self {
            version: VERSION,
            command: command.to_owned(),
            import_id: EventId::generate(SystemClock.now(), &SystemRandom::new()).to_string(),
            file: Extent::default(),
            rejects: Extent::default(),
            rejects_file,
            rejects_there: 0,
            rows: 0,
            accepted: 0,
            rejected: 0,
            done: false,
        }
    }

    /// The one that is there, or a new one.
    pub(crate) fn load_or_begin(path: &Path, command: &str) -> Result<Self, ImportError> {
        let Some(found) = read(path, command)? else { return Ok(Self::begin(command, None)) };
        let (path, version) = (path.display(), found["version"].clone());
        let advice = "remove it, or use --again to start over";
        if version != VERSION {
            return Err(ImportError::new(format!("{path} has version {version}, not {VERSION}: {advice}")));
        }
        serde_json::from_value(found)
            .map_err(|error| ImportError::new(format!("{path} is a damaged checkpoint ({error}): {advice}")))
    }

    /// The file of rejects that the one which is there names: an import that begins again replaces both, and no other file.
    pub(crate) fn rejects_of_earlier(path: &Path, command: &str) -> Result<Option<String>, ImportError> {
        Ok(read(path, command)?.and_then(|found| found["rejectsFile"].as_str().map(str::to_owned)))
    }

    /// The file of rejects is a new one.
    pub(crate) fn begin_rejects(&mut self) {
        (self.rejects, self.rejects_there) = (Extent::default(), 0);
    }

    /// Adds a batch.
    pub(crate) fn add(&mut self, rows: u64, rejected: u64, file: Extent, rejects: Extent) {
        self.rows += rows;
        self.accepted += rows - rejected;
        self.rejected += rejected;
        self.rejects_there += rejected;
        self.file = file;
        self.rejects = rejects;
    }

    /// Replaces the file, so that a crash leaves the one before or this one.
    pub(crate) fn save(&self, path: &Path) -> Result<(), ImportError> {
        let new = beside(path, NEW);
        let write = || -> io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec_pretty(self)?)?;
            file.sync_data()?;
            fs::rename(&new, path)
        };
        write().map_err(|error| {
            ImportError::new(format!(
                "cannot write the checkpoint {}: {error}; choose another file with --checkpoint",
                path.display()
            ))
        })
    }
}

/// What is there, if it is a checkpoint of this command.
fn read(path: &Path, command: &str) -> Result<Option<Value>, ImportError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ImportError::new(format!("cannot read {}: {error}", path.display()))),
    };
    let found = serde_json::from_slice(&bytes).ok().filter(|found: &Value| found.get("importId").is_some());
    let whose = found.as_ref().map(|found| found["command"].as_str().unwrap_or(command));
    let what = match whose {
        Some(whose) if whose == command => return Ok(found),
        Some(whose) => format!("a checkpoint of `{whose}`"),
        None => "not a checkpoint".to_owned(),
    };
    let path = path.display();
    Err(ImportError::new(format!(
        "{path} is {what}, so it is not overwritten; choose another file with --checkpoint"
    )))
}
