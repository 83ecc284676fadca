//! Single `CloudEvents` over HTTP: structured and binary, and how their headers are read.

use serde_json::{Value, json};
use sspp_core::Envelope;

use crate::harness::{Harness, Reply};

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

async fn send(harness: &Harness, headers: &[(&str, &str)], body: impl Into<String>) -> Reply {
    harness.send("POST", "/api/v1/events", headers, body.into()).await
}

async fn queued(harness: &Harness, reply: &Reply) -> Envelope {
    assert_eq!(reply.status, 202, "{reply:?}");
    let id = reply.json()["eventId"].as_str().unwrap().parse().unwrap();
    let job = harness.ports.queue.job(id).await.unwrap().unwrap();
    Envelope::decode(&job.payload).unwrap()
}

#[tokio::test]
async fn both_forms_and_the_plain_one_are_the_same_event() {
    let harness = Harness::idle();
    let first = queued(&harness, &send(&harness, &[STRUCTURED], structured().to_string()).await).await;
    let second = queued(&harness, &send(&harness, &BINARY, DATA).await).await;
    let plain = r#"{"eventId":"order-1","source":"/crm","accountId":"acc_1","userId":"user_1","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z","metadata":{"a":1}}"#;
    let third = queued(&harness, &send(&harness, &[("content-type", "application/json")], plain).await).await;
    assert_eq!((&first.event, first.event_id), (&second.event, second.event_id));
    assert_eq!((&first.event, first.event_id), (&third.event, third.event_id));
}

#[tokio::test]
async fn headers_are_decoded_and_the_subject_may_be_the_account() {
    let harness = Harness::idle();
    let mut headers = BINARY.to_vec();
    headers.push(("ce-subject", "Euro%20%E2%82%AC"));
    headers.push(("ce-traceparent", "00-1"));
    let accepted = queued(&harness, &send(&harness, &headers, r#"{"userId":"u"}"#).await).await;
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

#[tokio::test]
async fn an_idempotency_key_must_be_the_id() {
    let harness = Harness::idle();
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
    let harness = Harness::idle();
    let mut wrong = structured();
    wrong["specversion"] = "0.3".into();
    wrong["data"]["userId"] = "".into();
    let reply = send(&harness, &[STRUCTURED], wrong.to_string()).await;
    reply.problem(400);
    assert_eq!(reply.json()["errors"][0]["pointer"], "/specversion");
    assert_eq!(reply.json()["errors"][1]["pointer"], "/data/userId");
    send(&harness, &[STRUCTURED], "[]").await.problem(400);
    send(&harness, &BINARY, "not json").await.problem(400);
    // A batch is told where it belongs.
    let batch = ("content-type", "application/cloudevents-batch+json");
    let message = send(&harness, &[batch], "[]").await.problem(415).to_string();
    assert!(message.contains("application/cloudevents+json"), "{message}");
    // A header of that kind alone makes no plain event of it.
    let reply = send(&harness, &[("content-type", "application/json"), ("ce-type", "x")], DATA).await;
    assert!(reply.problem(400).to_string().contains("ce-id"), "{reply:?}");
    assert!(harness.holds_nothing().await);
}
