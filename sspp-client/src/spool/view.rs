//! What a spool shows of itself.

/// The oldest payloads that are not settled, in the order they were appended.
///
/// ```
/// use sspp_client::spool::{Spool, SpoolConfig};
/// let folder = tempfile::tempdir()?;
/// let spool = Spool::open(SpoolConfig::new(folder.path()))?;
/// spool.append(b"first")?;
/// spool.append(b"second")?;
/// let batch = spool.peek(1, 1_000)?.unwrap();
/// assert_eq!(batch.payloads(), [b"first"]);
/// spool.settle(&batch)?;
/// assert_eq!(spool.peek(10, 1_000)?.unwrap().payloads(), [b"second"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolBatch {
    pub(super) payloads: Vec<Vec<u8>>,
    pub(super) sequence: u64,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl SpoolBatch {
    /// The payloads; at least one.
    pub fn payloads(&self) -> &[Vec<u8>] {
        &self.payloads
    }
}

/// Figures of a spool. Counters begin at zero when it is opened.
///
/// ```
/// use sspp_client::spool::{Spool, SpoolConfig};
/// let folder = tempfile::tempdir()?;
/// let spool = Spool::open(SpoolConfig::new(folder.path()))?;
/// spool.append(b"event")?;
/// let stats = spool.stats();
/// assert_eq!((stats.pending, stats.recovered), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SpoolStats {
    /// Payloads that are not settled.
    pub pending: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Payloads that were there when the spool was opened.
    pub recovered: u64,
    /// Payloads that were appended since.
    pub appended: u64,
    /// Records that the disk damaged, as far as they can be counted; they were skipped.
    pub damaged: u64,
    /// Bytes at the ends of segments of writes that a crash cut short.
    pub torn_bytes: u64,
    /// Payloads that were not taken because the spool or its disk was full, or a write failed.
    pub refused: u64,
    /// Payloads that went to make room for newer ones.
    pub dropped: u64,
}
