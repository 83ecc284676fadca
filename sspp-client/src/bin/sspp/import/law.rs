//! What must hold for any file: a line has the verdict that the server's batch route gives it.

use std::io::Write as _;

use proptest::prelude::*;
use sspp_events::{
    BatchFormat, ParseFault, Timestamp, Violation, Violations, parse_batch, parse_unsent_event,
};
use sspp_import::{Format, Rows};
use sspp_scoring::ScoringModel;

use super::foreign::open;

const MEMBERS: [&str; 16] = [
    r#""accountId":"a""#,
    r#""userId":"u""#,
    r#""eventType":"call_made""#,
    r#""timestamp":"2025-01-15""#,
    r#""metadata":{"x":1.10}"#,
    r#""metadata":null"#,
    r#""metadata":{"x":1,"x":2}"#,
    r#""metadata":{"x":1e400}"#,
    r#""eventId":null"#,
    r#""eventId":"7""#,
    r#""source":null"#,
    r#""source":"""#,
    r#""userId":7"#,
    r#""\u0075serId":"v""#,
    r#""timestamp":"2999-01-01""#,
    r#""more":1"#,
];

fn line() -> impl Strategy<Value = String> {
    let members = prop::collection::vec(prop::sample::select(&MEMBERS[4..]), 0..3);
    let event = members.prop_map(|more| format!("{{{}}}", [&MEMBERS[..4], &more[..]].concat().join(",")));
    let any = prop::collection::vec(prop::sample::select(&MEMBERS[..]), 0..7);
    let any = any.prop_map(|members| format!("{{{}}}", members.join(",")));
    prop_oneof![4 => event, 2 => any, 1 => "[{}\\[\\]\":, a\r\t\u{feff}0]{0,8}"]
}

/// Event types are left to the server.
fn but_for_types(violations: Violations) -> Vec<Violation> {
    violations.into_vec().into_iter().filter(|violation| violation.pointer != "/eventType").collect()
}

proptest! {
    #[test]
    fn a_line_has_the_servers_verdict(lines in prop::collection::vec(line(), 1..5), last in "\n?") {
        let body = lines.join("\n") + &last;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(body.as_bytes()).unwrap();
        // What is empty, an array or an object over several lines is refused as a whole, with advice.
        let opened = open(file.path()).and_then(|origin| Ok(Rows::open(&origin, Format::Ndjson)?));
        let Ok(mut rows) = opened else {
            let text = sspp_events::read_text(body.as_bytes()).unwrap();
            let text = text.trim_ascii();
            let is_spread = text.starts_with('{') && text.contains('\n');
            prop_assert!(text.is_empty() || text.starts_with('[') || is_spread);
            return Ok(());
        };
        let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
        let mut ours = Vec::new();
        while let Some(row) = rows.next_row().unwrap() {
            let json = row.event.unwrap();
            ours.push(parse_unsent_event(&json, Some(now)).map_err(ParseFault::into_violations));
        }
        let theirs = parse_batch(body.as_bytes(), BatchFormat::Lines, &model, now).unwrap_or_default();
        prop_assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs),
                (Err(ours), Err(theirs)) => prop_assert_eq!(but_for_types(ours), but_for_types(theirs)),
                (ours, theirs) => prop_assert!(false, "{:?} is not {:?}", ours, theirs),
            }
        }
    }
}
