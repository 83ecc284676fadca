//! Single `CloudEvents` over HTTP: structured and binary, and how their headers are read.

use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Value, json};
use sspp_api::Settings;
use sspp_core::AcceptedEvent;

use crate::harness::{Harness, Reply, memory_ports};

const ALLOWED: &str = "webhook-allowed-origin";

const STRUCTURED: (&str, &str) = ("content-type", "application/cloudevents+json; charset=utf-8");

fn structured() -> Value {
    json!({
        "specversion": "1.0", "id": "order-1", "source": "/crm", "type": "com.example.email_clicked",
        "time": "2024-12-21T10:00:00Z", "data": {"accountId": "acc_1", "userId": "user_1", "metadata": {"a": 1}}
    })
}

const BINARY: [(&str, &str); 6] = [
    ("content-type", "application/json"),
    ("ce-specversion", "1.0"),
    ("ce-id", "order-1"),
    ("ce-source", "/crm"),
    ("ce-type", "com.example.email_clicked"),
    ("ce-time", "2024-12-21T10:00:00Z"),
];
const DATA: &str = r#"{"accountId":"acc_1","userId":"user_1","metadata":{"a":1}}"#;

const BATCH: (&str, &str) = ("content-type", "application/cloudevents-batch+json");
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

async fn send(harness: &Harness, headers: &[(&str, &str)], body: impl Into<String>) -> Reply {
    harness.send("POST", "/api/v1/events", headers, body.into()).await
}

async fn taken(harness: &Harness, reply: &Reply) -> Arc<AcceptedEvent> {
    assert_eq!(reply.status, 202, "{reply:?}");
    let id = reply.json()["eventId"].as_str().unwrap().parse().unwrap();
    harness.ports.store.signal_of_event(id).await.unwrap().unwrap().recorded.accepted
}

#[tokio::test]
async fn both_forms_and_the_plain_one_are_the_same_event() {
    let harness = Harness::direct();
    let first = taken(&harness, &send(&harness, &[STRUCTURED], structured().to_string()).await).await;
    let second = taken(&harness, &send(&harness, &BINARY, DATA).await).await;
    let plain = r#"{"eventId":"order-1","source":"/crm","accountId":"acc_1","userId":"user_1","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z","metadata":{"a":1}}"#;
    let third = taken(&harness, &send(&harness, &[("content-type", "application/json")], plain).await).await;
    assert_eq!((&first.event, first.event_id), (&second.event, second.event_id));
    assert_eq!((&first.event, first.event_id), (&third.event, third.event_id));
}

#[tokio::test]
async fn headers_are_decoded_and_the_subject_may_be_the_account() {
    let harness = Harness::direct();
    let mut headers = BINARY.to_vec();
    headers.push(("ce-subject", "Euro%20%E2%82%AC"));
    headers.push(("ce-traceparent", "00-1"));
    let accepted = taken(&harness, &send(&harness, &headers, r#"{"userId":"u"}"#).await).await;
    assert_eq!(accepted.event.account_id.as_str(), "Euro €");
    let mut broken = headers.clone();
    broken[2] = ("ce-id", "100%");
    broken.push(("ce-source", "twice"));
    let reply = send(&harness, &broken, r#"{"userId":7}"#).await;
    reply.problem(400);
    let errors = reply.json()["errors"].clone();
    let pointers: Vec<&str> =
        errors.as_array().unwrap().iter().map(|one| one["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["ce-id", "ce-source", "/userId"], "{errors}");
}

/// The verdicts' statuses.
fn statuses(reply: &Reply) -> Vec<String> {
    let json = reply.json();
    let results = json["results"].as_array().unwrap_or_else(|| panic!("{reply:?}"));
    results.iter().map(|result| result["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn data_without_a_content_type_is_json() {
    let harness = Harness::direct();
    let whole = taken(&harness, &send(&harness, &BINARY, DATA).await).await;
    for content_type in [None, Some(""), Some("text/json"), Some("application/vnd.acme+json; charset=utf-8")]
    {
        let mut headers = BINARY[1..].to_vec();
        headers.extend(content_type.map(|name| ("content-type", name)));
        let reply = send(&harness, &headers, DATA).await;
        assert_eq!(taken(&harness, &reply).await.event_id, whole.event_id, "{content_type:?}");
        let checked = harness.send("POST", "/api/v1/events/validate", &headers, DATA).await;
        assert_eq!(statuses(&checked), ["accepted"], "{content_type:?}");
    }
    for (headers, body) in
        [(&[][..], DATA), (&[("content-type", "")][..], DATA), (&[("content-type", "text/json")], DATA)]
    {
        // Without such a header it is no event of theirs.
        send(&harness, headers, body).await.problem(415);
    }
    let mut form = BINARY.to_vec();
    form[0] = ("content-type", "application/x-www-form-urlencoded");
    assert!(send(&harness, &form, DATA).await.problem(415).to_string().contains("application/json"));
}

#[tokio::test]
async fn every_form_is_taken_at_one_address() {
    let harness = Harness::direct();
    let many = json!([structured(), structured(), {"specversion": "1.0"}]).to_string();
    let plain = crate::harness::event("acc_1", "call_made", "{}");
    for path in ["/api/v1/events", "/api/v1/events/batch"] {
        let send =
            async |headers: &[(&str, &str)], body: String| harness.send("POST", path, headers, body).await;
        let batch = send(&[BATCH], many.clone()).await;
        assert_eq!(
            (batch.status.as_u16(), statuses(&batch)),
            (202, ["accepted", "accepted", "rejected"].map(str::to_owned).to_vec())
        );
        let lines = send(&[LINES], format!("{plain}\n{plain}")).await;
        assert_eq!(statuses(&lines), ["accepted", "accepted"]);
        // A key names one event.
        let keyed = send(&[BATCH, ("idempotency-key", "order-1")], many.clone()).await;
        assert!(keyed.problem(400).to_string().contains("Idempotency-Key"), "{keyed:?}");
    }
    let to_batch = async |headers: &[(&str, &str)], body: String| {
        harness.send("POST", "/api/v1/events/batch", headers, body).await
    };
    for reply in [
        to_batch(&[STRUCTURED], structured().to_string()).await,
        to_batch(&BINARY, DATA.to_owned()).await,
        to_batch(&BINARY[1..], DATA.to_owned()).await,
    ] {
        assert_eq!(
            (reply.status.as_u16(), statuses(&reply)),
            (202, vec!["accepted".to_owned()]),
            "{reply:?}"
        );
    }
    let mut wrong = structured();
    wrong["id"] = serde_json::Value::Null;
    let refused = to_batch(&[STRUCTURED], wrong.to_string()).await;
    assert_eq!((refused.status.as_u16(), statuses(&refused)), (202, vec!["rejected".to_owned()]));
    assert_eq!(refused.json()["results"][0]["errors"][0]["pointer"], "/id");
    to_batch(&[STRUCTURED], "{".to_owned()).await.problem(400);
}

#[tokio::test]
async fn data_in_base64_is_taken_and_each_fault_listed_once() {
    let harness = Harness::direct();
    let mut event = structured();
    event.as_object_mut().unwrap().remove("data");
    event["data_base64"] = base64::prelude::BASE64_STANDARD.encode(DATA).into();
    let accepted = taken(&harness, &send(&harness, &[STRUCTURED], event.to_string()).await).await;
    assert_eq!(accepted.event.user_id.as_str(), "user_1");
    event["data_base64"] = "%".into();
    let reply = send(&harness, &[STRUCTURED], event.to_string()).await;
    assert_eq!(reply.problem(400), json!(["data_base64 must be a string in base64"]));
}

#[tokio::test]
async fn a_sender_of_webhooks_may_ask_first() {
    let harness = Harness::direct();
    let ask = async |path: &str, headers: &[(&str, &str)]| harness.send("OPTIONS", path, headers, ()).await;
    let origin = ("webhook-request-origin", "eventemitter.example.com");
    for path in ["/api/v1/events", "/api/v1/events/batch"] {
        let granted = ask(path, &[origin]).await;
        assert_eq!(
            (granted.status.as_u16(), granted.header("webhook-allowed-origin")),
            (200, origin.1),
            "{granted:?}"
        );
        assert_eq!((granted.header("allow"), granted.header("webhook-allowed-rate")), ("POST", ""));
        let rate = ask(path, &[origin, ("webhook-request-rate", "120")]).await;
        assert_eq!(rate.header("webhook-allowed-rate"), "*");
    }
    // What it delivers afterwards, it delivers under this origin.
    let delivery = [&BINARY[..], &[("origin", origin.1)]].concat();
    assert_eq!(send(&harness, &delivery, DATA).await.status, 202);
    // No consent for a page, for what takes no events, or for what did not ask.
    ask("/api/v1/events", &[("webhook-request-origin", "https://evil.example")]).await.problem(403);
    ask("/api/v1/signals", &[origin]).await.problem(405);
    ask("/api/v1/events", &[]).await.problem(405);
}

#[tokio::test]
async fn the_handshake_tells_the_limit_and_leaves_questions_of_browsers_alone() {
    let rate = sspp_api::RateLimit { rate: "100/s".parse().unwrap(), burst: None };
    let cors = "https://app.example".parse().unwrap();
    let settings = Settings { rate_limit: Some(rate), cors, ..Settings::default() };
    let harness = Harness::over(memory_ports(), settings);
    let origin = ("webhook-request-origin", "eventemitter.example.com");
    let reply = harness.send("OPTIONS", "/api/v1/events", &[origin], ()).await;
    assert_eq!((reply.status.as_u16(), reply.header("webhook-allowed-rate")), (200, "6000"), "{reply:?}");
    let page = ("webhook-request-origin", "https://app.example");
    assert_eq!(harness.send("OPTIONS", "/api/v1/events", &[page], ()).await.header(ALLOWED), page.1);
    let preflight = [("origin", "https://app.example"), ("access-control-request-method", "POST"), origin];
    let reply = harness.send("OPTIONS", "/api/v1/events", &preflight, ()).await;
    assert_eq!((reply.status.as_u16(), reply.header(ALLOWED)), (204, ""), "{reply:?}");
    assert_eq!(reply.header("access-control-allow-methods"), "POST");
}

#[tokio::test]
async fn an_idempotency_key_must_be_the_id() {
    let harness = Harness::direct();
    for (key, status) in [("order-1", 202), ("order-2", 400)] {
        let key = ("idempotency-key", key);
        let reply = send(&harness, &[STRUCTURED, key], structured().to_string()).await;
        assert_eq!(reply.status.as_u16(), status, "{reply:?}");
        if status == 400 {
            assert_eq!(reply.json()["errors"][0]["pointer"], "/id");
        }
        let reply = send(&harness, &[&BINARY[..], &[key]].concat(), DATA).await;
        assert_eq!(reply.status.as_u16(), status, "{reply:?}");
        if status == 400 {
            assert_eq!(reply.json()["errors"][0]["pointer"], "ce-id");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_is_a_400_that_names_it() {
    let harness = Harness::direct();
    let mut wrong = structured();
    wrong["specversion"] = "0.3".into();
    wrong["data"]["userId"] = "".into();
    let reply = send(&harness, &[STRUCTURED], wrong.to_string()).await;
    reply.problem(400);
    assert_eq!(reply.json()["errors"][0]["pointer"], "/specversion");
    assert_eq!(reply.json()["errors"][1]["pointer"], "/data/userId");
    send(&harness, &[STRUCTURED], "[]").await.problem(400);
    send(&harness, &BINARY, "not json").await.problem(400);
    send(&harness, &[BATCH], "[]").await.problem(400);
    // A header of that kind alone makes no plain event of it.
    let reply = send(&harness, &[("content-type", "application/json"), ("ce-type", "x")], DATA).await;
    assert!(reply.problem(400).to_string().contains("ce-id"), "{reply:?}");
    assert!(harness.holds().await == 0);
}
