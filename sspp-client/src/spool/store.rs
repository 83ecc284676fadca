//! The spool: it takes payloads, gives the oldest, and forgets those that are settled.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::folder;
use super::reader::{Item, SegmentReader};
use super::record;
use super::segment;
use super::state::{Oldest, State};
use super::{SpoolBatch, SpoolConfig, SpoolError, SpoolStats, SpoolSync};

/// A queue of payloads in a folder, oldest first; cheap to clone. The [module](super) says what a crash loses.
///
/// Its calls read and write files and do not yield: an append is one `write` of the operating system, some microseconds
/// unless the disk stalls.
///
/// ```
/// use sspp_client::spool::{Spool, SpoolConfig};
///
/// let folder = tempfile::tempdir()?;
/// let spool = Spool::open(SpoolConfig::new(folder.path()))?;
/// spool.append(br#"{"accountId": "acc_1"}"#)?;
/// drop(spool); // a crash would do as well
///
/// let spool = Spool::open(SpoolConfig::new(folder.path()))?;
/// let batch = spool.peek(100, 475_000)?.expect("it is still there");
/// assert_eq!(batch.payloads(), [br#"{"accountId": "acc_1"}"#]);
/// spool.settle(&batch)?;
/// assert_eq!(spool.stats().pending, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Spool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: SpoolConfig,
    state: Mutex<State>,
    /// Where the last batch ended, so that the next need not look for it.
    reading: Mutex<Option<OpenSegment>>,
}

#[derive(Debug)]
struct OpenSegment {
    sequence: u64,
    reader: SegmentReader<File>,
}

impl Spool {
    /// Opens the folder, makes it when it is missing, and reads through what is there.
    ///
    /// # Errors
    /// [`SpoolError::Setting`], [`SpoolError::InUse`], [`SpoolError::Version`], or what the system said.
    pub fn open(config: SpoolConfig) -> Result<Self, SpoolError> {
        config.check()?;
        let state = folder::open(config.folder())?;
        Ok(Self(Arc::new(Inner { config, state: Mutex::new(state), reading: Mutex::new(None) })))
    }

    /// Appends one payload. When this returns, a crash of the process does not lose it.
    ///
    /// # Errors
    /// [`SpoolError::TooLarge`], [`SpoolError::Full`], [`SpoolError::DiskFull`], or what the system said: the payload
    /// was not taken, and is counted in [`SpoolStats::refused`]. A failed flush to the disk says `cannot sync`: then it
    /// was taken, but a crash of the machine may lose it.
    pub fn append(&self, payload: &[u8]) -> Result<(), SpoolError> {
        self.append_all(&[payload])
    }

    /// Appends payloads in their order: all of them, or none.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn append_all(&self, payloads: &[impl AsRef<[u8]>]) -> Result<(), SpoolError> {
        let mut records = Vec::new();
        for payload in payloads.iter().map(AsRef::as_ref) {
            if payload.len() > record::MAX_PAYLOAD {
                self.state().stats.refused += payloads.len() as u64;
                return Err(SpoolError::TooLarge { bytes: payload.len(), max: record::MAX_PAYLOAD });
            }
            records.reserve(record::HEADER + payload.len());
            record::encode(payload, &mut records);
        }
        if records.is_empty() {
            return Ok(());
        }
        let mut state = self.state();
        let appended = state.append(&self.0.config, &records, payloads.len() as u64);
        if appended.is_err() {
            state.stats.refused += payloads.len() as u64;
        }
        drop(state);
        appended?;
        if self.0.config.sync == SpoolSync::EachAppend { self.sync() } else { Ok(()) }
    }

    /// The oldest payloads that are not settled: so many, of so many bytes together, or one longer one. Nothing when
    /// all are settled. Until it is settled, the same comes again.
    ///
    /// # Errors
    /// What the system said when a file could not be read.
    pub fn peek(&self, max_payloads: usize, max_bytes: usize) -> Result<Option<SpoolBatch>, SpoolError> {
        let mut reading = self.0.reading.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let oldest = self.state().oldest()?;
            let Some(oldest) = oldest else {
                *reading = None;
                return Ok(None);
            };
            let path = segment::path(self.0.config.folder(), oldest.sequence);
            let failed = |error| SpoolError::of_io("read", &path, error);
            let (payloads, end) = match reader_at(&mut reading, oldest, || File::open(&path)) {
                Ok(reader) => (collect(reader, max_payloads, max_bytes).map_err(failed)?, reader.offset()),
                Err(error) if error.kind() == ErrorKind::NotFound => (Vec::new(), oldest.end),
                Err(error) => return Err(failed(error)),
            };
            let (sequence, start) = (oldest.sequence, oldest.offset);
            if !payloads.is_empty() {
                return Ok(Some(SpoolBatch { payloads, sequence, start, end }));
            }
            // Nothing but damage, or the file was removed or cut: the missing records are counted with the segment.
            *reading = None;
            self.settle(&SpoolBatch { payloads, sequence, start, end: oldest.end })?;
        }
    }

    /// Forgets what [`Self::peek`] gave; files that are done go.
    ///
    /// # Errors
    /// What the system said when a file could not be removed or the place could not be remembered: the payloads do not
    /// come again before a restart, but may after one.
    pub fn settle(&self, batch: &SpoolBatch) -> Result<(), SpoolError> {
        self.settle_if_kept(batch).map(drop)
    }

    /// Settles a batch; false where it was settled before, or made room for newer payloads.
    pub(crate) fn settle_if_kept(&self, batch: &SpoolBatch) -> Result<bool, SpoolError> {
        let place = (batch.sequence, batch.start, batch.end);
        self.state().advance(place, batch.payloads.len() as u64, &self.0.config)
    }

    /// Forces what was appended to the disk.
    ///
    /// # Errors
    /// What the system said.
    pub fn sync(&self) -> Result<(), SpoolError> {
        self.0.sync()
    }

    /// Takes nothing more, forces what there is to the disk, and gives the folder free for another user. Clones are closed too.
    ///
    /// # Errors
    /// What the system said to the flush; it is closed all the same.
    pub fn close(&self) -> Result<(), SpoolError> {
        let synced = self.sync();
        self.state().lock = None;
        synced
    }

    /// How things stand.
    pub fn stats(&self) -> SpoolStats {
        self.state().stats
    }

    /// The settings it was opened with.
    pub fn config(&self) -> &SpoolConfig {
        &self.0.config
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync(&self) -> Result<(), SpoolError> {
        let mut state = self.state();
        let files = std::mem::take(&mut state.unsynced);
        let names = std::mem::take(&mut state.folder_unsynced);
        drop(state);
        let folder = self.config.folder();
        for file in &files {
            file.sync_data().map_err(|error| SpoolError::of_io("sync", folder, error))?;
        }
        if names && cfg!(unix) {
            let synced = File::open(folder).and_then(|folder| folder.sync_all());
            synced.map_err(|error| SpoolError::of_io("sync", folder, error))?;
        }
        Ok(())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if self.config.sync != SpoolSync::Never && self.state().lock.is_some() {
            // The last handle is gone, so an error has no reader. A program that wants it calls `sync`.
            drop(self.sync());
        }
    }
}

/// The reader that stands there, or a new one.
fn reader_at(
    reading: &mut Option<OpenSegment>,
    oldest: Oldest,
    open: impl FnOnce() -> std::io::Result<File>,
) -> std::io::Result<&mut SegmentReader<File>> {
    let there =
        |open: &OpenSegment| open.sequence == oldest.sequence && open.reader.offset() == oldest.offset;
    let kept = match reading.take().filter(there) {
        Some(kept) => kept,
        None => OpenSegment {
            sequence: oldest.sequence,
            reader: SegmentReader::new(open()?, oldest.offset, oldest.end),
        },
    };
    let reader = &mut reading.insert(kept).reader;
    reader.extend(oldest.end);
    Ok(reader)
}

fn collect(
    reader: &mut SegmentReader<File>,
    max_payloads: usize,
    max_bytes: usize,
) -> std::io::Result<Vec<Vec<u8>>> {
    let (mut payloads, mut bytes) = (Vec::new(), 0_usize);
    while payloads.len() < max_payloads.max(1) {
        match reader.next()? {
            Some(Item::Record(record)) if payloads.is_empty() || bytes + record.len() <= max_bytes => {
                bytes += record.len();
                payloads.push(reader.payload(&record).to_vec());
            }
            Some(Item::Record(record)) => {
                reader.put_back(&record);
                break;
            }
            Some(Item::Damaged | Item::Torn(_)) => {}
            None => break,
        }
    }
    Ok(payloads)
}
