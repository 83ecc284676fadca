//! Where rows come from: a file, or a pipe, of which a copy can be kept so that it is read again.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::ImportError;
use crate::format::Format;
use crate::input::Input;

/// What is looked at to tell what it is.
const BEGINNING: usize = 64 * 1024;

/// Something that is read.
///
/// ```
/// let error = sspp_import::Origin::open("no/such.csv".as_ref()).unwrap_err();
/// assert!(error.to_string().starts_with("cannot read no/such.csv"));
/// ```
#[derive(Debug, Clone)]
pub struct Origin {
    name: String,
    from: From,
    beginning: Vec<u8>,
}

#[derive(Clone)]
enum From {
    File(PathBuf),
    Pipe(Arc<Mutex<Copy>>),
}

/// What was read of a pipe.
struct Copy {
    pipe: Box<dyn Read + Send>,
    kept: Kept,
    length: u64,
}

/// What of it can be read again.
enum Kept {
    /// All, in a file without a name.
    All(File),
    Beginning(Vec<u8>),
}

impl From {
    fn pipe(pipe: impl Read + Send + 'static, kept: Kept) -> Self {
        Self::Pipe(Arc::new(Mutex::new(Copy { pipe: Box::new(pipe), kept, length: 0 })))
    }
}

impl fmt::Debug for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.fmt(f),
            Self::Pipe(_) => f.write_str("(a pipe)"),
        }
    }
}

impl Origin {
    /// Looks at the beginning of a file, or with `-` of standard input, of which a copy is kept: it can be read again.
    ///
    /// # Errors
    /// It cannot be read, or is not text in UTF-8.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        if path != Path::new("-") {
            return Self::look_at(path, From::File(path.to_owned()));
        }
        let file = tempfile::tempfile().map_err(|error| {
            ImportError::new(format!(
                "cannot create a temporary file: {error}; choose another folder with TMPDIR"
            ))
        })?;
        Self::look_at(path, From::pipe(io::stdin(), Kept::All(file)))
    }

    /// The same without a copy: a pipe can be read once.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_once(path: &Path) -> Result<Self, ImportError> {
        let kept = Kept::Beginning(Vec::new());
        if path == Path::new("-") {
            return Self::look_at(path, From::pipe(io::stdin(), kept));
        }
        if std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
            return Self::open(path);
        }
        let pipe = File::open(path).map_err(|error| ImportError::new(unreadable(&shown(path), &error)))?;
        Self::look_at(path, From::pipe(pipe, kept))
    }

    fn look_at(path: &Path, from: From) -> Result<Self, ImportError> {
        let mut origin = Self { name: shown(path), from, beginning: Vec::new() };
        origin.beginning = origin.look().map_err(|error| origin.unreadable(&error))?;
        // It refuses bytes that are no text.
        let beginning = Box::new(io::Cursor::new(origin.beginning.clone()));
        Input::new(beginning, false).map_err(|error| origin.unreadable(&error))?;
        Ok(origin)
    }

    /// The first line at least, where it is not too long.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// A name for a person.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its path, where it has one.
    pub fn path(&self) -> Option<&Path> {
        if let From::File(path) = &self.from { Some(path) } else { None }
    }

    /// The format that was said, or else that of the name, or that of the content.
    pub fn format(&self, said: Option<Format>) -> Result<Format, ImportError> {
        let named = || self.path().and_then(Format::of_name);
        said.or_else(named).or_else(|| Format::of_content(&self.beginning)).ok_or_else(|| {
            let why = match self.path() {
                Some(_) => "has no ending .csv, .ndjson or .jsonl, and its content is neither CSV nor NDJSON",
                None => "begins neither with JSON nor with the columns of events",
            };
            ImportError::usage(format!("{} {why}: add --format csv or --format ndjson", self.name()))
        })
    }

    /// How long it is, where that is known.
    pub fn bytes(&self) -> io::Result<Option<u64>> {
        match &self.from {
            From::File(path) => std::fs::metadata(path).map(|found| Some(found.len())),
            From::Pipe(_) => Ok(None),
        }
    }

    /// Reads from there to its end.
    pub(crate) fn reader_at(&self, at: u64) -> io::Result<Box<dyn Read + Send>> {
        Ok(match &self.from {
            From::File(path) => {
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(at))?;
                Box::new(file)
            }
            From::Pipe(copy) => Box::new(CopyReader { copy: Arc::clone(copy), at }),
        })
    }

    /// An error with the name of what is read.
    pub fn unreadable(&self, error: &io::Error) -> ImportError {
        ImportError::new(unreadable(&self.name, error))
    }

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

fn shown(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

fn unreadable(name: &str, error: &io::Error) -> String {
    format!("cannot read {name}: {error}")
}

/// Reads the copy, and at its end the pipe, which it copies.
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
        let read = if self.at < copy.length { copy.again(self.at, buffer)? } else { copy.grow(buffer)? };
        self.at += read as u64;
        Ok(read)
    }
}

impl Copy {
    /// Reads on, and keeps it.
    fn grow(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.pipe.read(buffer)?;
        match &mut self.kept {
            Kept::All(file) => {
                file.seek(SeekFrom::Start(self.length))?;
                file.write_all(&buffer[..read])?;
            }
            Kept::Beginning(bytes) if bytes.len() < BEGINNING => bytes.extend_from_slice(&buffer[..read]),
            Kept::Beginning(_) => {}
        }
        self.length += read as u64;
        Ok(read)
    }

    /// Reads what was read before.
    fn again(&mut self, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.kept {
            Kept::All(file) => {
                file.seek(SeekFrom::Start(at))?;
                file.read(buffer)
            }
            Kept::Beginning(bytes) => {
                let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
                if rest.is_empty() {
                    Err(io::Error::other("a pipe can be read only once"))
                } else {
                    (&*rest).read(buffer)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_without_a_copy_is_read_once_from_its_beginning() {
        let text = "{\"n\":0}\n".repeat(50_000);
        for kept in [Kept::Beginning(Vec::new()), Kept::All(tempfile::tempfile().unwrap())] {
            let keeps_all = matches!(kept, Kept::All(_));
            let pipe = From::pipe(io::Cursor::new(text.clone()), kept);
            let origin = Origin::look_at(Path::new("-"), pipe).unwrap();
            assert!(origin.beginning().starts_with(b"{\"n\":0}\n"));
            let read = || {
                let mut read = String::new();
                origin.reader_at(0).unwrap().read_to_string(&mut read).map(|_| read)
            };
            assert_eq!(read().unwrap(), text);
            assert_eq!(read().ok(), keeps_all.then(|| text.clone()));
        }
    }
}
