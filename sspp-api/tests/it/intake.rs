//! Events on their way in: what is accepted, under which id, and what a queue that fails looks like from outside.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sspp_api::Settings;
use sspp_core::{
    Admission, Delivery, Durability, Envelope, EventId, EventQueue, NewJob, QueueDepth, QueueError,
    QueuedJob, Receipt, Settled, Timestamp,
};

use crate::harness::{Harness, event, queued_ports};

#[tokio::test]
async fn an_accepted_event_is_in_the_queue_as_it_was_on_one_line() {
    let harness = Harness::queued();
    let metadata = r#"{"b" : 1.50, "a":[1e308, "\u017e🚀"]}"#;
    let reply = harness.post(event("acc_1", "email_clicked", metadata)).await;
    assert_eq!(reply.status, 202);
    assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
    let json = reply.json();
    assert_eq!(json["status"], "accepted");
    assert_eq!(json["message"], "Event queued for processing");
    assert_eq!(json["jobId"], json["eventId"]);
    let id: EventId = json["eventId"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.as_uuid().get_version_num(), 7);
    let job = harness.queue().job(id).await.unwrap().unwrap();
    let queued = Envelope::decode(&job.payload).unwrap();
    assert_eq!(queued.event_id, id);
    assert_eq!(queued.event.metadata.as_str(), r#"{"b":1.50,"a":[1e308,"\u017e🚀"]}"#);
}

#[tokio::test]
async fn event_ids_come_from_the_body_or_the_header() {
    let harness = Harness::direct();
    let json = [("content-type", "application/json")];
    let with_key = |key: &'static str| [json[0], ("idempotency-key", key)];
    let plain = event("acc_1", "call_made", "{}");
    let with_id = plain.replacen('{', r#"{"eventId":"order-1","#, 1);
    let send = async |headers: &[(&str, &str)], body: &str| {
        harness.send("POST", "/api/v1/events", headers, body.to_owned()).await
    };
    let from_body = send(&json, &with_id).await.json()["eventId"].clone();
    assert_eq!(send(&with_key("order-1"), &plain).await.json()["eventId"], from_body);
    assert_eq!(send(&with_key("order-1"), &with_id).await.json()["eventId"], from_body);
    assert_ne!(send(&with_key("order-2"), &plain).await.json()["eventId"], from_body);

    let uuid = "0197d3c5-5c00-7000-8000-000000000001";
    assert_eq!(send(&with_key(uuid), &plain).await.json()["eventId"], uuid);

    let different = send(&with_key("order-2"), &with_id).await.problem(400).to_string();
    assert!(different.contains("eventId") && different.contains("Idempotency-Key"), "{different}");
    let long = "x".repeat(101);
    for bad in ["", long.as_str()] {
        let headers = [json[0], ("idempotency-key", bad)];
        let message = send(&headers, &plain).await.problem(400).to_string();
        assert!(message.contains("Idempotency-Key"), "{message}");
    }
    let twice = [json[0], ("idempotency-key", "a"), ("idempotency-key", "b")];
    assert!(send(&twice, &plain).await.problem(400).to_string().contains("Idempotency-Key"));
    // Header and body are looked at together.
    let both =
        send(&[json[0], ("idempotency-key", "")], r#"{"accountId":""}"#).await.problem(400).to_string();
    assert!(
        both.contains("Idempotency-Key") && both.contains("accountId") && both.contains("userId"),
        "{both}"
    );
}

#[tokio::test]
async fn compressed_bodies_are_read() {
    let harness = Harness::direct();
    let body = event("acc_1", "call_made", "{}").into_bytes();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&body).unwrap();
    let zstd = zstd::encode_all(&body[..], 19).unwrap();
    for (coding, bytes) in [("gzip", gzip.finish().unwrap()), ("zstd", zstd), ("identity", body)] {
        let headers = [("content-type", "application/json"), ("content-encoding", coding)];
        let reply = harness.send("POST", "/api/v1/events", &headers, bytes).await;
        assert_eq!(reply.status, 202, "{coding}: {reply:?}");
    }
    assert_eq!(harness.holds().await, 3);
}

#[tokio::test]
async fn content_types_of_json_in_utf8_are_read() {
    let harness = Harness::direct();
    for good in ["application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\""] {
        let body = event("acc_1", "call_made", "{}");
        assert_eq!(harness.send("POST", "/api/v1/events", &[("content-type", good)], body).await.status, 202);
    }
}

#[tokio::test]
async fn an_event_of_the_largest_size_is_taken_and_one_byte_more_is_not() {
    let harness = Harness::direct();
    let around = event("acc_1", "call_made", r#"{"blob":""}"#);
    let room = sspp_core::Event::MAX_BYTES - around.len();
    let sized = |room: usize| around.replace(r#""blob":"""#, &format!(r#""blob":"{}""#, "x".repeat(room)));
    assert_eq!(harness.post(sized(room)).await.status, 202);
    harness.post(sized(room + 1)).await.problem(413);
}

type Fault = fn() -> QueueError;

/// A queue that only fails.
#[derive(Debug)]
struct Failing(Fault);

/// A queue that never answers.
#[derive(Debug)]
struct Silent;

macro_rules! queue {
    ($name:ident, |$queue:ident| $answer:expr, $admission:expr) => {
        #[async_trait]
        impl EventQueue for $name {
            async fn enqueue(&self, _: Vec<NewJob>) -> Result<Vec<Admission>, QueueError> {
                let $queue = self;
                $admission
            }
            async fn receive(&self, _: usize, _: Duration) -> Result<Vec<Delivery>, QueueError> {
                let $queue = self;
                $answer
            }
            async fn reclaim(&self, _: usize) -> Result<Vec<Delivery>, QueueError> {
                let $queue = self;
                $answer
            }
            async fn settle(&self, _: Vec<Settled>) -> Result<(), QueueError> {
                let $queue = self;
                $answer
            }
            async fn keep(&self, _: Vec<Receipt>) -> Result<(), QueueError> {
                let $queue = self;
                $answer
            }
            async fn begin_run(&self, _: &Receipt) -> Result<u32, QueueError> {
                let $queue = self;
                $answer
            }
            async fn end_run(&self, _: &Receipt) -> Result<(), QueueError> {
                let $queue = self;
                $answer
            }
            async fn depth(&self) -> Result<QueueDepth, QueueError> {
                let $queue = self;
                $answer
            }
            async fn job(&self, _: EventId) -> Result<Option<QueuedJob>, QueueError> {
                let $queue = self;
                $answer
            }
            async fn recent(&self, _: usize) -> Result<Vec<QueuedJob>, QueueError> {
                let $queue = self;
                $answer
            }
            async fn ping(&self) -> Result<(), QueueError> {
                let $queue = self;
                $answer
            }
            async fn fence(&self, _: Option<Timestamp>) -> Result<Timestamp, QueueError> {
                let $queue = self;
                $answer
            }
            async fn now(&self) -> Result<Timestamp, QueueError> {
                let $queue = self;
                $answer
            }
            fn claim_bound(&self) -> Duration {
                Duration::from_mins(1)
            }
            async fn durability(&self) -> Result<Durability, QueueError> {
                let $queue = self;
                $answer
            }
        }
    };
}

queue!(Failing, |queue| Err((queue.0)()), Err((queue.0)()));
queue!(Silent, |_queue| std::future::pending().await, std::future::pending().await);

/// A queue that refuses what it is given.
#[derive(Debug)]
struct Refusing;
queue!(
    Refusing,
    |_queue| Err(QueueError::Closed),
    Ok(vec![Admission::Refused { retry_after: Duration::from_millis(2_500) }])
);

fn over(queue: Arc<dyn EventQueue>) -> Harness {
    Harness::over(queued_ports(queue), Settings::default())
}

const SECRET: &str = "10.0.0.7:6379 password=hunter2";

#[tokio::test]
async fn a_queue_that_fails_is_a_503_that_says_when_to_come_back() {
    let failures: [(Fault, &str, &str, &str); 4] = [
        (
            || QueueError::Unavailable { reason: SECRET.to_owned() },
            "1",
            "unavailable",
            "The queue is unavailable",
        ),
        (|| QueueError::Storage { reason: SECRET.to_owned() }, "10", "cannot write", "queue cannot write"),
        (
            || QueueError::Full { backlog: 5, limit: 5, retry_after: Duration::from_secs(7) },
            "7",
            "full",
            "is full",
        ),
        (|| QueueError::Closed, "1", "closed", "The queue is unavailable"),
    ];
    for (fail, wait, reason, detail) in failures {
        let harness = over(Arc::new(Failing(fail)));
        let reply = harness.post(event("acc_1", "call_made", "{}")).await;
        reply.problem(503);
        assert_eq!(reply.header("retry-after"), wait, "{reply:?}");
        assert!(!reply.text.contains("hunter2"), "a cause reached the client: {reply:?}");
        assert!(reply.text.contains(detail), "{reply:?}");
        // Only the queue can say which events came before an erasure.
        let reply = harness.send("DELETE", "/api/v1/accounts/acc_1", &[], ()).await;
        reply.problem(503);
        assert_eq!(reply.header("retry-after"), wait, "{reply:?}");
        assert_eq!(harness.ports.store.erased_up_to().await.unwrap(), None);
        for path in ["/api/v1/jobs/stats", "/api/v1/jobs/recent", "/ready"] {
            harness.get(path).await.problem(503);
        }
        let health = harness.get("/health").await;
        assert_eq!((health.status.as_u16(), health.json()["status"].as_str()), (503, Some("unhealthy")));
        assert_eq!(health.json()["services"]["memory"]["reason"], reason, "{}", health.text);
        // Liveness and metrics do not depend on it.
        assert_eq!(harness.get("/livez").await.status, 200);
        let metrics = harness.get("/metrics").await;
        assert!(metrics.text.contains("sspp_api_events_queue_errors_total 1"), "{}", metrics.text);
    }
    let refused = over(Arc::new(Refusing)).post(event("acc_1", "call_made", "{}")).await;
    refused.problem(503);
    assert_eq!(refused.header("retry-after"), "3", "rounded up, so that no client comes too early");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_hangs_is_a_503_after_three_seconds() {
    let harness = over(Arc::new(Silent));
    let started = tokio::time::Instant::now();
    harness.post(event("acc_1", "call_made", "{}")).await.problem(503);
    assert_eq!(started.elapsed().as_secs(), 3);
    assert_eq!(harness.get("/health").await.status, 503);
    harness.get("/ready").await.problem(503);
    assert_eq!(harness.get("/metrics").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_comes_is_a_408() {
    let harness = Harness::direct();
    let never =
        poem::Body::from_bytes_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    harness.post(never).await.problem(408);
}
