//! A record of CSV as RFC 4180 writes it: where its fields are, what they say, and where it ends.
//!
//! `csv-core` reads it, field by field. It also takes text after a closing quote, and a quote that is never closed: here both are faults,
//! so that one wrong quote costs one line.

use std::io::{self, Read};
use std::ops::Range;

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use crate::input::{CHUNK, LONGEST};

/// How a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Well, after so many bytes; its line end is among them.
    At(usize),
    /// A quote opens in the next field, and the bytes end before it is closed.
    OpenQuote,
    /// In the next field something follows the closing quote.
    AfterQuote,
}

/// A record that is read piece by piece. Of one that is longer than 1 MiB, only its first fields are kept.
#[derive(Debug)]
pub(crate) struct Record {
    reader: Reader,
    /// What the reader gives at once.
    written: [u8; 1024],
    /// The fields that are whole, as they were written.
    raw: Vec<Range<usize>>,
    /// What they say, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
    count: usize,
    /// How many bytes were read.
    at: usize,
    /// A carriage return ended it, and a line feed may follow.
    returned: bool,
    field: Field,
}

/// The field that is read.
#[derive(Debug, Default)]
struct Field {
    start: usize,
    is_quoted: bool,
    last: u8,
    /// How long it is as it would be written, without the quotes around it.
    length: usize,
}

impl Record {
    pub(crate) fn new(delimiter: u8) -> Self {
        let mut record = Self {
            reader: ReaderBuilder::new().delimiter(delimiter).build(),
            written: [0; 1024],
            raw: Vec::new(),
            text: Vec::new(),
            ends: Vec::new(),
            count: 0,
            at: 0,
            returned: false,
            field: Field::default(),
        };
        record.begin();
        record
    }

    /// The first record of bytes that nothing follows.
    pub(crate) fn of(bytes: &[u8], delimiter: u8) -> (Self, End) {
        let mut record = Self::new(delimiter);
        let end = record.read(bytes).unwrap_or_else(|| record.finish());
        (record, end)
    }

    /// Begins with another record, which does not begin with a line end.
    pub(crate) fn begin(&mut self) {
        self.reader.reset();
        // Only at its beginning would the reader skip a byte order mark, which in a row is text.
        self.reader.read_field(b"\n", &mut self.written);
        self.raw.clear();
        self.text.clear();
        self.ends.clear();
        (self.count, self.at, self.returned, self.field) = (0, 0, false, Field::default());
    }

    /// Reads on: how it ends, where these bytes tell.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) -> Option<End> {
        while let Some(first) = bytes.first() {
            if self.returned {
                return Some(End::At(self.at + usize::from(*first == b'\n')));
            }
            let (result, read, written) = self.reader.read_field(bytes, &mut self.written);
            let written = &self.written[..written];
            let is_whole = matches!(result, ReadFieldResult::Field { .. });
            let field = &mut self.field;
            if self.at == field.start {
                field.is_quoted = *first == b'"';
            }
            // What ends the field is no part of it.
            field.last = bytes[..read - usize::from(is_whole)].last().copied().unwrap_or(field.last);
            let quotes = written.split(|byte| *byte == b'"').count() - 1;
            field.length += written.len() + quotes;
            if self.at < LONGEST {
                self.text.extend_from_slice(written);
            }
            self.at += read;
            let ending = bytes[read - 1];
            bytes = &bytes[read..];
            let ReadFieldResult::Field { record_end } = result else { continue };
            let raw = field.start..self.at - 1;
            if field.is_quoted && (field.last != b'"' || raw.len() != field.length + 2) {
                return Some(End::AfterQuote);
            }
            self.count += 1;
            if raw.start < LONGEST {
                self.raw.push(raw);
                self.ends.push(self.text.len());
            }
            self.field = Field { start: self.at, ..Field::default() };
            if record_end && ending == b'\n' {
                return Some(End::At(self.at));
            }
            self.returned = record_end;
        }
        None
    }

    /// How it ends where no bytes follow: a line end would end it, unless it is inside quotes.
    pub(crate) fn finish(&mut self) -> End {
        if self.returned || self.at == 0 {
            return End::At(self.at);
        }
        match self.read(b"\n") {
            Some(End::At(length)) => End::At(length - 1),
            end => end.unwrap_or(End::OpenQuote),
        }
    }

    /// Reads on to its end, however long it is.
    pub(crate) fn read_to_end(&mut self, mut reader: impl Read) -> io::Result<End> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match reader.read(&mut chunk) {
                Ok(0) => return Ok(self.finish()),
                Ok(read) => {
                    if let Some(end) = self.read(&chunk[..read]) {
                        return Ok(end);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// How many bytes were read of it.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// How many fields are whole.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The fields as they were written.
    pub(crate) fn raw(&self) -> &[Range<usize>] {
        &self.raw
    }

    /// What a field says.
    pub(crate) fn text(&self, index: usize) -> Option<&[u8]> {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..*self.ends.get(index)?)
    }
}

/// A text as a field, always in quotes.
pub(crate) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(record: &Record) -> Vec<&[u8]> {
        (0..record.count()).map(|index| record.text(index).unwrap()).collect()
    }

    #[test]
    fn each_way_to_end_is_told() {
        for (text, end) in [
            ("a,b\nc", Some(End::At(4))),
            ("a,b\r\nc", Some(End::At(5))),
            ("a,b\rc", Some(End::At(4))),
            ("a,\"x\ny\"\n", Some(End::At(8))),
            ("a,b\r", None),
            ("a,b", None),
            ("a,\"b\"", None),
            ("a,\"b", None),
            ("a,\"b\"\"", None),
            ("\"", None),
            ("a,\"b\"c\n", Some(End::AfterQuote)),
            ("a,\"b\"c\"\n", Some(End::AfterQuote)),
            ("a,\"b\" ,c\n", Some(End::AfterQuote)),
            ("a,12\" pipe\n", Some(End::At(11))),
        ] {
            assert_eq!(Record::new(b',').read(text.as_bytes()), end, "{text:?}");
        }
        for (text, end) in [
            ("a,b\r", End::At(4)),
            ("a,b", End::At(3)),
            ("a,\"b\"", End::At(5)),
            ("a,\"b", End::OpenQuote),
            ("a,\"b\"\"", End::OpenQuote),
            ("\"", End::OpenQuote),
            ("\"a\"b", End::AfterQuote),
            ("", End::At(0)),
        ] {
            assert_eq!(Record::of(text.as_bytes(), b',').1, end, "{text:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_inside_a_file_is_text() {
        let (record, end) = Record::of("\u{feff}a,b".as_bytes(), b',');
        assert_eq!((texts(&record), end), (vec!["\u{feff}a".as_bytes(), b"b"], End::At(6)));
    }

    proptest! {
        /// Whatever a writer of CSV wrote is read as it was meant, record after record, and nothing is left over.
        #[test]
        fn what_a_writer_wrote_is_read(rows in prop::collection::vec(prop::collection::vec("[a\",;\n\r é]{0,6}", 1..5), 1..5)) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = writer.into_inner().unwrap();
            let mut rest = &text[..];
            for row in &rows {
                let (record, end) = Record::of(rest, b',');
                let End::At(length) = end else { panic!("{record:?} in {text:?}") };
                let expected: Vec<&[u8]> = row.iter().map(String::as_bytes).collect();
                prop_assert_eq!(texts(&record), expected);
                rest = &rest[length..];
            }
            prop_assert!(rest.is_empty());
        }

        /// A record cut anywhere is never taken for a whole one of other content, and is the same when the rest comes.
        #[test]
        fn a_record_that_is_cut_is_read_the_same(text in "[a\",][a\",\n\r]{0,12}", cut in 1_usize..12) {
            let (whole, end) = Record::of(text.as_bytes(), b',');
            let (part, rest) = text.as_bytes().split_at(cut.min(text.len()));
            let mut record = Record::new(b',');
            let cut = record.read(part);
            let told = match cut {
                Some(told) => told,
                None => record.read_to_end(rest).unwrap(),
            };
            prop_assert_eq!((told, record.raw(), texts(&record)), (end, whole.raw(), texts(&whole)));
        }

        #[test]
        fn a_quoted_text_is_unquoted_again(text in "\\PC*") {
            let quoted = quote(&text);
            let (record, end) = Record::of(quoted.as_bytes(), b',');
            prop_assert_eq!((texts(&record), end), (vec![text.as_bytes()], End::At(quoted.len())));
        }
    }
}
