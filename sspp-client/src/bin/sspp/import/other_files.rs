//! Files that are often taken for events, and what to do with them.

use std::fs;
use std::path::Path;

use serde::de::IgnoredAny;
use serde_json::{Deserializer, Map, Value};
use sspp_events::skip_byte_order_mark;
use sspp_scoring::ScoringModel;

use super::columns::{DELIMITERS, names};
use crate::failure::Failure;

const IMPORT_SIGNALS: &str = "an export of signals, which have their scores: `sspp-api import` takes it, where the service's settings are";
const LISTED_SIGNALS: &str =
    "a list of signals, not of events: `sspp export` writes a file of them, and `sspp-api import` takes that";

/// What no file is.
pub(super) fn refuse_path(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    if shown
        .to_string()
        .split_once("://")
        .is_some_and(|(scheme, _)| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        && !path.exists()
    {
        return Err(Failure::usage(format!(
            "{shown} is a URL, and only files are read: `curl -sSf {shown} | sspp import -` imports what is there"
        )));
    }
    if path.is_dir() {
        return Err(Failure::wrong(format!("{shown} is a folder: name a file in it")));
    }
    // Read once, and what a name there means is another thing for each process.
    let is_passing = ["/dev/fd", "/dev/stdin", "/proc"].iter().any(|folder| path.starts_with(folder));
    if is_passing || fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Failure::usage(format!(
            "{shown} is a pipe or a device, and not a file that is there when the import goes on: `cat {shown} | sspp import -` \
            imports what comes from it"
        )));
    }
    Ok(())
}

/// What is known by its beginning.
pub(super) fn refuse(name: &str, beginning: &[u8]) -> Result<(), Failure> {
    let Ok(text) = skip_byte_order_mark(beginning) else { return Ok(()) };
    let text = text.trim_ascii_start();
    if text.is_empty() {
        return Err(Failure::wrong(format!("{name} is empty: there are no events in it")));
    }
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or(text);
    let what = match serde_json::from_slice::<Map<String, Value>>(line) {
        Ok(object) => of_object(&object),
        Err(_) => of_header(line).or_else(|| of_whole(text)),
    };
    let what = what.or_else(|| is_spread(text).then_some(SPREAD));
    what.map_or(Ok(()), |what| Err(Failure::wrong(format!("{name} is {what}"))))
}

const SPREAD: &str = "JSON with an event over several lines: write each on one line, as `jq -c .` does";

/// Whether its first object goes on over the end of its line, and no line is an object.
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
fn of_object(object: &Map<String, Value>) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| object.contains_key(*name));
    if has(&["kind"]) && (has(&["eventId", "signalScore"]) || has(&["digest", "document"])) {
        return Some(IMPORT_SIGNALS);
    }
    if has(&["signal_score", "event_id"]) {
        return Some(LISTED_SIGNALS);
    }
    if has(&["eventId", "reason", "diedAt"]) {
        return Some("a list of dead letters: `sspp dead-letters replay` sends their events again");
    }
    of_document(object)
}

/// Of the header of a CSV file.
fn of_header(line: &[u8]) -> Option<&'static str> {
    let is_export = DELIMITERS.iter().any(|delimiter| {
        let names = names(line, *delimiter);
        ["event_id", "signal_type", "signal_score", "processed_at"]
            .iter()
            .all(|name| names.iter().any(|has| has == name))
    });
    is_export.then_some(
        "an export of signals as CSV, which nothing imports: export them as NDJSON (`sspp export`), and `sspp-api import` takes that",
    )
}

/// Of a small file that is one document.
fn of_whole(text: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(text).ok()?;
    let object = serde_json::from_str::<Map<String, Value>>(text);
    if let Ok(object) = &object {
        return of_document(object);
    }
    ScoringModel::from_toml(text).is_ok().then_some(MODEL)
}

const MODEL: &str = "a scoring model: `sspp score --type TYPE --model FILE` scores with it";

fn of_document(object: &Map<String, Value>) -> Option<&'static str> {
    let has = |names: &[&str]| names.iter().all(|name| object.contains_key(*name));
    if has(&["importId", "rejectsThere"]) {
        return Some("the checkpoint of an import: name the file that was imported");
    }
    if object.get("events").is_some_and(Value::is_array) && !has(&["accountId"]) {
        return Some(
            "the body of a request, and an event a line is needed, as `jq -c '.events[]'` writes it",
        );
    }
    ScoringModel::from_json(&Value::Object(object.clone()).to_string()).is_ok().then_some(MODEL)
}
