//! How the rows of a file are written.

use std::path::Path;

use clap::ValueEnum;
use sspp_events::skip_byte_order_mark;

use super::columns::{Columns, separator_line};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A header line, then a row each
    Csv,
    /// A JSON object a line
    Ndjson,
}

impl Format {
    /// The ending of files of this format.
    pub(crate) const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    pub(crate) fn of_name(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// As the first line tells.
    pub(crate) fn of_content(bytes: &[u8]) -> Option<Self> {
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
