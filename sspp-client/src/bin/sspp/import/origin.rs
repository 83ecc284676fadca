//! Where rows come from: a file, or standard input, of which a copy is kept so that it can be read again.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::format::Format;
use super::input::Input;
use super::other_files;
use crate::failure::Failure;

/// What is looked at to tell what it is.
const BEGINNING: usize = 64 * 1024;

/// Something that can be read from any place in it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    from: From,
    beginning: Vec<u8>,
}

#[derive(Debug, Clone)]
enum From {
    File(PathBuf),
    /// What was read of standard input.
    Input(Arc<Mutex<Copy>>),
}

/// A file without a name, and how long it is.
#[derive(Debug)]
struct Copy {
    file: File,
    length: u64,
}

impl Origin {
    /// Looks at the beginning of a file, or with `-` of standard input; refuses what is known to be something else.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let from = if path == Path::new("-") {
            let file = tempfile::tempfile().map_err(|error| {
                Failure::wrong(format!("cannot make a temporary file: {error}: TMPDIR names another place"))
            })?;
            From::Input(Arc::new(Mutex::new(Copy { file, length: 0 })))
        } else {
            other_files::refuse_path(path)?;
            From::File(path.to_owned())
        };
        let mut origin = Self { from, beginning: Vec::new() };
        origin.beginning = origin.look().map_err(|error| origin.unreadable(&error))?;
        // It knows what is no text.
        let beginning = Box::new(io::Cursor::new(origin.beginning.clone()));
        Input::new(beginning, false).map_err(|error| origin.unreadable(&error))?;
        other_files::refuse(&origin.name(), &origin.beginning)?;
        Ok(origin)
    }

    /// A name for a person.
    pub(crate) fn name(&self) -> String {
        match &self.from {
            From::File(path) => path.display().to_string(),
            From::Input(_) => "standard input".to_owned(),
        }
    }

    /// Its path, where it has one.
    pub(crate) fn path(&self) -> Option<&Path> {
        if let From::File(path) = &self.from { Some(path) } else { None }
    }

    /// The format that was said, or else that of the name, or that of the content.
    pub(crate) fn format(&self, said: Option<Format>) -> Result<Format, Failure> {
        let named = || self.path().and_then(Format::of_name);
        said.or_else(named).or_else(|| Format::of_content(&self.beginning)).ok_or_else(|| {
            let why = match self.path() {
                Some(_) => "does not end in .csv, .ndjson or .jsonl, nor begin as such a file does",
                None => "begins neither with JSON nor with the columns of events",
            };
            Failure::usage(format!("{} {why}: say --format csv or --format ndjson", self.name()))
        })
    }

    /// How long it is, where that is known.
    pub(crate) fn bytes(&self) -> io::Result<Option<u64>> {
        match &self.from {
            From::File(path) => std::fs::metadata(path).map(|found| Some(found.len())),
            From::Input(_) => Ok(None),
        }
    }

    /// Reads from there to its end.
    pub(crate) fn reader_at(&self, at: u64) -> io::Result<Box<dyn Read>> {
        Ok(match &self.from {
            From::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(at))?;
                Box::new(file)
            }
            From::Input(copy) => Box::new(CopyReader { copy: Arc::clone(copy), at }),
        })
    }

    pub(crate) fn unreadable(&self, error: &io::Error) -> Failure {
        Failure::wrong(format!("cannot read {}: {error}", self.name()))
    }

    /// The first line at least, where it is not longer than that.
    fn look(&self) -> io::Result<Vec<u8>> {
        let (mut reader, mut bytes) = (self.reader_at(0)?, Vec::new());
        let mut chunk = vec![0; BEGINNING];
        while bytes.len() < BEGINNING && !bytes.trim_ascii_start().contains(&b'\n') {
            let read = reader.read(&mut chunk)?;
            if read == 0 {
                break;
            }
            bytes.extend_from_slice(&chunk[..read]);
        }
        Ok(bytes)
    }
}

/// Reads the copy, and at its end standard input, which it copies.
struct CopyReader {
    copy: Arc<Mutex<Copy>>,
    at: u64,
}

impl Read for CopyReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        while copy.length < self.at {
            let mut skipped = vec![0; BEGINNING];
            if copy.grow(&mut skipped)? == 0 {
                return Ok(0);
            }
        }
        let read = if self.at < copy.length {
            copy.file.seek(SeekFrom::Start(self.at))?;
            copy.file.read(buffer)?
        } else {
            copy.grow(buffer)?
        };
        self.at += read as u64;
        Ok(read)
    }
}

impl Copy {
    fn grow(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = io::stdin().lock().read(buffer)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(&buffer[..read])?;
        self.length += read as u64;
        Ok(read)
    }
}
