//! The files that an import writes.

use std::fs;
use std::path::{Path, PathBuf};

use super::arguments::Import;
use super::format::Format;
use super::origin::Origin;
use crate::failure::Failure;

/// Beside a file that is imported, or where the command line says.
pub(super) struct Files {
    /// None where nothing is kept.
    pub(super) checkpoint: Option<PathBuf>,
    /// None where rejected rows are only told.
    pub(super) rejected: Option<PathBuf>,
}

impl Files {
    pub(super) fn of(task: &Import, origin: &Origin, format: Format) -> Result<Self, Failure> {
        // What is only tried leaves the rejects of a real import alone.
        let kind = if task.dry_run { "dry-run" } else { "rejected" };
        let given = |path: &Option<PathBuf>, ending: &str| {
            path.clone().or_else(|| origin.path().map(|file| beside(file, ending)))
        };
        let checkpoint = given(&task.checkpoint, "checkpoint").filter(|_| !task.dry_run);
        let rejected = given(&task.rejected, &format!("{kind}.{}", format.ending()));
        let named = [
            ("the imported file", origin.path()),
            ("--checkpoint", checkpoint.as_deref()),
            ("--rejected", rejected.as_deref()),
        ];
        for (index, (name, path)) in named.iter().enumerate() {
            let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
            let same = |other: Option<&Path>| path.is_some() && other.map(real) == path.map(real);
            if let Some((other, _)) = named[..index].iter().find(|(_, other)| same(*other)) {
                return Err(Failure::usage(format!("{name} and {other} are the same file: name another")));
            }
        }
        Ok(Self { checkpoint, rejected })
    }
}

/// The file with something added to its name.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
