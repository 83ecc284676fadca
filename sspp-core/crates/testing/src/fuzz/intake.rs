//! The laws of batches and of `CloudEvents`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{MODEL, NOW_MICROS, round_trip, within_bounds, write_event};
use sspp_engine::Envelope;
use sspp_events::{
    BatchFault, BatchFormat, CloudEventAttributes, Event, ExternalId, SeededRandom, Source, Timestamp,
    Violations, parse_batch, parse_cloud_event, parse_cloud_event_data, parse_event, skip_byte_order_mark,
};

type Parsed = Result<Event, Violations>;

fn now() -> Timestamp {
    Timestamp::from_micros(NOW_MICROS).unwrap_or_else(|| unreachable!("2026 is within bounds"))
}

fn read(bytes: &[u8], format: BatchFormat) -> Result<Vec<Parsed>, BatchFault> {
    parse_batch(bytes, format, &*MODEL, now())
}

/// The laws of [`parse_batch`], in all formats: it never panics, refuses with reasons, each line means what it means by
/// itself, and what it accepts is an event like any other, in any format of a batch.
///
/// ```
/// sspp_core::testing::fuzz::batch(br#"{"events":[{"accountId":"a"}]}"#);
/// ```
///
/// # Panics
/// When a law breaks.
pub fn batch(bytes: &[u8]) {
    for format in [BatchFormat::Events, BatchFormat::Lines, BatchFormat::CloudEvents] {
        match read(bytes, format) {
            Ok(events) => accepted(&events),
            Err(BatchFault::TooLarge { bytes: found, limit }) => {
                assert!(found == bytes.len() && found > limit);
            }
            Err(BatchFault::TooMany { limit }) => assert_eq!(limit, BatchFormat::MAX_EVENTS),
            Err(fault) => assert!(!fault.to_string().is_empty(), "refused without a reason: {fault:?}"),
        }
    }
    if let Ok(events) = read(bytes, BatchFormat::Lines) {
        let rest =
            skip_byte_order_mark(bytes).unwrap_or_else(|fault| unreachable!("it was read, but {fault}"));
        let lines = rest.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        let alone = lines
            .map(|line| parse_event(line, &*MODEL, now()).map_err(sspp_events::ParseFault::into_violations));
        assert!(alone.eq(events), "a line means something else in a batch");
    }
}

fn accepted(events: &[Parsed]) {
    assert!((1..=BatchFormat::MAX_EVENTS).contains(&events.len()), "{} events", events.len());
    let mut good = Vec::new();
    for event in events {
        match event {
            Ok(event) => {
                like_any_other(event);
                good.push(event);
            }
            Err(violations) => {
                assert!(violations.iter().count() > 0, "an event was refused without a reason");
                assert!(violations.iter().all(|one| !one.detail.is_empty()), "a reason is empty");
            }
        }
    }
    let lines: Vec<String> = good.iter().map(|event| write_event(event)).collect();
    if good.is_empty() || lines.iter().any(|line| line.len() > Event::MAX_BYTES) {
        return;
    }
    let wrapped = format!(r#"{{"events":[{}]}}"#, lines.join(","));
    for (text, format) in [(wrapped, BatchFormat::Events), (lines.join("\n"), BatchFormat::Lines)] {
        let again = read(text.as_bytes(), format);
        let same = again.as_ref().is_ok_and(|again| {
            again.len() == good.len()
                && again.iter().zip(&good).all(|(one, other)| one.as_ref() == Ok(*other))
        });
        assert!(same, "written as {text}, read as {again:?}");
    }
}

/// The laws of [`parse_cloud_event`]: it never panics, refuses with reasons, and what it accepts is an event like any
/// other, the same when it comes in the binary form or with its data in base64.
///
/// ```
/// sspp_core::testing::fuzz::cloud_event(br#"{"specversion":"1.0","id":"1"}"#);
/// ```
///
/// # Panics
/// When a law breaks.
pub fn cloud_event(bytes: &[u8]) {
    let event = match parse_cloud_event(bytes, &*MODEL, now()) {
        Ok(event) => event,
        Err(fault) => return super::refused_with_reasons(bytes, &fault),
    };
    like_any_other(&event);
    let attributes = CloudEventAttributes {
        spec_version: Some("1.0".to_owned()),
        id: event.external_id.as_ref().map(ExternalId::to_string),
        source: event.source.as_ref().map(Source::to_string),
        event_type: Some(event.event_type.to_string()),
        time: Some(event.timestamp.to_string()),
        subject: Some(event.account_id.to_string()),
    };
    let user = serde_json::Value::from(event.user_id.as_str());
    let data = format!(r#"{{"userId":{user},"metadata":{}}}"#, event.metadata.as_str());
    if data.len() <= Event::MAX_BYTES {
        let binary = parse_cloud_event_data(&attributes, data.as_bytes(), &*MODEL, now());
        assert_eq!(binary.as_ref(), Ok(&event), "{attributes:?} with {data}");
        let encoded = serde_json::json!({
            "specversion": "1.0", "id": attributes.id, "source": attributes.source, "type": attributes.event_type,
            "time": attributes.time, "subject": attributes.subject, "data_base64": STANDARD.encode(data),
        });
        let encoded = encoded.to_string();
        if encoded.len() <= Event::MAX_BYTES {
            assert_eq!(
                parse_cloud_event(encoded.as_bytes(), &*MODEL, now()).as_ref(),
                Ok(&event),
                "{encoded}"
            );
        }
    }
    let written = write_event(&event);
    if written.len() <= Event::MAX_BYTES {
        assert_eq!(parse_event(written.as_bytes(), &*MODEL, now()).as_ref(), Ok(&event));
    }
}

fn like_any_other(event: &Event) {
    within_bounds(event);
    assert!(event.timestamp.not_after(now()).is_ok(), "{} is in the future", event.timestamp);
    assert!(MODEL.rule(event.event_type.as_str()).is_some(), "the model does not know {}", event.event_type);
    round_trip(Envelope::new(event.clone(), now().to_datetime(), &SeededRandom::new(1)));
}
