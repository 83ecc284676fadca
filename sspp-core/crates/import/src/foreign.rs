//! Files that are often taken for events.

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Map, Value};
use sspp_events::skip_byte_order_mark;
use sspp_scoring::ScoringModel;

use crate::columns::{DELIMITERS, names};

/// A file of something other than events.
///
/// ```
/// use sspp_import::Foreign;
/// assert_eq!(Foreign::of(b"{\n  \"accountId\": 1}"), Some(Foreign::Spread));
/// assert_eq!(Foreign::of(b"accountId,userId"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// Nothing is in it.
    Empty,
    /// An export of signals, with their scores.
    Signals,
    /// The same as CSV.
    SignalsAsCsv,
    /// A list of signals, as the API gives it.
    SignalList,
    /// A list of dead letters.
    DeadLetters,
    /// The checkpoint of an import.
    Checkpoint,
    /// The body of a request, with several events.
    RequestBody,
    /// A scoring model.
    Model,
    /// JSON with an object over several lines.
    Spread,
}

impl Foreign {
    /// What a file is that begins so; `None` where it may have events.
    pub fn of(beginning: &[u8]) -> Option<Self> {
        let text = skip_byte_order_mark(beginning).ok()?.trim_ascii_start();
        if text.is_empty() {
            return Some(Self::Empty);
        }
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
        let found = match serde_json::from_slice::<Map<String, Value>>(line) {
            Ok(object) => of_object(&object),
            Err(_) => of_header(line).or_else(|| of_whole(text)),
        };
        found.or_else(|| is_spread(text).then_some(Self::Spread))
    }
}

/// Whether its first object continues over the end of its line, and no line is an object.
fn is_spread(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    let is_object = |line: &[u8]| serde_json::from_slice::<Map<String, Value>>(line).is_ok();
    if text.split(|byte| *byte == b'\n').any(is_object) {
        return false;
    }
    let Some(line) = text.iter().position(|byte| *byte == b'\n').filter(|_| text.starts_with(b"{")) else {
        return false;
    };
    let mut objects = Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    match objects.next() {
        Some(Ok(_)) => objects.byte_offset() > line,
        // It is longer than what is looked at.
        Some(Err(error)) => error.is_eof(),
        None => false,
    }
}

/// Of the object in the first line.
fn of_object(object: &Map<String, Value>) -> Option<Foreign> {
    let has = |names: &[&str]| names.iter().all(|name| object.contains_key(*name));
    if has(&["kind"]) && (has(&["eventId", "signalScore"]) || has(&["digest", "document"])) {
        return Some(Foreign::Signals);
    }
    if has(&["signal_score", "event_id"]) {
        return Some(Foreign::SignalList);
    }
    if has(&["eventId", "reason", "diedAt"]) {
        return Some(Foreign::DeadLetters);
    }
    of_document(object)
}

/// Of the header of a CSV file.
fn of_header(line: &[u8]) -> Option<Foreign> {
    let is_export = DELIMITERS.iter().any(|delimiter| {
        let names = names(line, *delimiter);
        ["event_id", "signal_type", "signal_score", "processed_at"]
            .iter()
            .all(|name| names.iter().any(|has| has == name))
    });
    is_export.then_some(Foreign::SignalsAsCsv)
}

/// Of a small file that is one document.
fn of_whole(text: &[u8]) -> Option<Foreign> {
    let text = std::str::from_utf8(text).ok()?;
    let object = serde_json::from_str::<Map<String, Value>>(text);
    if let Ok(object) = &object {
        return of_document(object);
    }
    ScoringModel::from_toml(text).is_ok().then_some(Foreign::Model)
}

fn of_document(object: &Map<String, Value>) -> Option<Foreign> {
    let has = |names: &[&str]| names.iter().all(|name| object.contains_key(*name));
    if has(&["importId", "rejectsThere"]) {
        return Some(Foreign::Checkpoint);
    }
    if object.get("events").is_some_and(Value::is_array) && !has(&["accountId"]) {
        return Some(Foreign::RequestBody);
    }
    ScoringModel::from_json(&Value::Object(object.clone()).to_string()).is_ok().then_some(Foreign::Model)
}
