//! Signals as lines of CSV: RFC 4180, safe to open in a spreadsheet.

use std::fmt::Write as _;

use sspp_core::{ExternalId, Signal, Source};

pub(super) const CSV_HEAD: &[u8] =
    b"id,event_id,account_id,user_id,event_type,signal_type,signal_score,timestamp,processed_at,\
    received_at,model,source,external_id,metadata\r\n";

pub(super) fn csv_line(lines: &mut Vec<u8>, signal: &Signal) {
    let stored = &signal.recorded;
    let event = &stored.accepted.event;
    let text = |part: Option<&str>| csv_field(part.unwrap_or_default());
    let mut line = String::with_capacity(512);
    // Numbers, ids and instants of ours have nothing to be quoted. Writing to a string cannot fail.
    let _ = writeln!(
        line,
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r",
        signal.id,
        stored.accepted.event_id,
        csv_field(event.account_id.as_str()),
        csv_field(event.user_id.as_str()),
        csv_field(event.event_type.as_str()),
        csv_field(stored.signal_type.as_str()),
        stored.score,
        event.timestamp,
        stored.processed_at,
        stored.accepted.received_at,
        stored.model,
        text(event.source.as_ref().map(Source::as_str)),
        text(event.external_id.as_ref().map(ExternalId::as_str)),
        csv_field(event.metadata.as_str()),
    );
    lines.extend_from_slice(line.as_bytes());
}

/// A field by RFC 4180; a text that a spreadsheet would read as a formula gets an apostrophe.
fn csv_field(text: &str) -> String {
    // The wide ones are what a Japanese or Chinese spreadsheet takes for the narrow ones.
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let apostrophe = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        for (text, field) in [
            ("acc_1", "acc_1"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
            (" a", "\" a\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("＝1+1", "\"'＝1+1\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }
}
