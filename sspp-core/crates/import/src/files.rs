//! The files that an import writes.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checkpoint::{Checkpoint, NEW};
use crate::error::ImportError;
use crate::format::Format;
use crate::lock::{LOCK, Lock, beside};
use crate::origin::Origin;

/// What is looked at to tell what a file is.
const BEGINNING: u64 = 64 * 1024;

/// The files that are asked for.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Where the progress is kept.
    pub checkpoint: Option<PathBuf>,
    /// Where rejected rows go.
    pub rejected: Option<PathBuf>,
    /// Whether files without a name stand beside the imported file; else there are none.
    pub are_beside: bool,
    /// Whether rows are only checked: then there is no checkpoint, and the rejected rows of a real import stay.
    pub is_dry_run: bool,
    /// Whether a file of rejected rows that this import did not write is replaced.
    pub force: bool,
}

/// The files that an import writes.
#[derive(Debug, Clone)]
pub struct Files {
    /// None where nothing is kept.
    checkpoint: Option<PathBuf>,
    /// None where rejected rows are only shown.
    rejected: Option<PathBuf>,
    /// Whether the file of rejected rows has the name that it has by itself.
    has_own_name: bool,
    force: bool,
    /// Of the checkpoint, as long as the import runs.
    lock: Option<Arc<Lock>>,
}

impl Files {
    /// Names the files and locks the checkpoint.
    ///
    /// # Errors
    /// Two of the files are one, or another import has the checkpoint.
    pub fn of(wanted: Wanted, origin: &Origin, format: Format) -> Result<Self, ImportError> {
        let Wanted { are_beside, is_dry_run, force, .. } = wanted;
        let kind = if is_dry_run { "dry-run" } else { "rejected" };
        let own = |ending: &str| origin.path().filter(|_| are_beside).map(|file| beside(file, ending));
        let has_own_name = wanted.rejected.is_none();
        let checkpoint = wanted.checkpoint.or_else(|| own("checkpoint")).filter(|_| !is_dry_run);
        let rejected = wanted.rejected.or_else(|| own(&format!("{kind}.{}", format.ending())));
        let [lock, new] = [LOCK, NEW].map(|ending| checkpoint.as_deref().map(|path| beside(path, ending)));
        let named = [
            ("the imported file", origin.path()),
            ("--rejected", rejected.as_deref()),
            ("--checkpoint", checkpoint.as_deref()),
            ("the lock of --checkpoint", lock.as_deref()),
            ("what --checkpoint is written to", new.as_deref()),
        ];
        for (index, (name, path)) in named.iter().enumerate() {
            let same = |other: Option<&Path>| path.is_some() && other.map(real) == path.map(real);
            if let Some((other, _)) = named[..index].iter().find(|(_, other)| same(*other)) {
                return Err(ImportError::usage(format!(
                    "{name} and {other} are the same file: choose another"
                )));
            }
        }
        let lock = checkpoint.as_deref().map(Lock::take).transpose()?.map(Arc::new);
        Ok(Self { checkpoint, rejected, has_own_name, force, lock })
    }

    /// The checkpoint; none where nothing is kept.
    pub fn checkpoint(&self) -> Option<&Path> {
        self.checkpoint.as_deref()
    }

    /// The file of rejected rows; none where they are only shown.
    pub fn rejected(&self) -> Option<&Path> {
        self.rejected.as_deref()
    }

    /// The lock's file, which goes with this.
    pub fn lock(&self) -> Option<&Path> {
        self.lock.as_deref().map(Lock::path)
    }

    pub(crate) fn save(&self, checkpoint: &Checkpoint) -> Result<(), ImportError> {
        self.checkpoint().map_or(Ok(()), |path| checkpoint.save(path))
    }

    /// Removes the checkpoint of an import that has done nothing.
    pub(crate) fn forget(&self) {
        if let Some(path) = self.checkpoint() {
            let _: std::io::Result<()> = fs::remove_file(path);
        }
    }

    /// The file of rejects, however it is written.
    pub(crate) fn rejects_name(&self) -> Option<String> {
        self.rejected().map(|path| real(path).to_string_lossy().into_owned())
    }

    /// A file of rejects is begun again only where the checkpoint names it, or where an import wrote it under the name that it has
    /// by itself.
    pub(crate) fn refuse_other_rejects(&self, known: Option<&str>) -> Result<(), ImportError> {
        let Some(path) = self.rejected() else { return Ok(()) };
        let is_filled = fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() > 0);
        let is_known = known.is_some() && self.rejects_name().as_deref() == known;
        if self.force || !is_filled || is_known || (self.has_own_name && has_rejects(path)) {
            return Ok(());
        }
        Err(ImportError::new(format!(
            "{} already exists, and this import did not write it: replace it with --force, or choose another file with --rejected",
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
