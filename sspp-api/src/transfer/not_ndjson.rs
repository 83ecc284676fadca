//! Files that are often taken for NDJSON.

use std::path::Path;

use sspp_events::read_text;
use sspp_import::Foreign;

/// What a file is by its beginning, where it is not NDJSON: words that read on from its name and say what to do.
pub(super) fn not_ndjson(beginning: &[u8], file: &Path) -> Option<String> {
    if Foreign::of(beginning) == Some(Foreign::Spread) {
        return Some(
            "is JSON with objects over several lines: write each on one line, for instance with `jq -c .`"
                .to_owned(),
        );
    }
    let lines = beginning.split(|byte| *byte == b'\n');
    let (number, first) = (1_u64..).zip(lines).find(|(_, line)| !line.trim_ascii().is_empty())?;
    let text = read_text(first).ok()?.trim();
    // The importer refuses an array.
    if text.starts_with(['{', '[']) {
        return None;
    }
    if text.contains("signal_score") {
        return Some(
            "is an export of signals as CSV: export NDJSON (`/signals/export` without `format=csv`)"
                .to_owned(),
        );
    }
    if text.contains([',', ';', '\t']) {
        let file = file.display();
        return Some(format!(
            "is CSV: use `sspp import {file}`, which reads CSV and sends its events to the API"
        ));
    }
    Some(format!("is not NDJSON: line {number} is not a JSON object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_ndjson_is_known_by_its_beginning() {
        for (beginning, said) in [
            ("accountId,userId", Some("sspp import x")),
            ("\u{feff}a;b", Some("sspp import x")),
            ("id,event_id,signal_score", Some("format=csv")),
            ("[{}]", None),
            ("{\n \"a\": 1\n}", Some("several lines")),
            ("{\"a\":\n1}", Some("several lines")),
            ("\n\nhello", Some("line 3")),
            ("\"a\"", Some("line 1")),
            ("", None),
            ("{}", None),
            ("{\"a\":1}", None),
            // Its own fault is shown with its number.
            ("{\"a\" 1}", None),
        ] {
            let found = not_ndjson(beginning.as_bytes(), Path::new("x"));
            assert_eq!(found.is_some(), said.is_some(), "{beginning}: {found:?}");
            assert!(said.is_none_or(|said| found.unwrap().contains(said)), "{beginning}");
        }
    }
}
