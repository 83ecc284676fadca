//! Jobs in every state, newest first, and counted.

use serde_json::json;
use sspp_core::{DeadLetterId, DeadLetterReason, EventId, NewDeadLetter, Record, Timestamp};

use crate::harness::{Harness, event, in_each_shape};

#[tokio::test]
async fn a_job_is_followed_from_the_queue_to_its_signal() {
    let harness = Harness::queued();
    let id = harness.accept(event("acc_1", "email_sent", r#"{"campaign": "Test"}"#)).await;
    let waiting = harness.get(&format!("/api/v1/jobs/{id}")).await.json();
    let data = json!({
        "accountId":"acc_1","userId":"user_1","eventType":"email_sent",
        "timestamp":"2024-12-21T10:00:00.000Z","metadata":{"campaign":"Test"}
    });
    assert_eq!((&waiting["id"], &waiting["state"], &waiting["data"]), (&json!(id), &json!("waiting"), &data));
    assert_eq!(waiting["attemptsMade"], 0);
    assert!(waiting.get("returnvalue").is_none());
    let stats = harness.get("/api/v1/jobs/stats").await.json();
    assert_eq!(stats, json!({"waiting":1,"active":0,"completed":0,"failed":0,"delayed":0,"total":1}));

    harness.run_pipeline();
    harness.drained().await;
    let done = harness.get(&format!("/api/v1/jobs/{id}")).await.json();
    assert_eq!((&done["state"], &done["progress"], &done["data"]), (&json!("completed"), &json!(0), &data));
    assert_eq!(done["timestamp"], waiting["timestamp"]);
    assert!(done["processedOn"].as_i64() >= done["timestamp"].as_i64());
    assert!(done["finishedOn"].is_i64());
    let signal = &done["returnvalue"];
    assert_eq!((&signal["signalType"], &signal["signalScore"]), (&json!("outreach"), &json!(0.1)));
    let stats = harness.get("/api/v1/jobs/stats").await.json();
    assert_eq!(stats, json!({"waiting":0,"active":0,"completed":1,"failed":0,"delayed":0,"total":1}));
}

#[tokio::test]
async fn a_dead_letter_is_a_failed_job_even_when_its_payload_is_garbage() {
    let harness = Harness::direct();
    let event_id: EventId = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
    let at = Timestamp::parse("2025-01-01").unwrap();
    let letter = NewDeadLetter {
        id: DeadLetterId::of_event(event_id),
        event_id,
        content: None,
        payload: bytes::Bytes::from_static(b"\xff garbage"),
        reason: DeadLetterReason::Undecodable,
        detail: "the payload is not an envelope".to_owned(),
        attempts: 3,
        enqueued_at: at,
        died_at: at,
    };
    harness.ports.store.record(vec![Record::DeadLetter(letter)]).await.unwrap();
    let job = harness.get(&format!("/api/v1/jobs/{event_id}")).await.json();
    assert_eq!(job["state"], "failed");
    assert_eq!(job["attemptsMade"], 3);
    assert_eq!(job["failedReason"], "undecodable: the payload is not an envelope");
    assert!(job.get("data").is_none(), "{job}");
    assert_eq!(harness.get("/api/v1/jobs/recent").await.json()[0]["id"], event_id.to_string());
    assert_eq!(harness.get("/api/v1/jobs/stats").await.json()["failed"], 1);
}

#[tokio::test]
async fn unknown_jobs_are_404() {
    let harness = Harness::direct();
    for id in ["abc", "99999", "id", "wait", "0197d3c5-5c00-7000-8000-000000000001"] {
        let message = harness.get(&format!("/api/v1/jobs/{id}")).await.problem(404);
        assert_eq!(message, format!("Job with ID {id} not found"));
    }
    for id in ["%00", "%ff", "%0a", &"x".repeat(5_000)] {
        let message = harness.get(&format!("/api/v1/jobs/{id}")).await.problem(404);
        let shown = message.as_str().unwrap();
        assert!(shown.len() < 400 && !shown.contains(char::is_control), "{shown}");
    }
}

#[tokio::test]
async fn recent_jobs_are_the_newest_in_each_shape() {
    in_each_shape(async |harness| {
        harness.run_pipeline();
        let mut sent = Vec::new();
        for at in 0..3 {
            sent.push(harness.accept(event(&format!("acc_{at}"), "call_made", "{}")).await);
            harness.drained().await;
        }
        let list = harness.get("/api/v1/jobs/recent?limit=2").await.json();
        let list = list.as_array().unwrap().clone();
        assert_eq!(list.len(), 2);
        let times: Vec<_> = list.iter().map(|job| job["timestamp"].as_i64().unwrap()).collect();
        assert!(times.is_sorted_by(|one, other| one >= other), "{times:?}");
        let everything = harness.get("/api/v1/jobs/recent").await.json();
        assert_eq!(everything.as_array().unwrap().len(), sent.len());
        for job in everything.as_array().unwrap() {
            assert_eq!(job["state"], "completed");
            assert!(sent.iter().any(|id| job["id"] == **id));
            assert!(job.get("progress").is_none() && job.get("returnvalue").is_none(), "{job}");
        }
        let stats = harness.get("/api/v1/jobs/stats").await.json();
        assert_eq!(stats, json!({"waiting":0,"active":0,"completed":3,"failed":0,"delayed":0,"total":3}));
    })
    .await;
}

#[tokio::test]
async fn a_job_in_queue_and_store_is_listed_once() {
    let mut harness = Harness::queued();
    harness.run_pipeline();
    let id = "0197d3c5-5c00-7000-8000-000000000009";
    let with_id = event("a", "call_made", "{}").replacen('{', &format!(r#"{{"eventId":"{id}","#), 1);
    harness.accept(with_id.clone()).await;
    harness.drained().await;
    harness.stop_pipeline();
    harness.accept(with_id).await;
    let listed = harness.get("/api/v1/jobs/recent").await.json();
    let depth = harness.queue().depth().await.unwrap();
    assert!(listed.as_array().unwrap().len() == 1, "{depth:?} {listed}");
}

#[tokio::test]
async fn the_limit_of_recent_jobs_is_1_to_100() {
    let harness = Harness::direct();
    for bad in ["abc", "", "1.5", "0x2", "1e1", "+1", "1&limit=2"] {
        let reply = harness.get(&format!("/api/v1/jobs/recent?limit={bad}")).await;
        assert_eq!(reply.problem(400), "Validation failed (numeric string is expected)", "{bad}");
        assert_eq!(reply.json()["errors"][0]["pointer"], "limit");
    }
    for bad in ["0", "-2", "101", "99999999999999999999"] {
        let message = harness.get(&format!("/api/v1/jobs/recent?limit={bad}")).await.problem(400).to_string();
        assert!(message.contains("limit must not be"), "{message}");
    }
    assert_eq!(harness.get("/api/v1/jobs/recent?limit=100").await.json(), json!([]));
}
