//! `CloudEvents` 1.0 in both forms: what becomes of each attribute, and where a fault is said to be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sspp_core::{
    BatchFormat, CloudEventAttributes, Event, ParseFault, ScoringModel, Timestamp, parse_batch,
    parse_cloud_event, parse_cloud_event_data,
};

fn now() -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap()
}

fn good() -> Value {
    json!({
        "specversion": "1.0", "id": "order-1", "source": "/crm", "type": "com.example.email_clicked",
        "time": "2024-12-21T10:00:00Z", "datacontenttype": "application/json; charset=utf-8",
        "dataschema": "https://example.com/schema", "traceparent": "00-1", "subject": "somebody",
        "data": {"accountId": "acc_1", "userId": "user_1", "metadata": {"b": 1.50}}
    })
}

fn structured(event: &Value) -> Result<Event, ParseFault> {
    parse_cloud_event(event.to_string().as_bytes(), &ScoringModel::embedded_default(), now())
}

fn binary(attributes: &CloudEventAttributes, data: &str) -> Result<Event, ParseFault> {
    parse_cloud_event_data(attributes, data.as_bytes(), &ScoringModel::embedded_default(), now())
}

fn attributes() -> CloudEventAttributes {
    let given = |text: &str| Some(text.to_owned());
    CloudEventAttributes {
        spec_version: given("1.0"),
        id: given("order-1"),
        source: given("/crm"),
        event_type: given("com.example.email_clicked"),
        time: given("2024-12-21T10:00:00Z"),
        subject: given("somebody"),
    }
}

/// Pointer and sentence of each violation.
fn found(parsed: Result<Event, ParseFault>) -> Vec<(String, String)> {
    let violations = parsed.unwrap_err().into_violations().into_vec();
    violations.into_iter().map(|one| (one.pointer, one.detail)).collect()
}

#[test]
fn both_forms_are_the_same_event() {
    let event = structured(&good()).unwrap();
    assert_eq!(event.account_id.as_str(), "acc_1");
    assert_eq!(event.user_id.as_str(), "user_1");
    assert_eq!(event.event_type.as_str(), "email_clicked");
    assert_eq!(event.timestamp.to_string(), "2024-12-21T10:00:00.000Z");
    assert_eq!(event.source.as_ref().unwrap().as_str(), "/crm");
    assert_eq!(event.external_id.as_ref().unwrap().as_str(), "order-1");
    let data = r#"{"accountId":"acc_1","userId":"user_1","metadata":{"b":1.5}}"#;
    assert_eq!(binary(&attributes(), data).unwrap(), event);
    let batch = format!("[{},7]", good());
    let parsed =
        parse_batch(batch.as_bytes(), BatchFormat::CloudEvents, &ScoringModel::embedded_default(), now());
    let parsed = parsed.unwrap();
    assert_eq!(parsed[0].as_ref(), Ok(&event));
    assert!(parsed[1].is_err());
}

#[test]
fn metadata_is_kept_byte_for_byte() {
    let json = good().to_string().replace(r#"{"b":1.5}"#, r#"{ "b" : 1.50 }"#);
    let event = parse_cloud_event(json.as_bytes(), &ScoringModel::embedded_default(), now()).unwrap();
    assert_eq!(event.metadata.as_str(), r#"{"b":1.50}"#);
}

#[test]
fn the_subject_is_the_account_where_the_data_names_none() {
    let mut event = good();
    event["data"].as_object_mut().unwrap().remove("accountId");
    assert_eq!(structured(&event).unwrap().account_id.as_str(), "somebody");
    assert_eq!(binary(&attributes(), r#"{"userId":"u"}"#).unwrap().account_id.as_str(), "somebody");
    event["subject"] = "x".repeat(256).into();
    let too_long =
        ("/subject".to_owned(), "subject must be shorter than or equal to 255 characters".to_owned());
    assert_eq!(found(structured(&event)), [too_long]);
    event.as_object_mut().unwrap().remove("subject");
    let said = found(structured(&event));
    assert_eq!(said[0].0, "/data/accountId");
    assert_eq!(said[0].1, "data.accountId should not be empty; it may also be the subject");
}

#[test]
fn a_prefix_is_left_out_only_where_it_must_be() {
    let model = ScoringModel::from_toml(
        "name = 'dotted'\nversion = 1\n\
         [events.'a.b']\nbase = 0.5\nsignal_type = 'x'\ngroup = 'outreach'\n\
         [events.b]\nbase = 0.1\nsignal_type = 'y'\ngroup = 'outreach'\n",
    );
    let model = match model {
        Ok(model) => model,
        // A model whose types have no dots cannot be mistaken.
        Err(faults) => panic!("{faults}"),
    };
    for (given, read) in [("a.b", "a.b"), ("b", "b"), ("x.b", "b"), ("com.a.b", "b")] {
        let mut event = good();
        event["type"] = given.into();
        let parsed = parse_cloud_event(event.to_string().as_bytes(), &model, now()).unwrap();
        assert_eq!(parsed.event_type.as_str(), read, "{given}");
    }
    for unknown in ["email_clicked.v2", "com.example.", ".", "clicked", "EMAIL_CLICKED"] {
        let mut event = good();
        event["type"] = unknown.into();
        let said = found(structured(&event));
        assert_eq!(said[0].0, "/type", "{unknown}");
        assert!(said[0].1.starts_with("type must be one of the following values: email_sent,"), "{said:?}");
        assert!(said[0].1.ends_with("; a prefix may come before it, up to a dot"), "{said:?}");
    }
}

#[test]
fn faults_name_the_place_where_they_were_written() {
    for (pointer, value, sentence) in [
        ("/specversion", json!("0.3"), "specversion must be 1.0"),
        ("/specversion", json!(1.0), "specversion must be 1.0"),
        ("/id", json!(null), "id should not be empty"),
        ("/id", json!(""), "id should not be empty"),
        ("/id", json!(7), "id must be a string"),
        ("/source", json!(null), "source should not be empty"),
        ("/time", json!("yesterday"), "time must be a valid ISO 8601 date string"),
        ("/datacontenttype", json!("text/plain"), "datacontenttype must be application/json, as data is"),
        ("/data/userId", json!(7), "data.userId must be a string"),
        ("/data/accountId", json!("a\u{0}"), "data.accountId must not contain control characters"),
        ("/data/metadata", json!([]), "data.metadata must be an object"),
        ("/data/plan", json!("pro"), "data.plan should not exist: put it into metadata"),
        ("/data_base64", json!("e30="), "data_base64 should not exist beside data: send one of them"),
    ] {
        let mut event = good();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[name] = value.clone();
        assert_eq!(found(structured(&event)), [(pointer.to_owned(), sentence.to_owned())], "{value}");
    }
    for data in [json!(null), json!("{}"), json!([]), json!(7)] {
        let mut event = good();
        event["data"] = data;
        let said = found(structured(&event));
        assert!(said[0].0 == "/data" && said[0].1.contains("must be an object"), "{said:?}");
        assert_eq!(said.len(), 1, "of data that is none, nothing more is said: {said:?}");
    }
    let deep = good().to_string().replace(r#"{"b":1.5}"#, r#"{"a":{"b":[1,"\u0000"]}}"#);
    let parsed = parse_cloud_event(deep.as_bytes(), &ScoringModel::embedded_default(), now());
    assert_eq!(found(parsed)[0].0, "/data/metadata/a/b/1");
    let twice = good().to_string().replacen('{', r#"{"id":"2","#, 1);
    let parsed = parse_cloud_event(twice.as_bytes(), &ScoringModel::embedded_default(), now());
    assert_eq!(found(parsed), [("/id".to_owned(), "id must appear only once".to_owned())]);
}

/// A good event with its data in base64.
fn encoded(data: &str) -> Value {
    let mut event = good();
    event.as_object_mut().unwrap().remove("data");
    event["data_base64"] = STANDARD.encode(data).into();
    event
}

#[test]
fn data_may_come_in_base64() {
    let data = r#"{"accountId":"acc_1","userId":"user_1","metadata":{"b":1.5}}"#;
    assert_eq!(structured(&encoded(data)).unwrap(), structured(&good()).unwrap());
    let mut event = encoded(data);
    event.as_object_mut().unwrap().remove("datacontenttype");
    event["data"] = json!(null);
    assert_eq!(structured(&event).unwrap(), structured(&good()).unwrap());
    event["data_base64"] = json!(null);
    event["data"] = good()["data"].clone();
    assert_eq!(structured(&event).unwrap(), structured(&good()).unwrap());
}

#[test]
fn each_fault_of_data_in_base64_is_listed_once() {
    let sentence = |event: &Value| {
        let said = found(structured(event));
        assert_eq!(said.len(), 1, "{said:?}");
        said[0].clone()
    };
    for (data, expected) in [
        (r#"{"accountId":"a","userId":7}"#, "userId in data_base64 must be a string"),
        (
            r#"{"accountId":"a","userId":"u","plan":1}"#,
            "plan in data_base64 should not exist: put it into metadata",
        ),
        ("", "data_base64 is empty: expected a JSON object"),
        ("[]", "data_base64 is not a JSON object: "),
        ("\u{89}PNG", "data_base64 is not a JSON object: "),
    ] {
        let (pointer, detail) = sentence(&encoded(data));
        assert!(pointer == "/data_base64" && detail.starts_with(expected), "{data}: {detail}");
    }
    for broken in [json!("%"), json!("e30"), json!(7), json!({})] {
        let mut event = encoded("{}");
        event["data_base64"] = broken;
        assert_eq!(sentence(&event).1, "data_base64 must be a string in base64");
    }
    let mut event = encoded("<a/>");
    event["datacontenttype"] = "application/xml".into();
    assert_eq!(sentence(&event).1, "datacontenttype must be application/json, as data is");
}

#[test]
fn without_a_time_an_event_is_refused() {
    let mut event = good();
    event.as_object_mut().unwrap().remove("time");
    assert_eq!(found(structured(&event))[0], ("/time".to_owned(), "time should not be empty".to_owned()));
}

#[test]
fn headers_are_named_as_they_were_sent() {
    let said =
        found(binary(&CloudEventAttributes::default(), r#"{"x":1,"userId":7,"metadata":{"n":1e400}}"#));
    let pointers: Vec<&str> = said.iter().map(|(pointer, _)| pointer.as_str()).collect();
    for expected in [
        "ce-specversion",
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-time",
        "/x",
        "/accountId",
        "/userId",
        "/metadata/n",
    ] {
        assert!(pointers.contains(&expected), "{expected}: {said:?}");
    }
    assert!(
        said.iter().all(|(pointer, sentence)| {
            sentence.starts_with(pointer.trim_start_matches('/').split('/').next().unwrap())
        }),
        "{said:?}"
    );
    let large = format!(r#"{{"userId":"{}"}}"#, "x".repeat(Event::MAX_BYTES));
    assert!(matches!(binary(&attributes(), &large), Err(ParseFault::TooLarge { .. })));
}
