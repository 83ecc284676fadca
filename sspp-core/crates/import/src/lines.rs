//! A line of NDJSON, and what an import adds to one that it rejects.
//!
//! The reason and the event id stand before the line's own members, `{"rejection":"…","importEventId":"…","accountId":…`, so that the
//! line itself stays as it was, byte for byte. Before a line that is no object, or an empty one, they stand in an object of their own.

use serde_json::Deserializer;

use crate::raw_object::RawObject;

const REJECTION: &str = "rejection";
const IMPORT_EVENT_ID: &str = "importEventId";

/// What stands before a rejected line, and how many bytes of the line that replaces.
pub(crate) fn addition(line: &[u8], event_id: &str, reason: &str) -> (String, usize) {
    let mut added = RawObject::default();
    added.text(REJECTION, reason);
    added.text(IMPORT_EVENT_ID, event_id);
    match line.trim_ascii_start().strip_prefix(b"{") {
        Some(members) if !members.trim_ascii_start().starts_with(b"}") => {
            (format!("{{{},", added.inner()), line.len() - members.len())
        }
        _ => (format!("{} ", added.finish()), 0),
    }
}

/// A line without what an earlier import added to it, and the event id that it added.
pub(crate) fn without_addition(line: &[u8]) -> (Vec<u8>, Option<String>) {
    match read_addition(line) {
        Some((event_id, own)) => (own, Some(event_id)),
        None => (line.to_vec(), None),
    }
}

/// Editors and scripts may have put spaces between what was added.
fn read_addition(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let (_, rest) = member(after(line, b"{")?, REJECTION)?;
    let (event_id, rest) = member(after(rest, b",")?, IMPORT_EVENT_ID)?;
    let own = match after(rest, b",") {
        Some(members) => [b"{", members].concat(),
        // One space was put behind the object.
        None => after(rest, b"}")?.strip_prefix(b" ")?.to_vec(),
    };
    Some((event_id, own))
}

/// The text of the member at the beginning, and what follows it.
fn member<'l>(line: &'l [u8], name: &str) -> Option<(String, &'l [u8])> {
    let (found, rest) = text(line)?;
    if found == name { text(after(rest, b":")?) } else { None }
}

fn after<'l>(line: &'l [u8], token: &[u8]) -> Option<&'l [u8]> {
    line.trim_ascii_start().strip_prefix(token)
}

/// A JSON string at the beginning, and what follows it.
fn text(line: &[u8]) -> Option<(String, &[u8])> {
    let mut strings = Deserializer::from_slice(line).into_iter::<String>();
    let text = strings.next()?.ok()?;
    Some((text, line.get(strings.byte_offset()..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn added(line: &[u8]) -> Vec<u8> {
        let (before, replaced) = addition(line, "import-1", "wrong: \"x\"");
        [before.as_bytes(), &line[replaced..]].concat()
    }

    #[test]
    fn an_object_stays_an_object_and_anything_else_stays_as_it_was() {
        let shown = |line: &str| String::from_utf8(added(line.as_bytes())).unwrap();
        let before = r#"{"rejection":"wrong: \"x\"","importEventId":"import-1""#;
        assert_eq!(shown(r#"{"n":1.10,"n":2}"#), format!(r#"{before},"n":1.10,"n":2}}"#));
        assert_eq!(shown("{}\n"), format!("{before}}} {{}}\n"));
        assert_eq!(shown("nonsense"), format!("{before}}} nonsense"));
        // As a script writes it again.
        let spaced = br#"{"rejection": "x", "importEventId": "7", "n": 1}"#;
        assert_eq!(without_addition(spaced), (br#"{ "n": 1}"#.to_vec(), Some("7".to_owned())));
        // A member of that name alone is the producer's, and judged as any other.
        let own = br#"{"rejection":"x","accountId":"a"}"#;
        assert_eq!(without_addition(own), (own.to_vec(), None));
    }

    proptest! {
        /// Whatever the bytes are, they come back, and nothing piles up.
        #[test]
        fn a_line_comes_back_as_it_was(line in prop_oneof![prop::collection::vec(any::<u8>(), 1..20), "[{} ,:\"a]{1,12}".prop_map(String::into_bytes)]) {
            prop_assume!(!line.trim_ascii().is_empty() && without_addition(&line).0 == line);
            let (back, id) = without_addition(&added(&line));
            prop_assert_eq!(back.trim_ascii_start(), line.trim_ascii_start());
            prop_assert_eq!(id.as_deref(), Some("import-1"));
        }
    }
}
