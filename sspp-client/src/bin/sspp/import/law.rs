//! What must hold for any file: a line has the verdict that the server's batch route gives it.

use std::io::Write as _;

use proptest::prelude::*;
use sspp_core::{BatchFormat, ScoringModel, Timestamp, Violation, parse_batch};

use super::judge;
use super::rows::Rows;
use crate::args::Format;

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

fn sentences(violations: impl Iterator<Item = Violation>) -> String {
    violations.map(|violation| violation.detail).collect::<Vec<_>>().join("; ")
}

proptest! {
    #[test]
    fn a_line_has_the_servers_verdict(lines in prop::collection::vec(line(), 1..5), last in "\n?") {
        let body = lines.join("\n") + &last;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(body.as_bytes()).unwrap();
        // What begins as an array is refused as a whole, with advice.
        let Ok(mut rows) = Rows::open(file.path(), Format::Ndjson) else {
            let text = sspp_core::read_text(body.as_bytes()).unwrap();
            prop_assert!(text.trim_ascii_start().starts_with('['));
            return Ok(());
        };
        let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
        let mut ours = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            ours.push(row.event.and_then(|json| judge(&json, Some(now))));
        }
        let theirs = parse_batch(body.as_bytes(), BatchFormat::Lines, &model, now).unwrap_or_default();
        let known = |violation: &Violation| violation.pointer != "/eventType";
        prop_assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, &theirs),
                (Err(ours), Err(theirs)) => {
                    let theirs = sentences(theirs.into_vec().into_iter().filter(known));
                    prop_assert!(ours.contains(&theirs) || ours.contains("eventType"), "{} is not {}", ours, theirs);
                }
                (ours, theirs) => prop_assert!(false, "{:?} is not {:?}", ours, theirs),
            }
        }
    }
}
