//! The file of rejected rows: as they were, with the reason, so that they can be mended and imported.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::rows::Original;
use crate::failure::Failure;

/// Made with the first rejected row.
#[derive(Debug)]
pub(crate) struct Rejects {
    path: PathBuf,
    header: Option<csv::ByteRecord>,
    /// Whether an interrupted import left rows in it.
    goes_on: bool,
    file: Option<File>,
}

impl Rejects {
    pub(crate) const fn new(path: PathBuf, header: Option<csv::ByteRecord>, goes_on: bool) -> Self {
        Self { path, header, goes_on, file: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row and why it was rejected.
    pub(crate) fn add(&mut self, row: &Original, reason: &str) -> Result<(), Failure> {
        self.write(row, reason).map_err(|error| {
            Failure::wrong(format!(
                "cannot write {}: {error}: --rejected names another place",
                self.path.display()
            ))
        })
    }

    fn write(&mut self, row: &Original, reason: &str) -> io::Result<()> {
        if self.file.is_none() {
            let mut file = File::options()
                .create(true)
                .write(true)
                .append(self.goes_on)
                .truncate(!self.goes_on)
                .open(&self.path)?;
            if let Some(header) = self.header.as_ref().filter(|_| !self.goes_on) {
                file.write_all(&line(header, Some("rejection"))?)?;
            }
            self.file = Some(file);
        }
        let bytes = match row {
            Original::Csv(record) => line(record, Some(reason))?,
            Original::Line(text) => {
                let mut object = match serde_json::from_slice::<Map<String, Value>>(text) {
                    Ok(object) => object,
                    Err(_) => Map::from_iter([("line".to_owned(), json!(String::from_utf8_lossy(text)))]),
                };
                object.insert("rejection".to_owned(), json!(reason));
                format!("{}\n", Value::Object(object)).into_bytes()
            }
        };
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(&bytes))
    }
}

/// A line of CSV, with a reason in the last column.
fn line(record: &csv::ByteRecord, last: Option<&str>) -> io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    writer.write_record(record.iter().chain(last.map(str::as_bytes))).map_err(io::Error::other)?;
    writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
}
