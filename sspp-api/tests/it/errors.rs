//! Failures outside any route: unknown paths, wrong methods, request ids, panics.

use std::sync::Arc;

use async_trait::async_trait;
use sspp_api::Settings;
use sspp_core::{
    ContentDigest, DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterQuery, DeadLetters, Durability,
    Erased, Erasure, EventId, Horizon, Housekeeping, MemoryEventQueue, ModelDigest, ModelRecord, Models,
    NewSignal, NumberedDeadLetter, Page, Record, Recorded, Signal, SignalFilter, SignalId, SignalQuery,
    SignalStats, Signals, StoreError, StoreStatus, SystemClock, Timestamp, Total,
};

use crate::harness::{Harness, event, queued_ports};

#[tokio::test]
async fn an_unknown_path_is_a_404_in_the_predecessors_words() {
    let harness = Harness::direct();
    for path in [
        "/",
        "/api/v1",
        "/api/v1/jobs",
        "/API/V1/events",
        "/api/v1/Signals",
        "/api/v1/signals//1",
        "/api/v1/%65vents",
    ] {
        let reply = harness.get(path).await;
        assert_eq!(reply.problem(404), format!("Cannot GET {path}"));
        assert_eq!(reply.json()["instance"], path);
        let detail = reply.json()["detail"].to_string();
        assert!(detail.contains("/api/docs lists the operations"), "{detail}");
    }
}

#[tokio::test]
async fn a_browser_that_knows_the_address_alone_is_led_to_the_documentation() {
    let harness = Harness::direct();
    let browser = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
    for path in ["/", "/api", "/api/", "/api/v1"] {
        for method in ["GET", "HEAD"] {
            let reply = harness.send(method, path, &[browser], ()).await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("location")),
                (302, "/api/docs"),
                "{method} {path}"
            );
            assert_eq!(reply.header("vary"), "accept");
        }
        for accept in ["*/*", "application/json"] {
            harness.send("GET", path, &[("accept", accept)], ()).await.problem(404);
        }
    }
    // What is no place above the operations is no reason to lead anyone away.
    harness.send("GET", "/api/v1/nothing", &[browser], ()).await.problem(404);
}

#[tokio::test]
async fn a_wrong_method_is_a_405_that_names_the_right_ones() {
    let harness = Harness::direct();
    for (method, path, allow) in [
        ("GET", "/api/v1/events", "POST"),
        ("PUT", "/api/v1/events", "POST"),
        ("OPTIONS", "/api/v1/events", "POST"),
        ("DELETE", "/api/v1/signals/1", "GET, HEAD"),
        ("POST", "/api/v1/signals/stats", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("POST", "/api/docs", "GET, HEAD"),
        ("BREW", "/api/v1/signals", "GET, HEAD"),
    ] {
        let reply = harness.send(method, path, &[], ()).await;
        reply.problem(405);
        assert_eq!(reply.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn one_trailing_slash_is_forgiven() {
    let harness = Harness::direct();
    let json = [("content-type", "application/json")];
    let reply = harness.send("POST", "/api/v1/events/?x=1", &json, event("a", "call_made", "{}")).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(harness.get("/api/v1/signals/?limit=1").await.status, 200);
    assert_eq!(harness.get("/health/").await.status, 200);
    harness.get("/api/v1/signals//").await.problem(404);
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let harness = Harness::direct();
    let reply = harness.send("HEAD", "/api/v1/health", &[], ()).await;
    assert_eq!((reply.status.as_u16(), reply.text.as_str()), (200, ""));
}

#[tokio::test]
async fn request_ids_are_kept_when_they_are_short_and_printable() {
    let harness = Harness::direct();
    let longest = "x".repeat(128);
    for good in ["abc-123", longest.as_str()] {
        let reply = harness.send("GET", "/livez", &[("x-request-id", good)], ()).await;
        assert_eq!(reply.header("x-request-id"), good);
        assert_eq!(
            harness.send("GET", "/nowhere", &[("x-request-id", good)], ()).await.json()["requestId"],
            good
        );
    }
    let too_long = "x".repeat(129);
    for bad in ["", "a b", "a\tb", too_long.as_str()] {
        let reply = harness.send("GET", "/livez", &[("x-request-id", bad)], ()).await;
        let made = reply.header("x-request-id");
        assert!(made != bad && made.len() == 32, "{made}");
    }
    let (one, other) = (harness.get("/livez").await, harness.get("/livez").await);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

/// A store with a defect and a store that is away.
#[derive(Debug)]
enum Broken {
    Panics,
    Away,
}

impl Broken {
    fn answer<T>(&self) -> Result<T, StoreError> {
        match self {
            Self::Panics => panic!("secret: hunter2"),
            Self::Away => Err(StoreError::Unavailable { reason: "secret: hunter2".to_owned() }),
        }
    }
}

#[async_trait]
impl Signals for Broken {
    async fn record(&self, _: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.answer()
    }

    async fn is_at_fault(&self, _: &NewSignal, _: &bytes::Bytes) -> Result<bool, StoreError> {
        self.answer()
    }

    async fn signal(&self, _: SignalId) -> Result<Option<Signal>, StoreError> {
        self.answer()
    }

    async fn signal_of_event(&self, _: EventId) -> Result<Option<Signal>, StoreError> {
        self.answer()
    }

    async fn signals(&self, _: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        self.answer()
    }

    async fn count(&self, _: &SignalFilter) -> Result<Total, StoreError> {
        self.answer()
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        self.answer()
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        self.answer()
    }
}

#[async_trait]
impl DeadLetters for Broken {
    async fn dead_letter(&self, _: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        self.answer()
    }

    async fn recent_dead_letters(&self, _: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.answer()
    }

    async fn dead_letters(&self, _: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        self.answer()
    }

    async fn count_dead_letters(&self, _: &DeadLetterFilter, _: Option<i64>) -> Result<Total, StoreError> {
        self.answer()
    }

    async fn edit_dead_letter(
        &self,
        _: DeadLetterId,
        _: &[u8],
        _: bytes::Bytes,
        _: ContentDigest,
    ) -> Result<bool, StoreError> {
        self.answer()
    }

    async fn remove_dead_letter(&self, _: DeadLetterId) -> Result<bool, StoreError> {
        self.answer()
    }
}

#[async_trait]
impl Models for Broken {
    async fn put_model(&self, _: &ModelRecord) -> Result<(), StoreError> {
        self.answer()
    }

    async fn model(&self, _: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        self.answer()
    }
}

#[async_trait]
impl Housekeeping for Broken {
    async fn begin_erasure(&self, _: &Erasure) -> Result<(), StoreError> {
        self.answer()
    }

    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError> {
        self.answer()
    }

    async fn erase_step(&self, _: u32) -> Result<Option<Erased>, StoreError> {
        self.answer()
    }

    async fn expire_signals(&self, _: Timestamp, _: u32) -> Result<u32, StoreError> {
        self.answer()
    }

    async fn expire_dead_letters(&self, _: Timestamp, _: u32) -> Result<u32, StoreError> {
        self.answer()
    }
}

#[async_trait]
impl StoreStatus for Broken {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.answer()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.answer()
    }

    async fn durability(&self) -> Result<Durability, StoreError> {
        self.answer()
    }
}

#[tokio::test]
async fn a_panic_is_a_500_and_an_absent_store_a_503_and_neither_tells_why() {
    for (broken, status) in [(Broken::Panics, 500), (Broken::Away, 503)] {
        let (store, queue) = (Arc::new(broken), Arc::new(MemoryEventQueue::new(Arc::new(SystemClock))));
        let harness = Harness::over(sspp_api::Ports { store, ..queued_ports(queue) }, Settings::default());
        let id = "0197d3c5-5c00-7000-8000-000000000001";
        for path in
            ["signals", "signals/1", "signals/1/explanation", "signals/stats", "jobs/stats", "jobs/recent"]
        {
            let reply = harness.get(&format!("/api/v1/{path}")).await;
            reply.problem(status);
            assert!(!reply.text.contains("hunter2"), "{reply:?}");
        }
        harness.get(&format!("/api/v1/jobs/{id}")).await.problem(status);
        let panics = if status == 500 { 7 } else { 0 };
        let metrics = harness.app.metrics().render();
        assert!(metrics.contains(&format!("sspp_api_panics_total {panics}\n")), "{metrics}");
        // Queued intake needs the queue alone.
        assert_eq!(harness.post(event("a", "call_made", "{}")).await.status, 202);
        assert_eq!(harness.get("/ready").await.status, 200);
    }
}
