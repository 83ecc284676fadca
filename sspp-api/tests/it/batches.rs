//! Batches: verdicts, formats, limits, and what a queue that is full looks like from outside.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use sspp_api::Settings;
use sspp_core::testing::MockEventQueue;
use sspp_core::{Admission, Envelope, Event, EventId, QueueError};

use crate::harness::{Harness, Reply, event, in_each_shape, queued_ports};

const BATCH: &str = "/api/v1/events/batch";
const JSON: (&str, &str) = ("content-type", "application/json");
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

fn wrapped(events: &[String]) -> String {
    format!(r#"{{"events":[{}]}}"#, events.join(","))
}

async fn send(harness: &Harness, content_type: (&str, &str), body: String) -> Reply {
    harness.send("POST", BATCH, &[content_type], body).await
}

fn statuses(reply: &Value) -> Vec<&str> {
    reply["results"].as_array().unwrap().iter().map(|verdict| verdict["status"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_list_sent_as_one_event_is_told_where_batches_go() {
    let harness = Harness::direct();
    for body in ["[]", " [{}]", "["] {
        let detail = harness.post(body).await.problem(400);
        let detail = detail.as_str().unwrap();
        assert!(
            detail.ends_with(r#"send several events to /api/v1/events/batch as {"events":[…]}"#),
            "{detail}"
        );
    }
    let other = harness.post("1").await.problem(400);
    assert!(!other.as_str().unwrap().contains("batch"), "{other}");
}

#[tokio::test]
async fn each_event_has_its_verdict_in_each_shape() {
    in_each_shape(async |harness| each_event_has_its_verdict(harness).await).await;
}

async fn each_event_has_its_verdict(harness: &Harness) {
    harness.run_pipeline();
    let metadata = r#"{"b" : 1.50}"#;
    let own = event("acc_1", "email_clicked", metadata).replacen('{', r#"{"eventId":"order-1","#, 1);
    let bad = event("", "webinar", "[]");
    let events = [own.clone(), bad, event("acc_2", "call_made", "{}"), "7".to_owned()];
    let reply = send(harness, JSON, wrapped(&events)).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(reply.header("retry-after"), "");
    let json = reply.json();
    assert_eq!((&json["accepted"], &json["rejected"]), (&json!(2), &json!(2)));
    assert!(json.get("retry").is_none(), "{json}");
    assert_eq!(statuses(&json), ["accepted", "rejected", "accepted", "rejected"]);
    let results = json["results"].as_array().unwrap();
    for (index, verdict) in results.iter().enumerate() {
        assert_eq!(verdict["index"], index);
        let accepted = verdict["status"] == "accepted";
        assert_eq!(verdict.get("eventId").is_some(), accepted, "{verdict}");
        assert_eq!(verdict.get("jobId"), verdict.get("eventId"));
        assert_eq!(verdict.get("errors").is_some(), !accepted);
    }
    let pointers: Vec<_> =
        results[1]["errors"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!(pointers, ["/accountId", "/eventType", "/metadata"]);
    assert_eq!(
        (&results[3]["errors"][0]["pointer"], &results[3]["errors"][0]["code"]),
        (&json!(""), &json!("malformed_json"))
    );

    // The same event alone has the same id, and is not counted again.
    let alone = harness.accept(own).await;
    assert_eq!(results[0]["eventId"], alone);
    harness.drained().await;
    let stats = harness.ports.store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (2, 0));
    let signal = harness.ports.store.signal_of_event(alone.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(signal.recorded.accepted.event.metadata.as_str(), r#"{"b":1.50}"#);
    let metrics = harness.get("/metrics").await.text;
    for line in [
        r#"sspp_api_events_received_total{event_type="email_clicked"} 2"#,
        r#"sspp_api_events_received_total{event_type="call_made"} 1"#,
        "sspp_api_events_queued_total 3",
        "sspp_api_events_queue_errors_total 0",
        r#"sspp_api_events_rejected_total{reason="invalid-event"} 2"#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    assert!(!metrics.contains("webinar"), "a client invented a label");
}

#[tokio::test]
async fn lines_and_cloud_events_are_batches_too() {
    let harness = Harness::direct();
    let lines =
        format!("{}\r\n\nnot json\n{}", event("a", "call_made", "{}"), event("b", "email_sent", "{}"));
    for name in ["application/x-ndjson", "application/jsonl; charset=utf-8"] {
        let reply = send(&harness, ("content-type", name), lines.clone()).await;
        assert_eq!(statuses(&reply.json()), ["accepted", "rejected", "accepted"], "{reply:?}");
    }
    let cloud = json!([
        {"specversion": "1.0", "id": "1", "source": "crm", "type": "com.example.call_made", "time": "2024-12-21",
         "subject": "acc_1", "data": {"userId": "u"}},
        {"specversion": "1.0"},
    ]);
    let media = ("content-type", "application/cloudevents-batch+json");
    let json = send(&harness, media, cloud.to_string()).await.json();
    assert_eq!(statuses(&json), ["accepted", "rejected"]);
    let errors = json["results"][1]["errors"].as_array().unwrap();
    assert!(errors.iter().any(|error| error["pointer"] == "/data"), "{errors:?}");
    assert_eq!(harness.holds().await, 5);
}

#[tokio::test]
async fn what_is_no_batch_is_refused_whole() {
    let harness = Harness::direct();
    let good = event("acc_1", "call_made", "{}");
    for (content_type, body, kind) in [
        (JSON, good.clone(), "invalid-batch"),
        (JSON, "[]".to_owned(), "malformed-body"),
        (JSON, r#"{"events":[]}"#.to_owned(), "invalid-batch"),
        (JSON, r#"{"events":["#.to_owned(), "malformed-body"),
        (LINES, "\n\n".to_owned(), "malformed-body"),
    ] {
        let reply = send(&harness, content_type, body.clone()).await;
        reply.problem(400);
        assert_eq!(reply.json()["type"], format!("urn:sspp:problem:{kind}"), "{body}: {reply:?}");
    }
    let headers = [JSON, ("idempotency-key", "order-1")];
    let reply = harness.send("POST", BATCH, &headers, wrapped(std::slice::from_ref(&good))).await;
    let message = reply.problem(400).to_string();
    assert!(message.contains("Idempotency-Key") && message.contains("eventId"), "{message}");
    let message = send(&harness, ("content-type", "text/plain"), good.clone()).await.problem(415).to_string();
    assert!(message.contains("application/x-ndjson"), "{message}");
    assert!(harness.holds().await == 0);
}

#[tokio::test]
async fn limits_are_those_of_the_decoded_body() {
    let harness = Harness::direct();
    let events = |many: usize| vec![event("acc_1", "call_made", "{}"); many];
    let reply = send(&harness, JSON, wrapped(&events(1_000))).await;
    assert_eq!(reply.json()["accepted"], 1_000);
    let message = send(&harness, LINES, events(1_001).join("\n")).await;
    message.problem(413);
    assert!(message.json()["detail"].as_str().unwrap().contains("1000 events"), "{message:?}");
    // Most of the limit, in events of a tenth of it; large enough to be read beside the others.
    let blob = event("acc_1", "call_made", &format!(r#"{{"blob":"{}"}}"#, "x".repeat(240 * 1024)));
    let body = wrapped(&vec![blob.clone(); 16]);
    assert!((3_900_000..4_194_304).contains(&body.len()), "{}", body.len());
    assert_eq!(send(&harness, JSON, body.clone()).await.json()["accepted"], 16);
    let zstd = |body: &str| zstd::encode_all(body.as_bytes(), 1).unwrap();
    let compressed = [JSON, ("content-encoding", "zstd")];
    let reply = harness.send("POST", BATCH, &compressed, zstd(&body)).await;
    assert_eq!(reply.json()["accepted"], 16, "{reply:?}");
    let over = wrapped(&vec![blob; 18]);
    send(&harness, JSON, over.clone()).await.problem(413);
    harness.send("POST", BATCH, &compressed, zstd(&over)).await.problem(413);
    // One event over its own limit spoils no other.
    let large = event("acc_1", "call_made", &format!(r#"{{"blob":"{}"}}"#, "x".repeat(Event::MAX_BYTES)));
    let reply = send(&harness, LINES, [large, event("acc_1", "call_made", "{}")].join("\n")).await;
    assert_eq!(statuses(&reply.json()), ["rejected", "accepted"]);
    assert_eq!(reply.json()["results"][0]["errors"][0]["code"], "too_large");
}

fn over(queue: MockEventQueue) -> Harness {
    Harness::over(queued_ports(Arc::new(queue)), Settings::default())
}

#[tokio::test]
async fn what_a_shard_has_no_room_for_is_to_be_sent_again() {
    let mut queue = MockEventQueue::new();
    queue.expect_depth().returning(|| Err(QueueError::Closed));
    queue.expect_enqueue().returning(|jobs| {
        let wait = Duration::from_millis(1_500);
        Ok(jobs
            .iter()
            .map(|job| {
                let is_full = job.account_id.as_str() == "full";
                if is_full { Admission::Refused { retry_after: wait } } else { Admission::Queued }
            })
            .collect())
    });
    let harness = over(queue);
    let own = event("full", "call_made", "{}").replacen('{', r#"{"eventId":"x","#, 1);
    let events =
        [event("a", "call_made", "{}"), "{}".to_owned(), own.clone(), event("full", "call_made", "{}")];
    let reply = send(&harness, JSON, wrapped(&events)).await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (202, "2"));
    let json = reply.json();
    assert_eq!(statuses(&json), ["accepted", "rejected", "retry", "retry"]);
    assert_eq!((&json["accepted"], &json["rejected"], &json["retry"]), (&json!(1), &json!(1), &json!(2)));
    for verdict in &json["results"].as_array().unwrap()[2..] {
        assert!(verdict["eventId"].is_string() && verdict.get("jobId").is_none(), "{verdict}");
    }
    let metrics = harness.get("/metrics").await.text;
    assert!(metrics.contains("sspp_api_events_queued_total 1"), "{metrics}");
    assert!(metrics.contains("sspp_api_events_queue_errors_total 2"), "{metrics}");
    // Nothing at all was taken: that is a failure of the whole.
    let reply = send(&harness, JSON, wrapped(&[own, "{}".to_owned()])).await;
    reply.problem(503);
    assert_eq!(reply.header("retry-after"), "2");
}

type Answer = fn() -> Result<Vec<Admission>, QueueError>;

#[tokio::test]
async fn a_queue_that_fails_or_answers_nonsense_is_a_503() {
    let failures: [Answer; 3] = [
        || Err(QueueError::Unavailable { reason: "password=hunter2".to_owned() }),
        || Err(QueueError::Full { backlog: 5, limit: 5, retry_after: Duration::from_secs(7) }),
        || Ok(vec![Admission::Queued]),
    ];
    for (failure, wait) in failures.into_iter().zip(["1", "7", "1"]) {
        let mut queue = MockEventQueue::new();
        queue.expect_enqueue().returning(move |_| failure());
        queue.expect_depth().returning(|| Err(QueueError::Closed));
        let harness = over(queue);
        let reply = send(&harness, JSON, wrapped(&vec![event("a", "call_made", "{}"); 3])).await;
        reply.problem(503);
        assert_eq!(reply.header("retry-after"), wait);
        assert!(!reply.text.contains("hunter2"), "{reply:?}");
        let metrics = harness.get("/metrics").await.text;
        assert!(metrics.contains("sspp_api_events_queue_errors_total 3"), "{metrics}");
        // Where nothing is good, the queue is not asked.
        let json = send(&harness, JSON, r#"{"events":[{},{}]}"#.to_owned()).await.json();
        assert_eq!(statuses(&json), ["rejected", "rejected"]);
    }
}

#[tokio::test]
async fn checking_stores_nothing_and_says_what_sending_would() {
    let harness = Harness::direct();
    let good = event("acc_1", "call_made", "{}");
    let own = good.replacen('{', r#"{"eventId":"order-1","#, 1);
    let check = async |headers: &[(&str, &str)], body: String| {
        let reply = harness.send("POST", "/api/v1/events/validate", headers, body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    };
    let one = check(&[JSON], good.clone()).await;
    assert_eq!(one, json!({"accepted": 1, "rejected": 0, "results": [{"index": 0, "status": "accepted"}]}));
    for body in ["{}", "{", "[1]", "", r#"{"events" "#] {
        let json = check(&[JSON], body.to_owned()).await;
        assert_eq!(statuses(&json), ["rejected"], "{body}");
    }
    let json = check(&[JSON], wrapped(&[own.clone(), "{}".to_owned()])).await;
    assert_eq!(statuses(&json), ["accepted", "rejected"]);
    assert!(json["results"][0]["eventId"].is_string() && json["results"][0].get("jobId").is_none(), "{json}");
    assert_eq!(statuses(&check(&[LINES], format!("{good}\n{{")).await), ["accepted", "rejected"]);
    let cloud = json!({"specversion": "1.0", "id": "1", "source": "crm", "type": "call_made", "time": "2024-12-21",
        "subject": "acc_1", "data": {"userId": "u"}});
    let structured = ("content-type", "application/cloudevents+json");
    assert_eq!(statuses(&check(&[structured], cloud.to_string()).await), ["accepted"]);
    let batch = ("content-type", "application/cloudevents-batch+json");
    assert_eq!(statuses(&check(&[batch], format!("[{cloud},1]")).await), ["accepted", "rejected"]);
    let json = check(&[JSON, ("ce-id", "1")], r#"{"userId":"u"}"#.to_owned()).await;
    assert_eq!(json["results"][0]["errors"][0]["pointer"], "ce-specversion");
    let empty = harness.send("POST", "/api/v1/events/validate", &[JSON], r#"{"events":[]}"#).await;
    empty.problem(400);
    assert!(harness.holds().await == 0);
    let metrics = harness.get("/metrics").await.text;
    assert!(metrics.contains(r#"sspp_api_events_received_total{event_type="call_made"} 0"#), "{metrics}");
    // What was checked is what is sent.
    let id = check(&[JSON], own.clone()).await["results"][0]["eventId"].clone();
    assert_eq!(harness.post(own).await.json()["eventId"], id);
}

/// Events of every kind: with and without an id, wrong in some way, no events at all.
fn any_event() -> impl Strategy<Value = String> {
    let good = (
        0..20_u32,
        select(vec!["email_sent", "call_made", "nonsense"]),
        select(vec!["{}", r#"{"a" : [1.50]}"#, "[]"]),
    )
        .prop_map(|(account, kind, metadata)| event(&format!("acc_{account}"), kind, metadata));
    let own = (good.clone(), 0..5_u32)
        .prop_map(|(event, id)| event.replacen('{', &format!(r#"{{"eventId":"id-{id}","source":"s","#), 1));
    prop_oneof![
        4 => good,
        3 => own,
        1 => select(vec!["{}", "7", "null", r#"{"\ud800":1}"#, r#"{"accountId":"a","x":1}"#]).prop_map(str::to_owned),
    ]
}

/// What was queued: ids where the producer gave them, and events.
async fn queued(harness: &Harness) -> Vec<(Option<EventId>, Event)> {
    let deliveries = harness.queue().receive(10_000, Duration::ZERO).await.unwrap();
    let of =
        |Envelope { event_id, event }: Envelope| (event.external_id.is_some().then_some(event_id), event);
    deliveries.iter().map(|delivery| of(Envelope::decode(&delivery.payload).unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_batch_is_its_events_one_by_one(events in vec(any_event(), 1..12), as_lines in any::<bool>()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let (together, alone) = (Harness::queued(), Harness::queued());
            let reply = if as_lines {
                send(&together, LINES, events.join("\n")).await
            } else {
                send(&together, JSON, wrapped(&events)).await
            };
            assert_eq!(reply.status, 202, "{reply:?}");
            let json = reply.json();
            for (event, verdict) in events.iter().zip(json["results"].as_array().unwrap()) {
                let single = alone.post(event.clone()).await;
                if single.status == 202 {
                    assert_eq!(verdict["status"], "accepted", "{event}: {verdict}");
                    if event.contains("eventId") {
                        assert_eq!(verdict["eventId"], single.json()["eventId"]);
                    }
                } else {
                    assert_eq!((single.status.as_u16(), verdict["status"].as_str()), (400, Some("rejected")), "{event}");
                    if let Some(errors) = single.json().get("errors") {
                        assert_eq!(&verdict["errors"], errors, "{event}");
                    }
                }
            }
            assert_eq!(queued(&together).await, queued(&alone).await);
        });
    }
}
