//! The rows of a file, one by one, in bounded memory.

use std::io;

use crate::columns::{Columns, separator_line};
use crate::error::ImportError;
use crate::extent::Extent;
use crate::format::Format;
use crate::input::{Input, LONGEST, Original};
use crate::lines::without_addition;
use crate::origin::Origin;
use crate::record::{End, Record};

/// One row.
#[derive(Debug)]
pub struct Row {
    /// The number of its first line.
    pub line: u64,
    /// The event that it describes, as JSON, or its fault.
    pub event: Result<Vec<u8>, String>,
    /// The event id that an earlier import gave it.
    pub given_id: Option<String>,
    /// As it was written, without what an earlier import added to it.
    pub original: Original,
}

/// The rows of a file, one by one.
#[derive(Debug)]
pub struct Rows {
    origin: Origin,
    input: Input,
    /// What a CSV file begins with.
    header: Option<Header>,
    /// The line of the last row.
    line: u64,
}

/// The beginning of a CSV file.
#[derive(Debug)]
pub(crate) struct Header {
    columns: Columns,
    /// The record that was read last.
    record: Record,
    /// Byte order mark and separator line.
    before: Vec<u8>,
    /// The line of names.
    line: Vec<u8>,
}

impl Header {
    /// What a file of rejected rows begins with: the same columns after two more.
    pub(crate) fn of_rejects(&self) -> Vec<u8> {
        let mut bytes = self.before.clone();
        for name in ["rejection", "importEventId"] {
            bytes.extend_from_slice(name.as_bytes());
            bytes.push(self.columns.delimiter);
        }
        bytes.extend_from_slice(&self.line);
        if !bytes.ends_with(b"\n") && !bytes.ends_with(b"\r") {
            bytes.push(b'\n');
        }
        bytes
    }

    pub(crate) const fn delimiter(&self) -> u8 {
        self.columns.delimiter
    }
}

impl Rows {
    /// Reads the beginning.
    ///
    /// # Errors
    /// It cannot be read, has no header with the columns of events, or is a JSON array.
    pub fn open(origin: &Origin, format: Format) -> Result<Self, ImportError> {
        let input = origin.reader_at(0).and_then(|reader| Input::new(reader, format == Format::Csv));
        let input = input.map_err(|error| origin.unreadable(&error))?;
        let mut rows = Self { origin: origin.clone(), input, header: None, line: 0 };
        match format {
            Format::Csv => rows.header = Some(rows.read_header()?),
            Format::Ndjson if rows.input.window().trim_ascii_start().starts_with(b"[") => {
                return Err(ImportError::new(format!(
                    "{} is a JSON array: write one event per line, for example with `jq -c '.[]'`",
                    origin.name()
                )));
            }
            Format::Ndjson => {}
        }
        Ok(rows)
    }

    fn read_header(&mut self) -> Result<Header, ImportError> {
        let mut before = self.input.mark.clone();
        let mut said = None;
        loop {
            let mut record = Record::new(said.unwrap_or(b','));
            let end = self.input.pass_line_ends().and_then(|()| look(&mut self.input, &mut record));
            let end = end.map_err(|error| self.origin.unreadable(&error))?;
            if said.is_none()
                && let Some((delimiter, length)) = separator_line(self.input.window())
            {
                said = Some(delimiter);
                before.extend(self.input.take_record(length).bytes);
                continue;
            }
            let wrong = |what: &str| ImportError::new(format!("{} {what}", self.origin.name()));
            let Some(End::At(length)) = end else {
                return Err(wrong(
                    "has no header: its first line has an unclosed quote, or is longer than 1 MiB",
                ));
            };
            if length == 0 || !is_blank(&record, self.input.window()) {
                let bytes = &self.input.window()[..length];
                let columns = Columns::read(bytes, said).map_err(|what| wrong(&what))?;
                let (record, _) = Record::of(bytes, columns.delimiter);
                let line = columns.without_additions(bytes, &record);
                self.input.take(length);
                return Ok(Header { columns, record, before, line });
            }
            self.input.take(length);
        }
    }

    /// The beginning of a CSV file.
    pub(crate) const fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// The line of the last row that was read; 0 before.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// How much of it was read.
    pub(crate) const fn at(&self) -> u64 {
        self.input.at()
    }

    /// Whether the next row is not written yet, as far as is known: a pipe's writer may take its time.
    pub(crate) fn is_awaited(&self) -> bool {
        self.origin.path().is_none() && !self.input.ended() && !self.input.has_line()
    }

    /// What was read of it.
    pub(crate) fn taken(&self) -> Extent {
        self.input.taken()
    }

    /// Passes what an earlier call has read, which must still be there.
    pub(crate) fn pass(&mut self, done: &Extent) -> Result<(), ImportError> {
        if done.bytes == 0 {
            return Ok(());
        }
        let file = self.origin.name();
        let other = |how: String| {
            ImportError::new(format!(
                "{file} {how}, so its checkpoint does not match: if it is another file, import it from the start with --again (rows without an eventId then count again)"
            ))
        };
        self.input.take_up_to(done.bytes).map_err(|error| self.origin.unreadable(&error))?;
        if self.input.at() < done.bytes {
            let (had, has) = (done.bytes, self.input.at());
            return Err(other(format!("has {has} bytes, and {had} were imported")));
        }
        if self.input.taken() != *done {
            return Err(other("has changed since it was imported".to_owned()));
        }
        if self.input.is_inside_a_line().map_err(|error| self.origin.unreadable(&error))? {
            return Err(other("has a longer last line than before".to_owned()));
        }
        Ok(())
    }

    /// Whether there are rows, and each of those left has an event id from an earlier import.
    pub(crate) fn all_have_ids(&mut self) -> Result<bool, ImportError> {
        let mut found = false;
        while let Some(row) = self.next_row()? {
            if row.given_id.is_none() {
                return Ok(false);
            }
            found = true;
        }
        Ok(found)
    }

    /// The next rows after a line: so many, of about so many bytes. From a pipe come those that are there already, unless this waits for
    /// more.
    pub(crate) fn batch(
        &mut self,
        most: usize,
        bytes: usize,
        after: u64,
        waits: bool,
    ) -> Result<Vec<Row>, ImportError> {
        let (mut batch, mut held) = (Vec::new(), 0);
        while batch.len() < most && held < bytes {
            let Some(row) = self.next_row()? else { break };
            if row.line > after {
                held += row.original.bytes.len();
                batch.push(row);
            }
            if !waits && !batch.is_empty() && self.is_awaited() {
                break;
            }
        }
        Ok(batch)
    }

    /// The next row; those without content do not count.
    pub fn next_row(&mut self) -> Result<Option<Row>, ImportError> {
        self.next_with_content().map_err(|error| self.origin.unreadable(&error))
    }

    fn next_with_content(&mut self) -> io::Result<Option<Row>> {
        loop {
            if self.header.is_some() {
                self.input.pass_line_ends()?;
            }
            let line = self.input.line_number();
            let row = if self.header.is_some() { self.next_record() } else { self.next_line() };
            match row? {
                Next::End => return Ok(None),
                Next::Blank => {}
                Next::Row { event, given_id, original } => {
                    self.line = line;
                    return Ok(Some(Row { line, event, given_id, original }));
                }
            }
        }
    }

    fn next_line(&mut self) -> io::Result<Next> {
        let Some(mut original) = self.input.line()? else { return Ok(Next::End) };
        if original.bytes.trim_ascii().is_empty() && !original.is_too_long() {
            return Ok(Next::Blank);
        }
        let (bytes, given_id) = without_addition(&original.bytes);
        original.bytes = bytes;
        let event = if original.is_too_long() {
            Err("the line is longer than 1 MiB".to_owned())
        } else {
            Ok(original.bytes.strip_suffix(b"\n").unwrap_or(&original.bytes).to_vec())
        };
        Ok(Next::Row { event, given_id, original })
    }

    fn next_record(&mut self) -> io::Result<Next> {
        let Some(Header { columns, record, .. }) = &mut self.header else { return Ok(Next::End) };
        let found = look(&mut self.input, record)?;
        let bytes = self.input.window();
        if bytes.is_empty() {
            return Ok(Next::End);
        }
        let given_id = columns.given_id(record);
        if let Some(End::At(length)) = found
            && length <= LONGEST
        {
            let blank = is_blank(record, bytes);
            let mut original = self.input.take_record(length);
            if blank {
                return Ok(Next::Blank);
            }
            original.bytes = columns.without_additions(&original.bytes, record);
            let event = columns.event(record).map(String::into_bytes);
            return Ok(Next::Row { event, given_id, original });
        }
        let end = match found {
            Some(end) => end,
            // Without keeping it: only its end shows whether all of it is one row.
            None => record.read_to_end(self.origin.reader_at(self.input.at() + bytes.len() as u64)?)?,
        };
        let column = columns.name(record.count());
        let (reason, original) = match end {
            End::At(length) => {
                ("the row is longer than 1 MiB".to_owned(), Some(self.input.long_record(length)?))
            }
            // Only the line in which it begins is rejected: what was taken for the rest of it may be good rows.
            End::AfterQuote => (
                format!(
                    "in the column {column}, text follows the closing quote: a quote is missing, or a quote inside is not doubled"
                ),
                self.input.line()?,
            ),
            End::OpenQuote => (format!("in the column {column}, a quote is not closed"), self.input.line()?),
        };
        let Some(mut original) = original else { return Ok(Next::End) };
        original.bytes = columns.without_additions(&original.bytes, record);
        Ok(Next::Row { event: Err(reason), given_id, original })
    }
}

enum Next {
    End,
    Blank,
    Row { event: Result<Vec<u8>, String>, given_id: Option<String>, original: Original },
}

/// Reads the next record, as far as is allowed.
fn look(input: &mut Input, record: &mut Record) -> io::Result<Option<End>> {
    record.begin();
    loop {
        let end = record.read(&input.window()[record.at()..]);
        if end.is_some() || input.window().len() > LONGEST {
            return Ok(end);
        }
        if input.ended() {
            return Ok(Some(record.finish()));
        }
        input.grow()?;
    }
}

/// Whether every field is empty.
fn is_blank(record: &Record, bytes: &[u8]) -> bool {
    record.raw().iter().all(|field| bytes[field.clone()].trim_ascii().is_empty())
}
