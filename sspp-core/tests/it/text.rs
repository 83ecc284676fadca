//! Where text from outside begins: a byte order mark is skipped, UTF-16 is refused with a word about UTF-8.

use sspp_core::{
    BatchFormat, CloudEventAttributes, ScoringModel, Timestamp, parse_batch, parse_cloud_event,
    parse_cloud_event_data, parse_event,
};
use sspp_runtime::load_model;

const EVENT: &str =
    r#"{"accountId":"acc","userId":"user","eventType":"email_sent","timestamp":"2024-12-21T10:00:00Z"}"#;
const DATA: &str = r#"{"accountId":"acc","userId":"user"}"#;

fn cloud_event() -> String {
    format!(
        r#"{{"specversion":"1.0","id":"1","source":"crm","type":"email_sent","time":"2024-12-21","data":{DATA}}}"#
    )
}

/// Reads bytes by every parser that fits them: why not, or that all events were good.
type Reader = fn(&[u8]) -> Result<bool, String>;

fn batch(bytes: &[u8], format: BatchFormat) -> Result<bool, String> {
    let now = Timestamp::parse("2026-01-01").unwrap();
    let events = parse_batch(bytes, format, &ScoringModel::embedded_default(), now);
    events.map(|events| events.iter().all(Result::is_ok)).map_err(|fault| fault.to_string())
}

fn data(bytes: &[u8]) -> Result<bool, String> {
    let attributes = CloudEventAttributes {
        spec_version: Some("1.0".to_owned()),
        id: Some("1".to_owned()),
        source: Some("crm".to_owned()),
        event_type: Some("email_sent".to_owned()),
        time: Some("2024-12-21".to_owned()),
        subject: None,
    };
    let now = Timestamp::parse("2026-01-01").unwrap();
    let event = parse_cloud_event_data(&attributes, bytes, &ScoringModel::embedded_default(), now);
    event.map(|_| true).map_err(|fault| fault.to_string())
}

fn readers() -> Vec<(&'static str, String, Reader)> {
    vec![
        ("an event", EVENT.to_owned(), |bytes| {
            let now = Timestamp::parse("2026-01-01").unwrap();
            let event = parse_event(bytes, &ScoringModel::embedded_default(), now);
            event.map(|_| true).map_err(|fault| fault.to_string())
        }),
        ("a CloudEvent", cloud_event(), |bytes| {
            let now = Timestamp::parse("2026-01-01").unwrap();
            let event = parse_cloud_event(bytes, &ScoringModel::embedded_default(), now);
            event.map(|_| true).map_err(|fault| fault.to_string())
        }),
        ("data of a CloudEvent", DATA.to_owned(), data),
        ("an object with events", format!(r#"{{"events":[{EVENT}]}}"#), |bytes| {
            batch(bytes, BatchFormat::Events)
        }),
        ("lines", format!("{EVENT}\r\n{EVENT}"), |bytes| batch(bytes, BatchFormat::Lines)),
        // As `cat a.ndjson b.ndjson` makes it.
        ("lines of two files", format!("{EVENT}\n\u{feff}{EVENT}\n"), |bytes| {
            batch(bytes, BatchFormat::Lines)
        }),
        ("CloudEvents", format!("[{}]", cloud_event()), |bytes| batch(bytes, BatchFormat::CloudEvents)),
    ]
}

#[test]
fn a_byte_order_mark_is_skipped() {
    for (what, text, read) in readers() {
        for before in ["", "\u{feff}", "\u{feff} \r\n"] {
            assert_eq!(read(format!("{before}{text}").as_bytes()), Ok(true), "{what} after {before:?}");
        }
    }
}

#[test]
fn other_encodings_are_refused_with_a_word_about_utf_8() {
    for (what, text, read) in readers() {
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let wide: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let marked = |mark: &[u8], rest: &[u8]| [mark, rest].concat();
        for bytes in [marked(b"\xff\xfe", &little), marked(b"\xfe\xff", &big), little, big, wide] {
            let refused = read(&bytes).unwrap_err();
            assert!(refused.contains("is UTF-16 or UTF-32: it must be UTF-8"), "{what}: {refused}");
        }
    }
}

#[test]
fn a_model_is_read_after_a_byte_order_mark_and_refused_in_utf_16() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "name = 'calls'\nversion = 1\n[events.call_made]\nbase = 0.5\nsignal_type = 'outreach'\ngroup = 'outreach'\n";
    let json = ScoringModel::from_toml(toml).unwrap().to_record().document;
    for (ending, text) in [("toml", toml), ("json", &json)] {
        let path = folder.path().join(format!("model.{ending}"));
        std::fs::write(&path, format!("\u{feff}{text}")).unwrap();
        assert_eq!(load_model(Some(&path)).unwrap().name(), "calls", "{ending}");
        std::fs::write(&path, text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).unwrap();
        let refused = load_model(Some(&path)).unwrap_err().to_string();
        assert!(refused.contains("it is UTF-16 or UTF-32: it must be UTF-8"), "{refused}");
    }
}
