//! Bytes from outside, a line or a record at a time, in bounded memory.

use std::io::{self, Read};
use std::ops::Range;

use sspp_events::{not_text, skip_byte_order_mark};

use crate::extent::{Extent, Tally};

/// The longest record that is read as a whole, in bytes: four times what an event may have.
pub(crate) const LONGEST: usize = 1024 * 1024;
pub(crate) const CHUNK: usize = 64 * 1024;

/// A line or a record as it was written, with its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// At most the first MiB of it.
    pub bytes: Vec<u8>,
    /// Where the rest of one that is longer stands in the file.
    pub rest: Range<u64>,
}

impl Original {
    /// Whether it is too long to be read as a whole.
    pub const fn is_too_long(&self) -> bool {
        self.rest.start < self.rest.end
    }

    /// What it says, which is the same before its line end was written.
    pub fn without_line_end(&self) -> &[u8] {
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let length = self.bytes.iter().rposition(|byte| !ends(byte)).map_or(0, |last| last + 1);
        &self.bytes[..length]
    }
}

/// What is read, and how far.
pub struct Input {
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    used: usize,
    ended: bool,
    /// Whether a carriage return alone ends a line.
    returns: bool,
    taken: Tally,
    lines: u64,
    last: Option<u8>,
    /// The byte order mark, if there was one.
    pub(crate) mark: Vec<u8>,
}

impl Input {
    /// Passes a byte order mark, and refuses bytes that are not text in UTF-8.
    pub fn new(reader: Box<dyn Read + Send>, returns: bool) -> io::Result<Self> {
        let mut input = Self {
            reader,
            buffer: Vec::new(),
            used: 0,
            ended: false,
            returns,
            taken: Tally::default(),
            lines: 0,
            last: None,
            mark: Vec::new(),
        };
        while input.window().len() < 4 && !input.ended {
            input.grow()?;
        }
        let begin = input.window();
        let other = |what: String| io::Error::new(io::ErrorKind::InvalidData, format!("it {what}"));
        if let Some(what) = not_text(begin) {
            return Err(other(what));
        }
        let rest = skip_byte_order_mark(begin).map_err(|fault| other(fault.to_string()))?;
        let mark = begin[..begin.len() - rest.len()].to_vec();
        input.take(mark.len());
        input.mark = mark;
        Ok(input)
    }

    /// What was read and not yet taken.
    pub(crate) fn window(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    /// Whether nothing follows the window.
    pub(crate) const fn ended(&self) -> bool {
        self.ended
    }

    /// How much was taken, in bytes.
    pub(crate) const fn at(&self) -> u64 {
        self.taken.bytes()
    }

    /// The number of the line that comes next.
    pub(crate) const fn line_number(&self) -> u64 {
        self.lines + 1
    }

    /// What was taken.
    pub(crate) fn taken(&self) -> Extent {
        self.taken.extent()
    }

    /// Whether more follows in the line that was taken last.
    pub(crate) fn is_inside_a_line(&mut self) -> io::Result<bool> {
        let inside = |byte: Option<u8>| byte.is_some_and(|byte| !matches!(byte, b'\n' | b'\r'));
        Ok(inside(self.last) && inside(self.peek()?))
    }

    /// The next byte, which is waited for; none at the end.
    pub(crate) fn peek(&mut self) -> io::Result<Option<u8>> {
        while self.window().is_empty() && !self.ended {
            self.grow()?;
        }
        Ok(self.window().first().copied())
    }

    /// Passes the ends of empty lines.
    pub(crate) fn pass_line_ends(&mut self) -> io::Result<()> {
        while matches!(self.peek()?, Some(b'\n' | b'\r')) {
            self.take(1);
        }
        Ok(())
    }

    /// Makes the window longer: at most by as much as it has, so that looking at it from its beginning again stays cheap.
    pub(crate) fn grow(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let begin = self.buffer.len();
        self.buffer.resize(begin + begin.max(CHUNK), 0);
        // What is there is enough: a pipe's writer may wait for what becomes of it.
        let read = loop {
            match self.reader.read(&mut self.buffer[begin..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(begin + read.as_ref().map_or(0, |read| *read));
        self.ended = read? == 0;
        Ok(())
    }

    /// Takes bytes of the window.
    pub(crate) fn take(&mut self, count: usize) {
        let taken = &self.buffer[self.used..][..count];
        self.taken.add(taken);
        for byte in taken {
            let ends = match byte {
                b'\n' => !(self.returns && self.last == Some(b'\r')),
                b'\r' => self.returns,
                _ => false,
            };
            self.lines += u64::from(ends);
            self.last = Some(*byte);
        }
        self.used += count;
    }

    /// Takes bytes of the window as a record.
    pub(crate) fn take_record(&mut self, length: usize) -> Original {
        let bytes = self.window()[..length].to_vec();
        self.take(length);
        Original { bytes, rest: 0..0 }
    }

    /// Takes what is left up to there in the file, in bounded memory.
    pub(crate) fn take_up_to(&mut self, end: u64) -> io::Result<()> {
        while self.at() < end && !(self.ended && self.window().is_empty()) {
            let left = usize::try_from(end - self.at()).unwrap_or(usize::MAX);
            match self.window().len().min(left) {
                0 => self.grow()?,
                length => self.take(length),
            }
        }
        Ok(())
    }

    /// Takes a record that is too long to be read as a whole.
    pub(crate) fn long_record(&mut self, length: usize) -> io::Result<Original> {
        let end = self.at() + length as u64;
        let bytes = self.take_record(LONGEST).bytes;
        let start = self.at();
        self.take_up_to(end)?;
        Ok(Original { bytes, rest: start..self.at() })
    }

    /// Whether a line is there without reading on.
    pub fn has_line(&self) -> bool {
        self.line_length().is_some()
    }

    /// Takes the next line.
    pub fn line(&mut self) -> io::Result<Option<Original>> {
        loop {
            match self.line_length() {
                Some(length) if length <= LONGEST => return Ok(Some(self.take_record(length))),
                _ if self.window().len() > LONGEST => return self.long_line().map(Some),
                _ if self.ended && self.window().is_empty() => return Ok(None),
                _ if self.ended => return Ok(Some(self.take_record(self.window().len()))),
                _ => self.grow()?,
            }
        }
    }

    fn long_line(&mut self) -> io::Result<Original> {
        let bytes = self.window()[..LONGEST].to_vec();
        self.take(LONGEST);
        let start = self.at();
        loop {
            if let Some(length) = self.line_length() {
                self.take(length);
                break;
            }
            if self.ended {
                self.take(self.window().len());
                break;
            }
            // A carriage return may be half of a line end.
            self.take(self.window().len() - usize::from(self.window().ends_with(b"\r")));
            self.grow()?;
        }
        Ok(Original { bytes, rest: start..self.at() })
    }

    /// The length of the next line with its end, if the window has that.
    fn line_length(&self) -> Option<usize> {
        line_length(self.window(), self.returns, self.ended)
    }
}

/// The length of the first line with its end; none where bytes that follow may belong to that.
pub(crate) fn line_length(bytes: &[u8], returns: bool, ended: bool) -> Option<usize> {
    let at = bytes.iter().position(|byte| *byte == b'\n' || (returns && *byte == b'\r'))?;
    match (bytes[at], bytes.get(at + 1)) {
        (b'\r', Some(b'\n')) => Some(at + 2),
        (b'\r', None) if !ended => None,
        _ => Some(at + 1),
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("line", &self.line_number()).finish_non_exhaustive()
    }
}
