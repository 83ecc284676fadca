//! Events as producers send them: which are accepted, and the sentence of every violation.

use sspp_core::{Event, ParseFault, ScoringModel, Timestamp, parse_event};

const GOOD: &str = r#"{"accountId":"acc","userId":"user","eventType":"email_sent","timestamp":"2024-12-21T10:00:00Z","metadata":{"a":1}}"#;
const TYPES: &str = "eventType must be one of the following values: email_sent, email_opened, email_clicked, \
                     meeting_booked, call_made, demo_completed";

fn parse(json: &str) -> Result<Event, ParseFault> {
    let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    parse_event(json.as_bytes(), &ScoringModel::embedded_default(), now)
}

/// The sentences about the good event with one member changed (or removed, without a value).
fn sentences(member: &str, value: Option<&str>) -> Vec<String> {
    let mut event: serde_json::Map<String, serde_json::Value> = serde_json::from_str(GOOD).unwrap();
    event.remove(member);
    let mut json = serde_json::to_string(&event).unwrap();
    if let Some(value) = value {
        json.truncate(json.len() - 1);
        json = format!("{json},\"{member}\":{value}}}");
    }
    match parse(&json) {
        Ok(_) => Vec::new(),
        Err(ParseFault::Invalid(violations)) => violations.iter().map(|v| v.detail.clone()).collect(),
        Err(fault) => vec![fault.to_string()],
    }
}

#[test]
fn a_good_event_is_read_member_by_member() {
    let event = parse(GOOD).unwrap();
    assert_eq!(event.account_id.as_str(), "acc");
    assert_eq!(event.user_id.as_str(), "user");
    assert_eq!(event.event_type.as_str(), "email_sent");
    assert_eq!(event.timestamp.to_string(), "2024-12-21T10:00:00.000Z");
    assert_eq!(event.metadata.as_str(), r#"{"a":1}"#);
    assert_eq!((event.source, event.external_id), (None, None));
    let full = GOOD.replace("{\"accountId\"", "{\"eventId\":\"7\",\"source\":\"crm\",\"accountId\"");
    let event = parse(&full).unwrap();
    assert_eq!((event.source.unwrap().as_str(), event.external_id.unwrap().as_str()), ("crm", "7"));
}

#[test]
fn absent_members_are_named_as_the_predecessor_named_them() {
    let Err(ParseFault::Invalid(violations)) = parse("{}") else { panic!("an empty object is no event") };
    let found: Vec<&str> = violations.iter().map(|violation| violation.detail.as_str()).collect();
    assert_eq!(
        found,
        [
            "accountId should not be empty",
            "accountId must be a string",
            "userId should not be empty",
            "userId must be a string",
            "eventType should not be empty",
            TYPES,
            "timestamp should not be empty",
            "timestamp must be a valid ISO 8601 date string",
        ]
    );
    let pointers: Vec<&str> = violations.iter().map(|violation| violation.pointer.as_str()).collect();
    assert_eq!(pointers[0], "/accountId");
    assert_eq!(pointers[7], "/timestamp");
    assert!(sentences("metadata", None).is_empty(), "metadata is optional");
    assert!(sentences("eventId", Some("null")).is_empty() && sentences("source", Some("null")).is_empty());
}

#[test]
fn each_wrong_member_is_named() {
    let long = format!("\"{}\"", "é".repeat(256));
    let cases: &[(&str, &str, &[&str])] = &[
        ("accountId", "\"\"", &["accountId should not be empty"]),
        ("accountId", "123", &["accountId must be a string"]),
        ("accountId", "null", &["accountId should not be empty", "accountId must be a string"]),
        ("accountId", "{}", &["accountId must be a string"]),
        ("accountId", &long, &["accountId must be shorter than or equal to 255 characters"]),
        ("accountId", r#""a\u0000b""#, &["accountId must not contain control characters"]),
        ("userId", r#""a\nb""#, &["userId must not contain control characters"]),
        ("userId", r#""\ud800""#, &["userId must not hold lone surrogates"]),
        ("eventType", "\"page_view\"", &[TYPES]),
        ("eventType", "\"EMAIL_SENT\"", &[TYPES]),
        ("eventType", "1", &[TYPES]),
        ("eventType", "\"\"", &["eventType should not be empty", TYPES]),
        ("timestamp", "1734775200", &["timestamp must be a valid ISO 8601 date string"]),
        (
            "timestamp",
            "\"\"",
            &["timestamp should not be empty", "timestamp must be a valid ISO 8601 date string"],
        ),
        ("timestamp", "\"1969-12-31T23:59:59Z\"", &["timestamp must not be before 1970-01-01T00:00:00Z"]),
        (
            "timestamp",
            "\"2026-01-01T00:05:01Z\"",
            &["timestamp must not be more than 5 minutes in the future"],
        ),
        ("metadata", "null", &["metadata must be an object"]),
        ("metadata", "[1]", &["metadata must be an object"]),
        ("metadata", "\"x\"", &["metadata must be an object"]),
        ("metadata", r#"{"x":{"y":1,"y":2}}"#, &["metadata/x/y must appear only once"]),
        ("metadata", r#"{"x":1e400}"#, &["metadata/x must not hold numbers beyond a double"]),
        ("eventId", "7", &["eventId must be a string"]),
        ("source", "\"\"", &["source should not be empty"]),
        ("foo", "\"bar\"", &["property foo should not exist"]),
    ];
    for (member, value, wanted) in cases {
        assert_eq!(&sentences(member, Some(value)), wanted, "{member}: {value}");
    }
    assert!(sentences("timestamp", Some("\"2026-01-01T00:05:00Z\"")).is_empty(), "clocks may differ");
    assert!(sentences("accountId", Some("\"   \"")).is_empty(), "the predecessor took blanks");
    let eventid = format!("\"{}\"", "x".repeat(101));
    assert_eq!(
        sentences("eventId", Some(&eventid)),
        ["eventId must be shorter than or equal to 100 characters"]
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let json = r#"{"accountId":"a","accountId":"b","foo":1,"userId":"","eventType":"x","timestamp":"never","metadata":1}"#;
    let Err(ParseFault::Invalid(violations)) = parse(json) else { panic!("six things are wrong") };
    let codes: Vec<&str> = violations.iter().map(|violation| violation.code.as_ref()).collect();
    assert_eq!(
        codes,
        [
            "duplicate_member",
            "unknown_member",
            "empty",
            "unknown_event_type",
            "malformed_timestamp",
            "not_an_object"
        ]
    );
    let many = (0..10_000).map(|n| format!("\"m{n}\":1,")).collect::<Vec<_>>().concat();
    let Err(ParseFault::Invalid(violations)) = parse(&GOOD.replacen('{', &format!("{{{many}"), 1)) else {
        panic!("unknown members")
    };
    assert_eq!(violations.iter().count(), 100, "an answer stays small");
}

#[test]
fn what_is_not_one_json_object_is_malformed() {
    for text in
        ["", "  ", "null", "[]", "\"abc\"", "{\"accountId\":", &format!("{GOOD}x"), &format!("{GOOD}{GOOD}")]
    {
        assert!(matches!(parse(text), Err(ParseFault::Malformed { .. })), "{text}");
    }
    let (model, now) = (ScoringModel::embedded_default(), Timestamp::parse("2026-01-01").unwrap());
    let fault = parse_event(b"{\"accountId\":\"\xff\"}", &model, now).unwrap_err();
    assert_eq!(fault.to_string(), "the body is not UTF-8: byte 14 begins no character");
    let large = format!("{GOOD}{}", " ".repeat(Event::MAX_BYTES));
    assert!(matches!(parse(&large), Err(ParseFault::TooLarge { .. })));
}

#[test]
fn timestamps_are_rfc_3339_dates_or_utc() {
    let good = [
        ("2024-12-21T10:00:00Z", "2024-12-21T10:00:00.000Z"),
        ("2024-12-21T10:00:00.123+02:00", "2024-12-21T08:00:00.123Z"),
        ("2024-12-21T10:00:00.123456Z", "2024-12-21T10:00:00.123456Z"),
        ("2024-12-21T10:00:00.1234567891Z", "2024-12-21T10:00:00.123456Z"),
        ("2024-12-21", "2024-12-21T00:00:00.000Z"),
        ("2024-12-21T10:00:00", "2024-12-21T10:00:00.000Z"),
        ("2024-12-31T23:59:59-23:59", "2025-01-01T23:58:59.000Z"),
        ("2024-02-29", "2024-02-29T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
    ];
    for (text, wanted) in good {
        assert_eq!(
            Timestamp::parse(text).map(|instant| instant.to_string()).as_deref(),
            Ok(wanted),
            "{text}"
        );
    }
    let bad = [
        "not-a-date",
        "2024",
        "2024-12",
        "2024-356",
        "2024-W51-1",
        "20241221T100000Z",
        "12/21/2024",
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-12-21 10:00:00",
        "2024-12-21t10:00:00z",
        "2024-12-21T24:00:00Z",
        "2024-12-21T10:00:60Z",
        "2024-12-21T10:60:00Z",
        "2024-12-21T10:00Z",
        "2024-12-21T10:00:00,5Z",
        "2024-12-21T10:00:00.Z",
        "2024-12-21T10:00:00+0200",
        "2024-12-21T10:00:00+02",
        "2024-12-21T10:00:00+24:00",
        "2024-12-21T10:00:00ZZ",
        " 2024-12-21",
        "2024-12-21 ",
        "+012024-01-01T00:00:00Z",
        "-000001-01-01T00:00:00Z",
        "2024-12-21T10:00:00\u{a0}",
        "２０２４-12-21",
        "1969-12-31",
        "0000-01-01T00:00:00Z",
        "1970-01-01T00:00:00+00:01",
    ];
    for text in bad {
        assert!(Timestamp::parse(text).is_err(), "{text}");
    }
}
