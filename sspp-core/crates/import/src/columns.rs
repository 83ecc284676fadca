//! The header of a CSV file: what its columns mean, and what separates them.

use std::str::from_utf8;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::input::line_length;
use crate::raw_object::RawObject;
use crate::record::Record;

/// What may separate fields: spreadsheets write semicolons where the comma is in numbers.
pub(super) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The largest integer that every reader of JSON gives back.
const MOST: u64 = (1 << 53) - 1;

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    /// A member of the event that has to be there.
    Required(&'static str),
    /// A member that may be empty.
    Optional(&'static str),
    Metadata,
    /// A member of the metadata.
    Other(String),
    /// Spreadsheets leave such; there must be nothing in it.
    Unnamed,
    /// What an earlier import said about the row.
    Rejection,
    /// The event id that an earlier import gave the row.
    ImportEventId,
}

const REQUIRED: [&str; 4] = ["accountId", "userId", "eventType", "timestamp"];

impl Column {
    fn of(name: &str) -> Self {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        if let Some(member) = REQUIRED.iter().find(|member| member.to_ascii_lowercase() == plain) {
            return Self::Required(member);
        }
        match plain.as_str() {
            "eventid" => Self::Optional("eventId"),
            "source" => Self::Optional("source"),
            "metadata" => Self::Metadata,
            "rejection" => Self::Rejection,
            "importeventid" => Self::ImportEventId,
            _ if name.is_empty() => Self::Unnamed,
            _ => Self::Other(name.strip_prefix("metadata.").unwrap_or(name).to_owned()),
        }
    }
}

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct Columns {
    pub(crate) delimiter: u8,
    names: Vec<String>,
    kinds: Vec<Column>,
    /// How many fields a row must have: unnamed columns at the end may be left out.
    needed: usize,
}

impl Columns {
    /// Reads a header: separated as the file says, or as it must be so that the columns are there.
    pub(crate) fn read(line: &[u8], said: Option<u8>) -> Result<Self, String> {
        let candidates: Vec<u8> = said.map_or_else(|| DELIMITERS.to_vec(), |delimiter| vec![delimiter]);
        let found: Vec<Self> = candidates.iter().map(|delimiter| Self::split(line, *delimiter)).collect();
        let complete = found.iter().position(|columns| columns.missing().is_empty());
        let Some(columns) = found.into_iter().nth(complete.unwrap_or(0)) else {
            return Err("has no header".to_owned());
        };
        let missing = columns.missing();
        if !missing.is_empty() {
            let names = if columns.names.iter().all(String::is_empty) {
                "nothing".to_owned()
            } else {
                columns.names.join(", ")
            };
            let missing = missing.join(", ");
            return Err(format!(
                "has no column {missing}: its first line names {names} (between commas, semicolons, tabs or |); \
                 rename the columns in the first line"
            ));
        }
        for (index, column) in columns.kinds.iter().enumerate() {
            if *column != Column::Unnamed && columns.kinds[..index].contains(column) {
                return Err(format!("has the column {} twice", columns.names[index]));
            }
        }
        Ok(columns)
    }

    fn split(line: &[u8], delimiter: u8) -> Self {
        let names = names(line, delimiter);
        let mut kinds: Vec<Column> = names.iter().map(|name| Column::of(name)).collect();
        if !kinds.contains(&Column::ImportEventId) {
            // Then no import has written it: the column is the producer's own.
            let own = kinds.iter_mut().zip(&names).filter(|(column, _)| **column == Column::Rejection);
            own.for_each(|(column, name)| *column = Column::Other(name.clone()));
        }
        let needed = kinds.iter().rposition(|column| *column != Column::Unnamed).map_or(0, |last| last + 1);
        Self { delimiter, names, kinds, needed }
    }

    fn missing(&self) -> Vec<&'static str> {
        REQUIRED.into_iter().filter(|name| !self.kinds.contains(&Column::Required(name))).collect()
    }

    /// A column's name, for a person.
    pub(crate) fn name(&self, index: usize) -> String {
        let name = self.names.get(index).filter(|name| !name.is_empty());
        name.cloned().unwrap_or_else(|| format!("number {}", index + 1))
    }

    /// The id that an earlier import gave the row.
    pub(crate) fn given_id(&self, record: &Record) -> Option<String> {
        let index = self.kinds.iter().position(|column| *column == Column::ImportEventId)?;
        from_utf8(record.text(index)?).ok().filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// A row without what an earlier import added to it. Fields that are not whole stay.
    pub(crate) fn without_additions(&self, row: &[u8], record: &Record) -> Vec<u8> {
        let mut kept = Vec::with_capacity(row.len());
        let mut at = 0;
        for (column, field) in self.kinds.iter().zip(record.raw()) {
            if matches!(column, Column::Rejection | Column::ImportEventId) && field.end <= row.len() {
                kept.extend_from_slice(&row[at..field.start]);
                // One delimiter goes along; of the last field, it is the one before.
                let last = row.get(field.end) != Some(&self.delimiter);
                if last && kept.last() == Some(&self.delimiter) {
                    kept.pop();
                }
                at = field.end + usize::from(!last);
            }
        }
        kept.extend_from_slice(&row[at..]);
        kept
    }

    /// The event that a row describes, as JSON.
    pub(crate) fn event(&self, record: &Record) -> Result<String, String> {
        let too_many = record.raw().iter().skip(self.kinds.len()).any(|field| !field.is_empty());
        if too_many || record.count() < self.needed {
            return Err(format!("the row has {} fields, and the header {}", record.count(), self.needed));
        }
        let (mut event, mut metadata, mut others) =
            (RawObject::default(), RawObject::default(), RawObject::default());
        let mut has_metadata = false;
        for (index, column) in self.kinds.iter().enumerate() {
            let Some(text) = record.text(index) else { break };
            let text = from_utf8(text)
                .map_err(|_| "the row is not UTF-8: save the file as UTF-8 (in Excel: \"CSV UTF-8\")")?;
            match column {
                Column::Required(member) => event.text(member, text),
                _ if text.is_empty() => {}
                Column::Optional(member) => event.text(member, text),
                Column::Metadata => {
                    let raw = serde_json::from_str::<&RawValue>(text);
                    let raw = raw.map_err(|error| format!("metadata should be a JSON object: {error}"))?;
                    if !metadata.members(raw) {
                        return Err("metadata should be a JSON object".to_owned());
                    }
                    has_metadata = true;
                }
                Column::Other(name) => others.json(name, &cell(text)),
                Column::Unnamed => {
                    let number = index + 1;
                    return Err(format!("{text:?} is in column {number}, which has no name in the header"));
                }
                Column::Rejection | Column::ImportEventId => {}
            }
        }
        if has_metadata || !others.is_empty() {
            metadata.join(&others);
            event.json("metadata", &metadata.finish());
        }
        Ok(event.finish())
    }
}

/// The names in a header.
pub(super) fn names(line: &[u8], delimiter: u8) -> Vec<String> {
    let (record, _) = Record::of(line, delimiter);
    let texts = (0..record.count()).map_while(|index| record.text(index));
    texts.map(|text| String::from_utf8_lossy(text).trim().to_owned()).collect()
}

/// A line that only spreadsheets read: `sep=;` says what separates the fields. Gives that, and how long the line is.
pub(crate) fn separator_line(bytes: &[u8]) -> Option<(u8, usize)> {
    let length = line_length(bytes, true, false)?;
    match bytes.get(..length)?.trim_ascii_end() {
        // A tab may be trimmed.
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', rest @ ..] if rest.len() < 2 => {
            Some((rest.first().copied().unwrap_or(b'\t'), length))
        }
        _ => None,
    }
}

/// A cell as JSON: a number or a truth value only if it is written back the same, else text. `007`, `1.10` and an order
/// number of 20 digits are text.
pub(crate) fn cell(text: &str) -> String {
    let is_kept = if let Ok(integer) = text.parse::<i64>() {
        integer.unsigned_abs() <= MOST && integer.to_string() == text
    } else if let Ok(number) = text.parse::<f64>() {
        let written = Value::from(number).to_string();
        number.is_finite() && written == text
    } else {
        matches!(text, "true" | "false")
    };
    if is_kept { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_missing_column_is_named_with_what_to_do() {
        let error = Columns::read(b"Company,Contact,eventType,timestamp", None).unwrap_err();
        assert_eq!(
            error,
            "has no column accountId, userId: its first line names Company, Contact, eventType, timestamp \
             (between commas, semicolons, tabs or |); rename the columns in the first line"
        );
    }

    #[test]
    fn a_cell_is_a_number_only_if_it_is_written_back_the_same() {
        for text in ["0", "7", "-12", "1.5", "0.1", "-0.5", "9007199254740991", "1e+16", "true", "false"] {
            assert_eq!(cell(text), text);
        }
        for text in [
            "21602730330000060100",
            "21602730330000060100000358582",
            "9007199254740993",
            "1E5",
            "47583311587E59",
            "1.10",
            "007",
            "-0",
            "+1",
            "1_000",
            "0x10",
            "1e400",
            "NaN",
            "inf",
            "-inf",
            "Infinity",
            "null",
            "TRUE",
            "True",
            " 5",
            "5 ",
            ".5",
            "5.",
            "1,5",
            "1e5",
            "0.10000000000000000001",
            "{}",
            "[1]",
            "\"5\"",
            "２",
        ] {
            assert_eq!(cell(text), Value::from(text).to_string());
        }
    }

    #[test]
    fn a_separator_line_is_known() {
        assert_eq!(separator_line(b"sep=;\r\na;b"), Some((b';', 7)));
        assert_eq!(separator_line(b"SEP=\t\na"), Some((b'\t', 6)));
        assert_eq!(separator_line(b"separate,b\n"), None);
        assert_eq!(separator_line(b"sep=;"), None);
    }

    proptest! {
        /// The law of cells: text, then metadata, then text is the same text.
        #[test]
        fn a_cell_comes_back_as_it_was(text in prop_oneof!["\\PC{1,12}", "-?[0-9]{1,25}", "[-+]?[0-9]{0,18}\\.?[0-9]{0,18}([eE][-+]?[0-9]{1,3})?"]) {
            let columns = Columns::read(b"accountId,userId,eventType,timestamp,x", None).unwrap();
            let row = format!("a,u,call_made,2026-01-15,{}", crate::record::quote(&text));
            let (record, _) = Record::of(row.as_bytes(), b',');
            let event = sspp_events::parse_unsent_event(columns.event(&record).unwrap().as_bytes(), None).unwrap();
            if text.is_empty() {
                prop_assert_eq!(event.metadata.as_str(), "{}");
            } else {
                let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(event.metadata.as_str()).unwrap();
                let raw = members["x"].get();
                let value: Value = serde_json::from_str(raw).unwrap();
                if let Some(said) = value.as_str() {
                    prop_assert_eq!(said, &text);
                } else {
                    // Readers that know doubles only give a number back the same. This build's reader may miss the nearest double
                    // in the last digit, so the standard library reads.
                    let number = value.is_f64().then(|| raw.parse::<f64>().unwrap());
                    let back = number.map_or(value, Value::from).to_string();
                    prop_assert_eq!((raw, back), (&*text, text.clone()));
                }
            }
        }
    }
}
