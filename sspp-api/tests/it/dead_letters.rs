//! Dead letters over HTTP: found, edited, replayed one by one and all at once, removed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sspp_api::{Ports, Settings};
use sspp_core::testing::{FaultyStore, eventually, store_in_memory};
use sspp_core::{
    DeadLetterId, DeadLetterReason, Envelope, Event, EventId, NewDeadLetter, Record, Store, Timestamp,
};

use crate::harness::{Harness, Reply, in_each_shape, memory_ports};

fn event_id(number: u64) -> EventId {
    format!("0197d3c5-5c00-7000-8000-{number:012x}").parse().unwrap()
}

fn letter(number: u64, event_type: &str, reason: DeadLetterReason) -> NewDeadLetter {
    let event = Event::builder("acc_1", "user_1", event_type, "2024-12-21T10:00:00Z")
        .metadata(r#"{ "at" : 1.50 }"#)
        .source("crm")
        .build()
        .unwrap();
    let received_at = Timestamp::parse("2025-01-01").unwrap();
    let envelope = Envelope { event_id: event_id(number), event };
    NewDeadLetter {
        id: DeadLetterId::of_event(envelope.event_id),
        event_id: envelope.event_id,
        content: Some(sspp_core::ContentDigest::of(&envelope.event)),
        payload: envelope.encode(),
        reason,
        detail: "for a test".to_owned(),
        attempts: 3,
        enqueued_at: received_at,
        died_at: received_at,
    }
}

async fn keep(harness: &Harness, letters: Vec<NewDeadLetter>) {
    for letters in letters.chunks(500) {
        let batch = letters.iter().cloned().map(Record::DeadLetter).collect();
        harness.ports.store.record(batch).await.unwrap();
    }
}

fn path(number: u64) -> String {
    format!("/api/v1/dead-letters/{}", event_id(number))
}

async fn patch(harness: &Harness, number: u64, body: &Value) -> Reply {
    let json = [("content-type", "application/json")];
    harness.send("PATCH", &path(number), &json, body.to_string()).await
}

async fn replay_many(harness: &Harness, body: &Value) -> Reply {
    let json = [("content-type", "application/json")];
    harness.send("POST", "/api/v1/dead-letters/replay", &json, body.to_string()).await
}

#[tokio::test]
async fn letters_are_listed_filtered_and_followed_by_cursor() {
    let harness = Harness::direct();
    let mut letters: Vec<_> =
        (0..7).map(|n| letter(n, "webinar", DeadLetterReason::UnknownEventType)).collect();
    letters.push(letter(7, "call_made", DeadLetterReason::CrashLoop));
    keep(&harness, letters).await;
    let page = harness.get("/api/v1/dead-letters?limit=5").await.json();
    let pagination = &page["pagination"];
    assert_eq!((&pagination["total"], &pagination["totalIsExact"]), (&json!(8), &json!(true)));
    let first = &page["data"][0];
    assert_eq!((&first["id"], &first["reason"]), (&json!(event_id(7).to_string()), &json!("crash_loop")));
    assert_eq!(
        (&first["event"]["eventType"], &first["event"]["source"]),
        (&json!("call_made"), &json!("crm"))
    );
    assert_eq!(first["replayable"], true);
    let cursor = pagination["nextCursor"].as_str().unwrap();
    let rest = harness.get(&format!("/api/v1/dead-letters?limit=5&cursor={cursor}")).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 3);
    assert!(rest["pagination"]["nextCursor"].is_null());
    for (filter, count) in [
        ("reason=crash_loop", 1),
        ("eventType=webinar", 7),
        ("eventType=nobody_knows", 0),
        ("from=2025-01-02", 0),
        ("to=2025-01-02&eventType=call_made", 1),
    ] {
        let page = harness.get(&format!("/api/v1/dead-letters?{filter}")).await.json();
        assert_eq!(page["data"].as_array().unwrap().len(), count, "{filter}");
        assert_eq!(page["pagination"]["total"], count, "{filter}");
    }
    let bad = harness.get("/api/v1/dead-letters?reason=x&from=y&limit=0&cursor=z&page=1").await;
    assert_eq!(bad.problem(400).as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_letter_is_edited_and_replayed_and_two_clicks_make_one_signal_in_each_shape() {
    in_each_shape(async |harness| a_letter_is_edited_and_replayed(harness).await).await;
}

async fn a_letter_is_edited_and_replayed(harness: &Harness) {
    keep(harness, vec![letter(1, "webinar", DeadLetterReason::UnknownEventType)]).await;
    let refused = patch(harness, 1, &json!({"eventType": "webinar", "userId": ""})).await;
    let message = refused.problem(400).to_string();
    assert!(message.contains("eventType must be one of") && message.contains("userId"), "{message}");
    for (bad, named) in
        [(json!({"eventId": "7"}), "eventId"), (json!({"colour": "red"}), "colour"), (json!({}), "accountId")]
    {
        let message = patch(harness, 1, &bad).await.problem(400).to_string();
        assert!(message.contains(named), "{message}");
    }
    let json = [("content-type", "application/json")];
    let marked = "\u{feff}{\"eventType\": \"email_clicked\"}";
    let edited = harness.send("PATCH", &path(1), &json, marked).await;
    assert_eq!(edited.status, 200, "{edited:?}");
    assert!(edited.text.contains(r#""metadata":{"at":1.50}"#), "{}", edited.text);
    assert_eq!(harness.get(&path(1)).await.json(), edited.json());
    let expected = if harness.is_direct() { ["signal", "already_signal"] } else { ["queued"; 2] };
    for status in expected {
        let reply = harness.send("POST", &format!("{}/replay", path(1)), &[], ()).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        assert_eq!(reply.json()["eventId"], event_id(1).to_string());
        assert_eq!(reply.json()["status"], status);
        assert_eq!(reply.json().get("signalId").is_some(), harness.is_direct());
    }
    harness.run_pipeline();
    harness.drained().await;
    let signal = harness.ports.store.signal_of_event(event_id(1)).await.unwrap().unwrap();
    assert_eq!(signal.recorded.accepted.event.event_type.as_str(), "email_clicked");
    assert_eq!(signal.recorded.accepted.event.source.as_ref().unwrap().as_str(), "crm");
    let stats = harness.ports.store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (1, 0));
    harness.get(&path(1)).await.problem(404);
    let late = harness.send("POST", &format!("{}/replay", path(1)), &[], ()).await.json();
    assert_eq!((&late["status"], &late["signalId"]), (&json!("already_signal"), &json!(signal.id.get())));
}

#[tokio::test]
async fn an_unreadable_payload_is_shown_and_replaced_by_a_whole_event() {
    let harness = Harness::direct();
    let text = NewDeadLetter {
        payload: bytes::Bytes::from_static(b"{\"v\":1,\"accountId\":"),
        content: None,
        ..letter(1, "x", DeadLetterReason::Undecodable)
    };
    let bytes = NewDeadLetter {
        payload: bytes::Bytes::from_static(b"\xff\xfe"),
        content: None,
        ..letter(2, "x", DeadLetterReason::Undecodable)
    };
    keep(&harness, vec![text, bytes]).await;
    let shown = harness.get(&path(1)).await.json();
    assert_eq!((&shown["payload"], &shown["replayable"]), (&json!("{\"v\":1,\"accountId\":"), &json!(false)));
    assert_eq!(harness.get(&path(2)).await.json()["payloadBase64"], "//4=");
    let refused = harness.send("POST", &format!("{}/replay", path(1)), &[], ()).await.problem(409);
    assert!(refused.to_string().contains("PATCH"), "{refused}");
    let part = patch(&harness, 1, &json!({"accountId": "acc_9"})).await.problem(400).to_string();
    assert!(part.contains("userId") && part.contains("timestamp"), "{part}");
    let whole =
        json!({"accountId": "acc_9", "userId": "u", "eventType": "call_made", "timestamp": "2025-02-01"});
    assert_eq!(patch(&harness, 1, &whole).await.json()["event"]["accountId"], "acc_9");
    harness.run_pipeline();
    let reply = harness.send("POST", &format!("{}/replay", path(1)), &[], ()).await;
    assert_eq!(reply.status, 202);
    eventually("it is a signal", async || {
        harness.ports.store.signal_of_event(event_id(1)).await.unwrap().is_some()
    })
    .await;
}

#[tokio::test]
async fn a_conflict_can_only_be_removed() {
    let harness = Harness::direct();
    let conflict = letter(1, "call_made", DeadLetterReason::CrashLoop).as_conflict();
    let path = format!("/api/v1/dead-letters/{}", conflict.id);
    keep(&harness, vec![conflict]).await;
    let json = [("content-type", "application/json")];
    harness.send("PATCH", &path, &json, r#"{"userId":"u"}"#).await.problem(409);
    harness.send("POST", &format!("{path}/replay"), &[], ()).await.problem(409);
    let removed = harness.send("DELETE", &path, &[], ()).await;
    assert_eq!((removed.status.as_u16(), removed.text.as_str()), (204, ""));
    harness.send("DELETE", &path, &[], ()).await.problem(404);
    for unknown in ["x", "%00", "0197d3c5-5c00-7000-8000-000000000001"] {
        harness.get(&format!("/api/v1/dead-letters/{unknown}")).await.problem(404);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_letters_are_replayed_with_progress_and_again_without_harm_in_each_shape() {
    in_each_shape(async |harness| ten_thousand_letters_are_replayed(harness).await).await;
}

async fn ten_thousand_letters_are_replayed(harness: &Harness) {
    let mut letters: Vec<_> =
        (0..10_000).map(|n| letter(n, "call_made", DeadLetterReason::AttemptsExhausted)).collect();
    letters.push(letter(20_000, "call_made", DeadLetterReason::CrashLoop));
    letters.push(NewDeadLetter {
        payload: bytes::Bytes::from_static(b"garbage"),
        content: None,
        ..letter(20_001, "x", DeadLetterReason::AttemptsExhausted)
    });
    keep(harness, letters).await;
    let filter = json!({"reason": "attempts_exhausted", "limit": 2_500});
    let mut counted = filter.clone();
    counted["dryRun"] = json!(true);
    let counted = replay_many(harness, &counted).await.json();
    assert_eq!((&counted["replayed"], &counted["remaining"]), (&json!(0), &json!(10_000)));
    assert_eq!((&counted["remainingIsExact"], &counted["nextCursor"]), (&json!(false), &Value::Null));
    assert_eq!(harness.holds().await, 10_002, "a dry run does nothing");
    let mut rounds = Vec::new();
    for _ in 0..2 {
        let (mut body, mut replayed, mut calls, mut skipped) = (filter.clone(), 0, 0, 0);
        let mut left = u64::MAX;
        loop {
            let reply = replay_many(harness, &body).await;
            assert_eq!(reply.status, 202, "{reply:?}");
            let answer = reply.json();
            replayed += answer["replayed"].as_u64().unwrap();
            skipped += answer["skipped"].as_array().unwrap().len();
            calls += 1;
            let remaining = answer["remaining"].as_u64().unwrap();
            assert!(remaining < left, "progress: {answer}");
            left = remaining;
            match answer["nextCursor"].as_str() {
                Some(cursor) => body["cursor"] = json!(cursor),
                None => break,
            }
        }
        assert!((calls >= 4 || rounds.len() == 1) && left == 0);
        rounds.push((replayed, skipped));
    }
    // A second time in the queue; without one they are signals already.
    let again = if harness.is_direct() { 0 } else { 10_000 };
    assert_eq!(rounds, [(10_000, 1), (again, 1)]);
    harness.run_pipeline();
    harness.drained().await;
    let stats = harness.ports.store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (10_000, 2));
}

#[tokio::test]
async fn a_replay_of_many_into_a_store_that_hangs_is_a_503_within_the_deadline() {
    let store = Arc::new(FaultyStore::<dyn Store>::new(Arc::new(store_in_memory()), |_| None));
    let settings = Settings { dependency_timeout: Duration::from_millis(200), ..Settings::default() };
    let harness = Harness::over(Ports { store: store.clone(), ..memory_ports() }, settings);
    keep(&harness, vec![letter(1, "call_made", DeadLetterReason::CrashLoop)]).await;
    store.freeze();
    let filter = json!({"reason": "crash_loop"});
    let replaying = tokio::time::timeout(Duration::from_secs(20), replay_many(&harness, &filter));
    replaying.await.expect("the deadline is kept").problem(503);
}

#[tokio::test]
async fn a_replay_of_many_says_what_is_wrong_with_it() {
    let harness = Harness::direct();
    let bad = replay_many(&harness, &json!({"reason": "x", "from": "y", "limit": 0})).await;
    assert_eq!(bad.problem(400).as_array().unwrap().len(), 3);
    replay_many(&harness, &json!({"dry_run": true})).await.problem(400);
    let empty = replay_many(&harness, &json!({})).await.json();
    assert_eq!(empty["replayed"], 0);
    harness.send("GET", "/api/v1/dead-letters/replay", &[], ()).await.problem(405);
}
