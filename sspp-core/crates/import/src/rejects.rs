//! The file of rejected rows: as they were written, each with the reason, so that they can be edited and imported.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::error::ImportError;
use crate::extent::{Extent, Tally};
use crate::input::Original;
use crate::lines::addition;
use crate::origin::Origin;
use crate::record::quote;
use crate::rows::Header;

const CHUNK: usize = 64 * 1024;

/// Made with the first rejected row.
#[derive(Debug)]
pub(crate) struct Rejects {
    /// None where they are only shown.
    path: Option<PathBuf>,
    /// What is imported.
    from: Origin,
    layout: Layout,
    file: Option<File>,
    written: Tally,
}

/// How a row and its reason are written.
#[derive(Debug)]
enum Layout {
    Csv { header: Vec<u8>, delimiter: char },
    Lines,
}

impl Rejects {
    pub(crate) fn new(path: Option<PathBuf>, from: &Origin, header: Option<&Header>) -> Self {
        let layout = header.map_or(Layout::Lines, |header| Layout::Csv {
            header: header.of_rejects(),
            delimiter: char::from(header.delimiter()),
        });
        Self { path, from: from.clone(), layout, file: None, written: Tally::default() }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What was written.
    pub(crate) fn written(&self) -> Extent {
        self.written.extent()
    }

    /// Goes on behind what an earlier call wrote: what it wrote after its last checkpoint comes again, and is cut off. Where the
    /// file is gone, a new one is begun, and this says no.
    pub(crate) fn go_on(&mut self, known: &Extent) -> Result<bool, ImportError> {
        let path = match &self.path {
            Some(path) if known.bytes > 0 && path.exists() => path,
            _ => return Ok(known.bytes == 0),
        };
        let reopen = || -> io::Result<Option<(File, Tally)>> {
            let mut file = File::options().read(true).write(true).open(path)?;
            let tally = copy(&mut (&mut file).take(known.bytes), |_| Ok(()))?;
            if tally.extent() != *known {
                return Ok(None);
            }
            file.set_len(known.bytes)?;
            file.seek(SeekFrom::End(0))?;
            Ok(Some((file, tally)))
        };
        let Some((file, tally)) = reopen().map_err(|error| self.failure(&error))? else {
            return Err(ImportError::new(format!(
                "{} was changed since this import wrote it: move it, or choose another file with --rejected, then run the import again",
                path.display()
            )));
        };
        (self.file, self.written) = (Some(file), tally);
        Ok(true)
    }

    /// Adds a row, the event id that it got, and why it was rejected.
    pub(crate) fn add(&mut self, row: &Original, event_id: &str, reason: &str) -> Result<(), ImportError> {
        self.write(row, event_id, reason).map_err(|error| self.failure(&error))
    }

    /// Makes sure that what was added is on disk.
    pub(crate) fn sync(&self) -> Result<(), ImportError> {
        self.file.as_ref().map_or(Ok(()), File::sync_data).map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &io::Error) -> ImportError {
        let path = self.path.as_deref().unwrap_or(Path::new("")).display();
        ImportError::new(format!("cannot write {path}: {error}; choose another file with --rejected"))
    }

    fn write(&mut self, row: &Original, event_id: &str, reason: &str) -> io::Result<()> {
        let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let (before, replaced) = match &self.layout {
            Layout::Csv { delimiter, .. } => {
                (format!("{}{delimiter}{}{delimiter}", quote(&reason), quote(event_id)), 0)
            }
            Layout::Lines => addition(&row.bytes, event_id, &reason),
        };
        let Self { path, from, layout, file, written } = self;
        let Some(path) = path else { return Ok(()) };
        let file = match file {
            Some(file) => file,
            none => none.insert(File::create(path)?),
        };
        let begins = written.bytes() == 0;
        let mut put = |bytes: &[u8]| {
            written.add(bytes);
            file.write_all(bytes)
        };
        if let Layout::Csv { header, .. } = layout
            && begins
        {
            put(header)?;
        }
        put(before.as_bytes())?;
        put(&row.bytes[replaced..])?;
        let mut last = row.bytes.last().copied();
        if row.is_too_long() {
            let rest = from.reader_at(row.rest.start)?;
            copy(&mut rest.take(row.rest.end - row.rest.start), |bytes| {
                last = bytes.last().copied();
                put(bytes)
            })?;
        }
        let ended = match layout {
            Layout::Csv { .. } => matches!(last, Some(b'\n' | b'\r')),
            Layout::Lines => last == Some(b'\n'),
        };
        if !ended {
            put(b"\n")?;
        }
        Ok(())
    }
}

/// Reads to the end, a chunk at a time.
fn copy(from: &mut impl io::Read, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Tally> {
    let (mut tally, mut chunk) = (Tally::default(), vec![0; CHUNK]);
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            return Ok(tally);
        }
        tally.add(&chunk[..read]);
        to(&chunk[..read])?;
    }
}
