//! The rows of a file, one by one, in constant memory.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use sspp_core::{Event, Violation};

use crate::args::Format;
use crate::failure::Failure;

/// One row: its members, or what is wrong with it, and how it was written.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) members: Result<Members, String>,
    pub(crate) original: Original,
}

/// How a row was written.
#[derive(Debug, Clone)]
pub(crate) enum Original {
    Csv(csv::ByteRecord),
    Line(Vec<u8>),
}

/// The members of an event, not yet checked.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Members {
    pub(crate) account_id: String,
    pub(crate) user_id: String,
    pub(crate) event_type: String,
    pub(crate) timestamp: String,
    pub(crate) metadata: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) event_id: Option<String>,
}

/// A file that is read.
#[derive(Debug)]
pub(crate) struct Rows {
    path: PathBuf,
    bytes: u64,
    at: u64,
    reader: Reader,
}

#[derive(Debug)]
enum Reader {
    Csv { reader: csv::Reader<File>, header: csv::ByteRecord, columns: Vec<Column> },
    Lines(BufReader<File>),
}

/// What a column of a CSV file is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Account,
    User,
    Type,
    Timestamp,
    EventId,
    Source,
    Metadata,
    /// A member of the metadata.
    Other(String),
    /// What an earlier import said about the row.
    Rejection,
}

impl Members {
    /// Checks them all at once.
    pub(crate) fn build(self) -> Result<Event, String> {
        let mut builder = Event::builder(self.account_id, self.user_id, self.event_type, self.timestamp);
        if let Some(metadata) = self.metadata {
            builder = builder.metadata(metadata);
        }
        if let Some(source) = self.source {
            builder = builder.source(source);
        }
        if let Some(id) = self.event_id {
            builder = builder.event_id(id);
        }
        builder.build().map_err(|violations| sentences(violations.iter()))
    }
}

/// Everything that is wrong, in one line.
pub(crate) fn sentences<'a>(violations: impl Iterator<Item = &'a Violation>) -> String {
    violations.map(|violation| violation.detail.as_str()).collect::<Vec<_>>().join("; ")
}

impl Column {
    fn of(name: &str) -> Self {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        match plain.to_ascii_lowercase().as_str() {
            "accountid" => Self::Account,
            "userid" => Self::User,
            "eventtype" => Self::Type,
            "timestamp" => Self::Timestamp,
            "eventid" => Self::EventId,
            "source" => Self::Source,
            "metadata" => Self::Metadata,
            "rejection" => Self::Rejection,
            _ => Self::Other(name.strip_prefix("metadata.").unwrap_or(name).to_owned()),
        }
    }
}

impl Rows {
    pub(crate) fn open(path: &Path, format: Format) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::wrong(format!("cannot read {}: {error}", path.display()))
        };
        let file = File::open(path).map_err(|error| failed(&error))?;
        let bytes = file.metadata().map_err(|error| failed(&error))?.len();
        let reader = match format {
            Format::Ndjson => Reader::Lines(BufReader::with_capacity(64 * 1024, file)),
            Format::Csv => {
                let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
                let header = reader.byte_headers().map_err(|error| failed(&error))?.clone();
                let columns = columns(path, &header)?;
                Reader::Csv { reader, header, columns }
            }
        };
        Ok(Self { path: path.to_owned(), bytes, at: 0, reader })
    }

    /// The header of a CSV file.
    pub(crate) fn header(&self) -> Option<csv::ByteRecord> {
        match &self.reader {
            Reader::Csv { header, .. } => Some(header.clone()),
            Reader::Lines(_) => None,
        }
    }

    /// How long the file is.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How much of it was read.
    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// Passes rows that were done before.
    pub(crate) fn skip(&mut self, rows: u64) -> Result<(), Failure> {
        for row in 0..rows {
            if self.original()?.is_none() {
                return Err(Failure::wrong(format!(
                    "{} has {row} rows, and {rows} were done: it is another file",
                    self.path.display()
                )));
            }
        }
        Ok(())
    }

    /// The next row.
    pub(crate) fn next(&mut self) -> Result<Option<Row>, Failure> {
        let Some(original) = self.original()? else { return Ok(None) };
        let members = match (&self.reader, &original) {
            (Reader::Csv { header, columns, .. }, Original::Csv(record)) => {
                of_record(header, columns, record)
            }
            (_, Original::Line(line)) => of_line(line),
            _ => Err("a row of another format".to_owned()),
        };
        Ok(Some(Row { members, original }))
    }

    fn original(&mut self) -> Result<Option<Original>, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::wrong(format!("cannot read {}: {error}", self.path.display()))
        };
        match &mut self.reader {
            Reader::Csv { reader, .. } => {
                let mut record = csv::ByteRecord::new();
                let more = reader.read_byte_record(&mut record).map_err(|error| failed(&error))?;
                self.at = reader.position().byte();
                Ok(more.then_some(Original::Csv(record)))
            }
            Reader::Lines(reader) => loop {
                let mut line = Vec::new();
                let read = reader.read_until(b'\n', &mut line).map_err(|error| failed(&error))?;
                self.at += read as u64;
                if read == 0 {
                    return Ok(None);
                }
                let text = line.trim_ascii();
                if !text.is_empty() {
                    return Ok(Some(Original::Line(text.to_vec())));
                }
            },
        }
    }
}

fn columns(path: &Path, header: &csv::ByteRecord) -> Result<Vec<Column>, Failure> {
    let names: Vec<_> = header
        .iter()
        .map(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim().to_owned())
        .collect();
    let columns: Vec<_> = names.iter().map(|name| Column::of(name)).collect();
    let required = [
        (Column::Account, "accountId"),
        (Column::User, "userId"),
        (Column::Type, "eventType"),
        (Column::Timestamp, "timestamp"),
    ];
    let missing: Vec<_> =
        required.iter().filter(|(column, _)| !columns.contains(column)).map(|(_, name)| *name).collect();
    if !missing.is_empty() {
        return Err(Failure::wrong(format!(
            "{} has no column {}: its first line names {}",
            path.display(),
            missing.join(", "),
            if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
        )));
    }
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].contains(column) {
            return Err(Failure::wrong(format!("{} has the column {} twice", path.display(), names[index])));
        }
    }
    Ok(columns)
}

fn of_record(
    header: &csv::ByteRecord,
    columns: &[Column],
    record: &csv::ByteRecord,
) -> Result<Members, String> {
    if record.len() != header.len() {
        return Err(format!("the row has {} fields, and the header {}", record.len(), header.len()));
    }
    let mut members = Members::default();
    let mut metadata = Map::new();
    for (column, bytes) in columns.iter().zip(record.iter()) {
        let text = std::str::from_utf8(bytes).map_err(|_| "the row is not UTF-8".to_owned())?;
        let some = || (!text.is_empty()).then(|| text.to_owned());
        match column {
            Column::Account => text.clone_into(&mut members.account_id),
            Column::User => text.clone_into(&mut members.user_id),
            Column::Type => text.clone_into(&mut members.event_type),
            Column::Timestamp => text.clone_into(&mut members.timestamp),
            Column::EventId => members.event_id = some(),
            Column::Source => members.source = some(),
            Column::Metadata => members.metadata = some(),
            Column::Other(name) if !text.is_empty() => {
                metadata.insert(name.clone(), value(text));
            }
            Column::Other(_) | Column::Rejection => {}
        }
    }
    if metadata.is_empty() {
        return Ok(members);
    }
    if let Some(text) = &members.metadata {
        let whole: Map<String, Value> = serde_json::from_str(text)
            .map_err(|error| format!("metadata should be a JSON object: {error}"))?;
        // A column of its own beside the object that has it: neither is more right.
        if let Some(name) = metadata.keys().find(|name| whole.contains_key(*name)) {
            return Err(format!("{name} is in the metadata and in a column of its own"));
        }
        metadata.extend(whole);
    }
    members.metadata = Some(Value::Object(metadata).to_string());
    Ok(members)
}

/// A number or a truth value where it is plainly one, else text: `007` is text.
pub(crate) fn value(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => Value::String(text.to_owned()),
    }
}

/// The members of a line of NDJSON. Metadata stays as it was written.
pub(crate) fn of_line(line: &[u8]) -> Result<Members, String> {
    let whole: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(line).map_err(|error| format!("the line should be a JSON object: {error}"))?;
    let mut members = Members::default();
    for (name, value) in whole {
        let text =
            || serde_json::from_str::<String>(value.get()).map_err(|_| format!("{name} must be a string"));
        match name.as_str() {
            "accountId" => members.account_id = text()?,
            "userId" => members.user_id = text()?,
            "eventType" => members.event_type = text()?,
            "timestamp" => members.timestamp = text()?,
            "source" => members.source = Some(text()?),
            "eventId" => members.event_id = Some(text()?),
            "metadata" => members.metadata = Some(value.get().to_owned()),
            "rejection" => {}
            _ => return Err(format!("{name} is no member of an event")),
        }
    }
    Ok(members)
}
