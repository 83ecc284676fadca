//! The files that an import writes.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::arguments::Import;
use super::format::Format;
use super::lock::Lock;
use super::origin::Origin;
use crate::failure::Failure;

/// What is looked at to tell what a file is.
const BEGINNING: u64 = 64 * 1024;

/// Beside a file that is imported, or where the command line says.
pub(super) struct Files {
    /// None where nothing is kept.
    pub(super) checkpoint: Option<PathBuf>,
    /// None where rejected rows are only told.
    pub(super) rejected: Option<PathBuf>,
    /// Of the checkpoint, as long as the import runs.
    pub(super) lock: Option<Lock>,
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
            let same = |other: Option<&Path>| path.is_some() && other.map(real) == path.map(real);
            if let Some((other, _)) = named[..index].iter().find(|(_, other)| same(*other)) {
                return Err(Failure::usage(format!("{name} and {other} are the same file: name another")));
            }
        }
        let lock = checkpoint.as_deref().map(Lock::take).transpose()?;
        Ok(Self { checkpoint, rejected, lock })
    }

    /// The file of rejects, however it is written.
    pub(super) fn rejects_name(&self) -> Option<String> {
        self.rejected.as_deref().map(|path| real(path).to_string_lossy().into_owned())
    }

    /// A file of rejects is begun anew only where the checkpoint names it, or where an import wrote it under the name that it has
    /// by itself.
    pub(super) fn refuse_other_rejects(&self, task: &Import, known: Option<&str>) -> Result<(), Failure> {
        let Some(path) = &self.rejected else { return Ok(()) };
        let is_filled = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
        let is_known = known.is_some() && self.rejects_name().as_deref() == known;
        if task.force || !is_filled || is_known || (task.rejected.is_none() && has_rejects(path)) {
            return Ok(());
        }
        Err(Failure::wrong(format!(
            "{} is there already, and this import did not write it: --force replaces it, --rejected names another file",
            path.display()
        )))
    }
}

/// The same for every way to write the path, also of a file that is not there yet.
fn real(path: &Path) -> PathBuf {
    let there = fs::canonicalize(path).or_else(|error| {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(error) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        fs::canonicalize(folder).map(|folder| folder.join(name))
    });
    there.unwrap_or_else(|_| path.to_owned())
}

/// Whether a file begins as files of rejects do.
fn has_rejects(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut begin));
    let begin = String::from_utf8_lossy(&begin);
    read.is_ok() && begin.contains("rejection") && begin.contains("importEventId")
}

/// The file with something added to its name.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
