//! What must hold for any bytes from outside: one plain function a parser, shared by the fuzzer and the normal tests.
//!
//! Each function returns when every law holds and panics when one breaks.

mod intake;

use std::sync::{Arc, LazyLock};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use sspp_engine::{Cursor, DeadLetterCursor, Envelope, EnvelopeFault, PayloadFacts};
use sspp_events::{
    AccountId, ContentDigest, Event, EventType, ExternalId, Metadata, ParseFault, SeededRandom, Source,
    Timestamp, UserId, Violation, one_line, parse_event, parse_unsent_event, read_text,
};
use sspp_scoring::{ModelFaults, ScoringModel};

pub use intake::{batch, cloud_event};

static MODEL: LazyLock<Arc<ScoringModel>> = LazyLock::new(ScoringModel::embedded_default);
static MODEL_BOUNDS: LazyLock<(f64, f64)> = LazyLock::new(|| signal_bounds(&MODEL));

/// 2026-01-01T00:00:00Z: the clock that events are checked against.
const NOW_MICROS: i64 = 1_767_225_600_000_000;

/// Metadata that scoring is tried with: what the usual modifiers read, as every type JSON has.
const METADATA: [&str; 6] = [
    "{}",
    r#"{"responseTimeHours":2,"interactionCount":5}"#,
    r#"{"responseTimeHours":"0","interactionCount":[4]}"#,
    r#"{"responseTimeHours":-1e308,"interactionCount":true}"#,
    r#"{"responseTimeHours":null,"interactionCount":{"a":[1,"x",false]},"plan":"pro","tags":["a","b"]}"#,
    r#"{"a":{"b":{"c":1.5}},"x":"","y":9007199254740993,"z":[[],{}]}"#,
];

/// The laws of [`parse_event`], with which [`parse_unsent_event`] agrees: it never panics, refuses with reasons, and what it
/// accepts is within bounds, keeps its metadata on one line as it was, can be scored, and survives the envelope and being
/// written as JSON again.
///
/// ```
/// sspp_core::testing::fuzz::event_json(br#"{"accountId":"a","userId":"u"}"#);
/// ```
///
/// # Panics
/// When a law breaks.
pub fn event_json(bytes: &[u8]) {
    let now = Timestamp::from_micros(NOW_MICROS).unwrap_or_else(|| unreachable!("2026 is within bounds"));
    let received = parse_event(bytes, &*MODEL, now);
    judged_alike_before_it_is_sent(&received, &parse_unsent_event(bytes, Some(now)));
    let event = match received {
        Ok(event) => event,
        Err(fault) => return refused_with_reasons(bytes, &fault),
    };
    within_bounds(&event);
    assert!(event.timestamp.not_after(now).is_ok(), "{} is in the future", event.timestamp);
    assert!(MODEL.rule(event.event_type.as_str()).is_some(), "the model does not know {}", event.event_type);
    let metadata = event.metadata.as_str();
    let text = read_text(bytes).unwrap_or_else(|fault| unreachable!("it was read, but {fault}"));
    assert!(
        metadata == "{}" || one_line(text).contains(metadata),
        "the metadata is not a part of the input: {metadata}"
    );
    let marked = format!("\u{feff}{text}");
    if marked.len() <= Event::MAX_BYTES {
        assert_eq!(
            parse_event(marked.as_bytes(), &*MODEL, now).as_ref(),
            Ok(&event),
            "after a byte order mark"
        );
    }
    score_adds_up(&MODEL, *MODEL_BOUNDS, &event);

    let written = write_event(&event);
    if written.len() <= Event::MAX_BYTES {
        assert_eq!(
            parse_event(written.as_bytes(), &*MODEL, now).as_ref(),
            Ok(&event),
            "written as {written}"
        );
    }
    let envelope = Envelope::new(event, now.to_datetime(), &SeededRandom::new(1));
    let accepted = envelope.clone().received(now);
    assert!(accepted.effective_time() <= accepted.received_at);
    assert!(accepted.effective_time() <= accepted.event.timestamp);
    round_trip(envelope);
}

/// The laws of [`ScoringModel::from_json`] and [`ScoringModel::from_toml`]: they never panic, refuse with reasons, and a
/// model they accept is given back by its record and scores events within its bounds, with steps that add up.
///
/// ```
/// sspp_core::testing::fuzz::model_document(b"name = \"empty\"");
/// ```
///
/// # Panics
/// When a law breaks.
pub fn model_document(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for read in [ScoringModel::from_json(text), ScoringModel::from_toml(text)] {
        match read {
            Ok(model) => model_laws(&model),
            Err(ModelFaults(faults)) => {
                assert!(!faults.is_empty(), "a model was refused without a reason");
                assert!(faults.iter().all(|fault| !fault.detail.is_empty()), "a reason is empty: {faults:?}");
            }
        }
    }
}

/// The laws of [`Envelope::decode`]: it never panics, what it accepts is within bounds, and encoding it again is the
/// identity.
///
/// ```
/// sspp_core::testing::fuzz::envelope(br#"{"v":1,"kind":"event"}"#);
/// ```
///
/// # Panics
/// When a law breaks.
pub fn envelope(bytes: &[u8]) {
    match Envelope::decode(bytes) {
        Ok(envelope) => {
            within_bounds(&envelope.event);
            let (facts, event) = (PayloadFacts::of_payload(bytes), &envelope.event);
            assert_eq!(
                facts.account_id.as_ref(),
                Some(&event.account_id),
                "what is readable names its account"
            );
            assert_eq!(facts.user_id.as_ref(), Some(&event.user_id));
            round_trip(envelope);
        }
        Err(EnvelopeFault::UnknownVersion { version }) => assert_ne!(version, 1, "version 1 is known"),
        Err(EnvelopeFault::UnknownKind { kind }) => assert_ne!(kind, "event", "the kind is known"),
        Err(EnvelopeFault::Malformed { reason }) => assert!(!reason.is_empty(), "refused without a reason"),
        Err(fault) => unreachable!("a fault without a law: {fault}"),
    }
}

/// The laws of the texts of a [`Cursor`] and a [`DeadLetterCursor`]: reading never panics, and what is accepted is written the same again.
///
/// ```
/// sspp_core::testing::fuzz::cursor(b"AQMAAAAAAAAAKgAAAAAAAAAH");
/// ```
///
/// # Panics
/// When a law breaks.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(cursor) = text.parse::<Cursor>() {
        let written = cursor.to_string();
        assert_eq!(written, text, "two texts stand for one cursor");
        assert_eq!(written.parse(), Ok(cursor));
    }
    if let Ok(cursor) = text.parse::<DeadLetterCursor>() {
        assert!(text.parse::<Cursor>().is_err(), "a text is a cursor of two kinds");
        let written = cursor.to_string();
        assert_eq!(written, text, "two texts stand for one cursor");
        assert_eq!(written.parse(), Ok(cursor));
    }
}

/// What the sender says of an event, the receiver says too, but for the event types that only the receiver's model knows.
fn judged_alike_before_it_is_sent(received: &Result<Event, ParseFault>, unsent: &Result<Event, ParseFault>) {
    let others = |fault: &ParseFault| -> Vec<Violation> {
        let violations = fault.clone().into_violations().into_vec();
        violations.into_iter().filter(|violation| violation.pointer != "/eventType").collect()
    };
    match (received, unsent) {
        (Ok(received), unsent) => assert_eq!(unsent.as_ref(), Ok(received), "accepted, but not sent"),
        (Err(fault), Ok(event)) => {
            assert!(others(fault).is_empty(), "sent, but refused: {fault}");
            assert!(MODEL.rule(event.event_type.as_str()).is_none(), "a known type was refused: {fault}");
        }
        (Err(received), Err(unsent)) => assert_eq!(others(received), others(unsent)),
    }
}

fn refused_with_reasons(bytes: &[u8], fault: &ParseFault) {
    match fault {
        ParseFault::TooLarge { bytes: found, limit } => {
            assert!(*found == bytes.len() && found > limit, "{found} of {limit} bytes is not too large");
        }
        ParseFault::Malformed { detail } => {
            assert!(!detail.is_empty(), "refused without a reason");
            let object = bytes.trim_ascii_start().starts_with(b"{");
            let parses = serde_json::from_slice::<Value>(bytes).is_ok();
            assert!(!(object && parses), "a JSON object was called malformed: {detail}");
        }
        ParseFault::Invalid(violations) => {
            assert!(violations.iter().next().is_some(), "refused without a violation");
            for violation in violations {
                assert!(violation.pointer.starts_with('/'), "not a JSON pointer: {}", violation.pointer);
                assert!(!violation.code.is_empty() && !violation.detail.is_empty(), "{violation:?}");
            }
        }
        fault => unreachable!("a fault without a law: {fault}"),
    }
}

fn within_bounds(event: &Event) {
    let texts = [
        (event.account_id.as_str(), AccountId::MAX_CHARS),
        (event.user_id.as_str(), UserId::MAX_CHARS),
        (event.event_type.as_str(), EventType::MAX_CHARS),
        (event.source.as_ref().map_or("absent", Source::as_str), Source::MAX_CHARS),
        (event.external_id.as_ref().map_or("absent", ExternalId::as_str), ExternalId::MAX_CHARS),
    ];
    for (text, most) in texts {
        assert!((1..=most).contains(&text.chars().count()), "{text:?} has not 1 to {most} characters");
        assert!(!text.chars().any(char::is_control), "{text:?} holds a control character");
    }
    let text = event.metadata.as_str();
    assert_eq!(Metadata::parse(text).as_ref(), Ok(&event.metadata), "accepted, then refused");
    assert!(text.starts_with('{') && text.ends_with('}'), "metadata is not an object: {text}");
    let breaks = |c| matches!(c, '\0'..='\u{1f}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    assert!(!text.contains(breaks) && one_line(text) == text, "metadata is not on one line: {text:?}");
    assert!(depth(text) <= Metadata::MAX_DEPTH, "metadata is nested {} levels deep", depth(text));
    // Nothing that passed may be unreadable, or read as something else, to a later reader.
    let read = serde_json::from_str::<Value>(text);
    assert!(read.is_ok_and(|value| value.is_object()), "metadata cannot be read: {text}");
}

/// How deep a JSON text is nested, counted in its brackets outside strings.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn write_event(event: &Event) -> String {
    #[derive(serde::Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Written<'e> {
        account_id: &'e str,
        user_id: &'e str,
        event_type: &'e str,
        timestamp: String,
        metadata: &'e Metadata,
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<&'e str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        event_id: Option<&'e str>,
    }
    let written = Written {
        account_id: event.account_id.as_str(),
        user_id: event.user_id.as_str(),
        event_type: event.event_type.as_str(),
        timestamp: event.timestamp.to_string(),
        metadata: &event.metadata,
        source: event.source.as_ref().map(Source::as_str),
        event_id: event.external_id.as_ref().map(ExternalId::as_str),
    };
    serde_json::to_string(&written).unwrap_or_else(|error| unreachable!("strings and raw JSON: {error}"))
}

fn round_trip(envelope: Envelope) {
    let content = ContentDigest::of(&envelope.event);
    let encoded = envelope.encode();
    let decoded = Envelope::decode(&encoded);
    assert_eq!(decoded.as_ref(), Ok(&envelope), "encoded as {}", String::from_utf8_lossy(&encoded));
    let again = decoded.unwrap_or(envelope);
    assert_eq!(again.encode(), encoded, "encoding is not stable");
    assert_eq!(ContentDigest::of(&again.event), content, "the content changed on the way");
}

fn model_laws(model: &ScoringModel) {
    let record = model.to_record();
    let digest: [u8; 32] = Sha256::digest(record.document.as_bytes()).into();
    assert_eq!(record.digest.as_bytes(), &digest, "the digest is not that of the document");
    assert_eq!(model.digest(), record.digest);
    assert_eq!((model.name(), model.version()), (record.name.as_str(), record.version));
    match ScoringModel::from_json(&record.document) {
        Ok(again) => assert_eq!(again.to_record(), record, "the model is not given back by its record"),
        Err(faults) => unreachable!("a model's own record was refused: {faults}: {}", record.document),
    }
    let bounds = signal_bounds(model);
    for rule in model.event_rules().iter().take(4) {
        assert!(model.rule(rule.event_type.as_str()).is_some(), "{} is listed, not found", rule.event_type);
        for metadata in METADATA {
            let event = Event::builder("acc_1", "user_1", rule.event_type.as_str(), "2024-12-21T10:00:00Z");
            match event.metadata(metadata).build() {
                Ok(event) => score_adds_up(model, bounds, &event),
                Err(violations) => unreachable!("a model names an impossible event type: {violations}"),
            }
        }
    }
}

fn score_adds_up(model: &ScoringModel, (least, most): (f64, f64), event: &Event) {
    let (scored, explained) = match (model.score(event), model.explain(event)) {
        (Ok(scored), Ok(explained)) => (scored, explained),
        (Err(unknown), _) | (_, Err(unknown)) => unreachable!("the model lists the type, but: {unknown}"),
    };
    assert_eq!((scored.signal_type, scored.score), (explained.signal_type, explained.score));
    let mut total = sspp_events::Units::ZERO;
    for step in &explained.steps {
        total = total + step.delta;
        assert_eq!(step.total, total, "the steps do not add up: {:?}", explained.steps);
    }
    assert_eq!(total, scored.score.units(), "the steps do not sum to the score: {:?}", explained.steps);
    let score = scored.score.to_f64();
    // A bound finer than 0.01 is rounded with the score.
    assert!(score >= least - 0.005 && score <= most + 0.005, "{score} is not from {least} to {most}");
}

/// `signal.min` and `signal.max` of the model's document.
fn signal_bounds(model: &ScoringModel) -> (f64, f64) {
    let document: Value = serde_json::from_str(&model.to_record().document).unwrap_or_default();
    let bound = |name: &str| document["signal"][name].as_f64();
    (bound("min").unwrap_or(0.0), bound("max").unwrap_or(f64::INFINITY))
}
