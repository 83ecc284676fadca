//! How the rows of a file are written.

use std::path::Path;

use sspp_events::skip_byte_order_mark;

use crate::columns::{Columns, separator_line};

/// How the rows of a file are written.
///
/// ```
/// use sspp_import::Format;
/// assert_eq!(Format::of_content(b"{}"), Some(Format::Ndjson));
/// assert_eq!(Format::of_content(b"accountId;userId;eventType;timestamp"), Some(Format::Csv));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// A header line, then a row each
    Csv,
    /// A JSON object a line
    Ndjson,
}

impl Format {
    /// The ending of files of this format.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    /// As the ending of a file's name says.
    pub fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// As the first line says.
    pub fn of_content(bytes: &[u8]) -> Option<Self> {
        let text = skip_byte_order_mark(bytes).ok()?.trim_ascii_start();
        if text.starts_with(b"{") || text.starts_with(b"[") {
            return Some(Self::Ndjson);
        }
        let (said, length) =
            separator_line(text).map_or((None, 0), |(delimiter, length)| (Some(delimiter), length));
        let line = text[length..].split(|byte| matches!(byte, b'\n' | b'\r')).next()?;
        Columns::read(line, said).is_ok().then_some(Self::Csv)
    }
}
