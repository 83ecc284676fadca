//! Many events in one body: how they are separated, and which bodies are refused as a whole.

use sspp_core::{BatchFault, BatchFormat, Event, ScoringModel, Timestamp, Violations, parse_batch};

const GOOD: &str =
    r#"{"accountId":"acc","userId":"user","eventType":"email_sent","timestamp":"2024-12-21T10:00:00Z"}"#;

fn parse(body: &[u8], format: BatchFormat) -> Result<Vec<Result<Event, Violations>>, BatchFault> {
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    parse_batch(body, format, &ScoringModel::embedded_default(), now)
}

fn wrapped(events: &[&str]) -> String {
    format!(r#"{{"events":[{}]}}"#, events.join(","))
}

/// The codes and pointers of what is wrong with one event.
fn codes(event: &Result<Event, Violations>) -> Vec<(String, String)> {
    let violations = event.as_ref().unwrap_err();
    violations.iter().map(|one| (one.pointer.clone(), one.code.to_string())).collect()
}

#[test]
fn one_bad_event_spoils_no_other() {
    let large = GOOD.replace('}', &format!(r#","metadata":{{"blob":"{}"}}}}"#, "x".repeat(Event::MAX_BYTES)));
    let surrogate = GOOD.replacen('{', r#"{"\ud800":1,"#, 1);
    let metadata = GOOD.replace('}', r#","metadata":{"a":["\u0000"]}}"#);
    let events = [GOOD, "7", &large, "{}", &surrogate, &metadata, "[]", GOOD];
    for (body, format) in [(wrapped(&events), BatchFormat::Events), (events.join("\n"), BatchFormat::Lines)] {
        let parsed = parse(body.as_bytes(), format).unwrap();
        let good: Vec<usize> = (0..parsed.len()).filter(|at| parsed[*at].is_ok()).collect();
        assert_eq!((parsed.len(), good), (8, vec![0, 7]), "{format:?}");
        let whole = |code: &str| vec![(String::new(), code.to_owned())];
        assert_eq!(codes(&parsed[1]), whole("malformed_json"));
        assert_eq!(codes(&parsed[2]), whole("too_large"));
        assert_eq!(codes(&parsed[3])[0], ("/accountId".to_owned(), "required".to_owned()));
        assert_eq!(codes(&parsed[4]), whole("malformed_json"));
        assert_eq!(codes(&parsed[5]), [("/metadata/a/0".to_owned(), "nul_character".to_owned())]);
        assert_eq!(codes(&parsed[6]), whole("malformed_json"));
    }
}

#[test]
fn lines_may_be_blank_end_as_they_like_and_break_by_themselves() {
    let body = [GOOD.as_bytes(), b"\r\n \t\n\n{\"accountId\":\n\xff\xfe\n", GOOD.as_bytes()].concat();
    let parsed = parse(&body, BatchFormat::Lines).unwrap();
    let good: Vec<bool> = parsed.iter().map(Result::is_ok).collect();
    assert_eq!(good, [true, false, false, true]);
    let detail = parsed[2].as_ref().unwrap_err().to_string();
    assert!(detail.contains("UTF-8"), "{detail}");
}

#[test]
fn a_thousand_events_are_taken_and_one_more_is_not() {
    let most = vec![GOOD; BatchFormat::MAX_EVENTS];
    let over = vec![GOOD; BatchFormat::MAX_EVENTS + 1];
    let cloud = |many: usize| format!("[{}]", vec!["{}"; many].join(","));
    for (body, format) in [
        (wrapped(&most), BatchFormat::Events),
        (most.join("\n") + "\n\n", BatchFormat::Lines),
        (cloud(1_000), BatchFormat::CloudEvents),
    ] {
        assert_eq!(parse(body.as_bytes(), format).unwrap().len(), 1_000, "{format:?}");
    }
    for (body, format) in [
        (wrapped(&over), BatchFormat::Events),
        (over.join("\n"), BatchFormat::Lines),
        (cloud(1_001), BatchFormat::CloudEvents),
        // What comes after the limit is not even looked at.
        (wrapped(&over).replace("]}", ",]"), BatchFormat::Events),
    ] {
        let fault = parse(body.as_bytes(), format).unwrap_err();
        assert_eq!(fault, BatchFault::TooMany { limit: 1_000 }, "{format:?}");
    }
    let body = vec![b' '; BatchFormat::MAX_BYTES + 1];
    assert!(matches!(parse(&body, BatchFormat::Lines), Err(BatchFault::TooLarge { .. })));
}

#[test]
fn what_is_no_batch_is_refused_with_what_was_expected() {
    for (body, format, expected) in [
        ("", BatchFormat::Events, "the body is empty"),
        ("", BatchFormat::Lines, "expected an event in JSON on every line"),
        (" \n\n", BatchFormat::Lines, "expected an event in JSON on every line"),
        ("[]", BatchFormat::Events, r#"the body is not a batch like {"events":[…]}"#),
        (r#"{"events":7}"#, BatchFormat::Events, "expected an array of events"),
        (r#"{"events":{}}"#, BatchFormat::Events, "expected an array of events"),
        (r#"{"events":[]}"#, BatchFormat::Events, "events must hold at least one event"),
        ("{}", BatchFormat::Events, "events must be there: an array of events"),
        (r#"{"events":[1],"x":2}"#, BatchFormat::Events, "property x should not exist"),
        (r#"{"events":[1],"events":[2]}"#, BatchFormat::Events, "events must appear only once"),
        (r#"{"events":[1]} 2"#, BatchFormat::Events, "trailing characters"),
        (r#"{"events":[1"#, BatchFormat::Events, "EOF"),
        ("{}", BatchFormat::CloudEvents, "the body is not an array of CloudEvents"),
        ("[]", BatchFormat::CloudEvents, "expected at least one CloudEvent"),
    ] {
        let said = parse(body.as_bytes(), format).unwrap_err().to_string();
        assert!(said.contains(expected), "{body}: {said}");
    }
    let said = parse(b"{\"events\":[\"\xff\"]}", BatchFormat::Events).unwrap_err().to_string();
    assert!(said.contains("not UTF-8: byte 12"), "{said}");
}
