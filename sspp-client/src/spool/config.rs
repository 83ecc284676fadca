//! Where events are kept on disk, how many, and how safely.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SpoolError;

/// When appended events are forced to the disk, so that they survive a crash of the machine.
///
/// A crash of the process alone loses nothing in any case.
///
/// ```
/// use sspp_client::spool::SpoolSync;
/// assert_eq!(SpoolSync::default(), SpoolSync::Every(std::time::Duration::from_secs(1)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpoolSync {
    /// When the operating system likes.
    Never,
    /// In the background, this often: a crash of the machine loses about that much.
    Every(Duration),
    /// Before an append returns. Costs a disk flush each, so append in batches.
    EachAppend,
}

impl Default for SpoolSync {
    fn default() -> Self {
        Self::Every(Duration::from_secs(1))
    }
}

/// What happens to an event that does not fit any more. Whatever is lost is counted.
///
/// ```
/// use sspp_client::spool::SpoolFull;
/// assert_eq!(SpoolFull::default(), SpoolFull::RefuseNewest);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SpoolFull {
    /// The new event is refused with [`SpoolError::Full`].
    #[default]
    RefuseNewest,
    /// The oldest segment, an eighth of the spool at most, makes room.
    DropOldest,
}

/// The settings of a [`Spool`](super::Spool).
///
/// ```
/// use sspp_client::spool::{SpoolConfig, SpoolFull, SpoolSync};
/// let config = SpoolConfig::new("/var/spool/shop")
///     .max_bytes(64 * 1024 * 1024)
///     .sync(SpoolSync::EachAppend)
///     .when_full(SpoolFull::DropOldest);
/// assert_eq!(config.folder().to_str(), Some("/var/spool/shop"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolConfig {
    folder: PathBuf,
    pub(super) max_bytes: u64,
    pub(super) sync: SpoolSync,
    pub(super) when_full: SpoolFull,
}

impl SpoolConfig {
    /// The least that [`Self::max_bytes`] may be: 64 KiB.
    pub const MIN_BYTES: u64 = 64 * 1024;
    /// What [`Self::max_bytes`] is unless set: 256 MiB, some 700,000 events of 350 bytes.
    pub const DEFAULT_BYTES: u64 = 256 * 1024 * 1024;

    /// A spool in a folder, which is made when it is missing. Each process needs a folder of its own.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            max_bytes: Self::DEFAULT_BYTES,
            sync: SpoolSync::default(),
            when_full: SpoolFull::default(),
        }
    }

    /// The most bytes that the files together may have; [`Self::MIN_BYTES`] or more.
    #[must_use]
    pub const fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// When appended events are forced to the disk.
    #[must_use]
    pub const fn sync(mut self, sync: SpoolSync) -> Self {
        self.sync = sync;
        self
    }

    /// What happens when [`Self::max_bytes`] are used.
    #[must_use]
    pub const fn when_full(mut self, when_full: SpoolFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Where the events are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How often [`Spool::sync`](super::Spool::sync) is due, if it is.
    pub const fn sync_interval(&self) -> Option<Duration> {
        match self.sync {
            SpoolSync::Every(interval) => Some(interval),
            SpoolSync::Never | SpoolSync::EachAppend => None,
        }
    }

    /// How long a segment gets before the next is begun: what is deleted, or dropped, at once.
    pub(super) const fn segment_bytes(&self) -> u64 {
        const MOST: u64 = 4 * 1024 * 1024;
        let eighth = self.max_bytes / 8;
        if eighth < MOST { eighth } else { MOST }
    }

    pub(super) fn check(&self) -> Result<(), SpoolError> {
        if self.folder.as_os_str().is_empty() {
            return Err(SpoolError::Setting("the spool's folder is empty: name one".to_owned()));
        }
        if self.max_bytes < Self::MIN_BYTES {
            let (given, least) = (self.max_bytes, Self::MIN_BYTES);
            return Err(SpoolError::Setting(format!(
                "the spool's max_bytes is {given}: give it {least} or more"
            )));
        }
        if self.sync == SpoolSync::Every(Duration::ZERO) {
            let advice = "the spool's sync interval is zero: give it a length, or use EachAppend";
            return Err(SpoolError::Setting(advice.to_owned()));
        }
        Ok(())
    }
}
