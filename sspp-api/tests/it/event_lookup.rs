//! One event by its id: in the queue, or as a signal, or as a dead letter.

use serde_json::json;
use sspp_api::{Ports, Settings};
use sspp_core::{DeadLetterId, DeadLetterReason, EventId, NewDeadLetter, Record, Timestamp};

use crate::harness::{Harness, event, memory_ports};

#[tokio::test]
async fn an_event_is_followed_from_the_queue_to_its_signal() {
    let harness = Harness::queued();
    let body = event("acc 1/é", "email_sent", r#"{"a" : 1}"#).replacen(
        '{',
        r#"{"eventId":"order/1 é","source":"crm","#,
        1,
    );
    let id = harness.accept(body).await;
    let own = "/api/v1/events/order%2F1%20%C3%A9?accountId=acc+1%2F%C3%A9&source=crm";
    for path in [format!("/api/v1/events/{id}"), own.to_owned()] {
        let waiting = harness.get(&path).await;
        assert_eq!(waiting.status, 200, "{waiting:?}");
        assert!(waiting.text.contains(r#"{"a":1}"#), "metadata is not verbatim: {waiting:?}");
        let json = waiting.json();
        assert_eq!(
            (&json["eventId"], &json["jobId"], &json["state"]),
            (&json!(id), &json!(id), &json!("waiting"))
        );
        assert_eq!(json["event"]["accountId"], "acc 1/é");
        assert_eq!(
            (&json["event"]["externalId"], &json["event"]["source"]),
            (&json!("order/1 é"), &json!("crm"))
        );
        assert_eq!(json["attemptsMade"], 0);
        assert!(json.get("signal").is_none() && json.get("deadLetter").is_none(), "{json}");
        assert!(json["receivedAt"].is_string());
    }
    harness.run_pipeline();
    harness.drained().await;
    let done = harness.get(own).await.json();
    assert_eq!((&done["eventId"], &done["state"]), (&json!(id), &json!("completed")));
    assert_eq!((&done["signal"]["signal_score"], &done["signal"]["event_id"]), (&json!(0.1), &json!(id)));
    assert_eq!(done["event"]["metadata"], json!({"a": 1}));
}

#[tokio::test]
async fn an_event_that_is_a_signal_is_one_whatever_still_waits() {
    let body = || event("acc_1", "email_sent", "{}").replacen('{', r#"{"eventId":"own","#, 1);
    let waiting = Harness::queued();
    let id = waiting.accept(body()).await;
    let store = waiting.ports.store.clone();
    let scoring = Harness::over(Ports { store, ..memory_ports() }, Settings::default());
    assert_eq!(scoring.accept(body()).await, id);
    let found = waiting.get(&format!("/api/v1/events/{id}")).await.json();
    assert_eq!((&found["state"], &found["signal"]["event_id"]), (&json!("completed"), &json!(id)));
    let job = waiting.get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!((&job["state"], &job["returnvalue"]["signalScore"]), (&json!("completed"), &json!(0.1)));
    let recent = waiting.get("/api/v1/jobs/recent").await.json();
    assert_eq!((recent.as_array().unwrap().len(), &recent[0]["state"]), (1, &json!("completed")));
}

#[tokio::test]
async fn an_event_that_failed_says_why() {
    let harness = Harness::direct();
    let event_id: EventId = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
    let letter = NewDeadLetter {
        id: DeadLetterId::of_event(event_id),
        event_id,
        content: None,
        payload: bytes::Bytes::from_static(b"\xff"),
        reason: DeadLetterReason::Undecodable,
        detail: "no envelope".to_owned(),
        attempts: 1,
        enqueued_at: Timestamp::from_micros(1_700_000_000_000_000).unwrap(),
        died_at: Timestamp::from_micros(1_700_000_001_000_000).unwrap(),
    };
    harness.ports.store.record(vec![Record::DeadLetter(letter)]).await.unwrap();
    let json = harness.get(&format!("/api/v1/events/{event_id}")).await.json();
    assert_eq!(
        (&json["state"], &json["event"], &json["attemptsMade"]),
        (&json!("failed"), &json!(null), &json!(1))
    );
    assert_eq!(json["deadLetter"]["reason"], "undecodable");
    assert_eq!(json["deadLetter"]["detail"], "no envelope");
}

#[tokio::test]
async fn what_cannot_be_found_says_what_is_missing() {
    let harness = Harness::direct();
    let unknown = "0197d3c5-5c00-7000-8000-000000000009";
    harness.get(&format!("/api/v1/events/{unknown}")).await.problem(404);
    harness.get("/api/v1/events/order-1?accountId=acc_1").await.problem(404);
    let message = harness.get("/api/v1/events/order-1").await.problem(404).to_string();
    assert!(message.contains("accountId"), "{message}");
    // Not hyphenated, so some producer's own string.
    harness.get("/api/v1/events/0197d3c55c0070008000000000000009").await.problem(404);
    let long = "x".repeat(101);
    for (path, named) in [
        (format!("{long}?accountId=a"), "eventId"),
        ("x?accountId=".to_owned(), "accountId"),
        ("x?accountId=a&accountId=b".to_owned(), "accountId"),
        ("x?accountId=%ff".to_owned(), "accountId"),
        ("x?accountId=a&source=".to_owned(), "source"),
        ("x?accountId=a&colour=red".to_owned(), "colour"),
        (format!("{unknown}?source=%00"), "source"),
    ] {
        let message = harness.get(&format!("/api/v1/events/{path}")).await.problem(400).to_string();
        assert!(message.contains(named), "{path}: {message}");
    }
    for fixed in ["batch", "validate"] {
        let reply = harness.get(&format!("/api/v1/events/{fixed}")).await;
        reply.problem(405);
        assert_eq!(reply.header("allow"), "POST");
    }
}
