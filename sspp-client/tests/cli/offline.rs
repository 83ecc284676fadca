//! What is done here, without a server.

use super::{json_lines, piped, sspp};

const AWAY: &str = "http://127.0.0.1:1";

#[test]
fn a_score_names_the_modifiers_that_fired_and_those_that_did_not() {
    let said = sspp(AWAY, &["score", "-t", "email_clicked", "-w", "responseTimeHours=2"]);
    let line = |name: &str| said.out.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(
        line("quick_response").contains(" yes ") && line("quick_response").contains("+0.1000"),
        "{said:?}"
    );
    assert!(
        line("repeated_interaction").contains(" no ")
            && line("repeated_interaction").contains("does not hold"),
        "{said:?}"
    );
    assert!(said.out.contains("+0.10 because answered within 24 hours: 0.70 (high_engagement)."), "{said:?}");
    // Columns stand below each other.
    let column = |line: &str| line.find("0.7000").or(line.find("TOTAL").map(|at| at - 1));
    assert_eq!(column(line("STEP")), column(line("cap")), "{said:?}");
}

#[test]
fn events_are_validated_by_the_parser_and_the_model_with_nothing_sent() {
    let event = r#"{"accountId":"a","userId":"u","eventType":"call_made","timestamp":"2026-01-15"}"#;
    let lines =
        format!("{event}\n\n{}\n{}\n", event.replace("call_made", "webinar"), event.replace("\"u\"", "\"\""));
    let said = piped(AWAY, &["validate", "-"], &lines);
    assert_eq!(said.code, 1, "{said:?}");
    let reported: Vec<_> = said.out.lines().collect();
    assert!(
        reported.len() == 2 && reported[0].starts_with("line 3: ") && reported[0].contains("eventType"),
        "{said:?}"
    );
    assert!(reported[1].starts_with("line 4: ") && reported[1].contains("userId"), "{said:?}");
    assert!(said.err.contains("2 of 3 rows of standard input"), "{said:?}");
    let said = piped(AWAY, &["validate", "-", "--json"], &lines);
    let statuses: Vec<_> = json_lines(&said.out).iter().map(|line| line["status"].clone()).collect();
    assert_eq!(statuses, ["valid", "invalid", "invalid"], "{said:?}");
    let said =
        piped(AWAY, &["validate", "-"], "account_id;userId;Event Type;timestamp\na;u;call_made;2026-01-15\n");
    assert!(said.code == 0 && said.out.is_empty() && said.err.contains("1 row: all valid"), "{said:?}");
}
