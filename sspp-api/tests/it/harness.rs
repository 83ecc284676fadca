//! The service over adapters, called without a network; and what it answered.

use std::sync::Arc;

use poem::http::{HeaderMap, Method, StatusCode};
use poem::{Body, Endpoint as _, Request};
use serde_json::Value;
use sspp_api::{App, Metrics, Ports, Service, Settings, service};
use sspp_core::testing::eventually;
use sspp_core::testing::store_in_memory;
use sspp_core::{Clock, MemoryEventQueue, Pipeline, PipelineConfig, ScoringModel, SystemClock, SystemRandom};
use tokio_util::sync::CancellationToken;

/// A service under test. Its pipeline, if it runs, stops with it.
pub(crate) struct Harness {
    service: Service,
    pub(crate) app: App,
    pub(crate) ports: Ports,
    stop: CancellationToken,
}

impl Drop for Harness {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Checks what every failure has, and gives the sentences.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], status);
        assert_eq!(json["statusCode"], status);
        assert_eq!(json["error"], self.status.canonical_reason().unwrap());
        assert_eq!(json["requestId"], self.header("x-request-id"));
        for member in ["type", "title", "detail", "instance"] {
            assert!(json[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {json}");
        }
        assert!(json["message"].is_string() || json["message"].is_array(), "{json}");
        json["message"].clone()
    }
}

pub(crate) fn memory_ports() -> Ports {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ports {
        queue: Arc::new(MemoryEventQueue::new(Arc::clone(&clock))),
        queue_kind: "memory",
        store: Arc::new(store_in_memory()),
        store_kind: "memory",
        model: ScoringModel::embedded_default(),
        clock,
        random: Arc::new(SystemRandom::new()),
    }
}

impl Harness {
    /// Over memory, without a pipeline: what is queued stays queued.
    pub(crate) fn idle() -> Self {
        Self::over(memory_ports(), Settings::default())
    }

    /// Over memory, with a pipeline.
    pub(crate) fn running() -> Self {
        let harness = Self::idle();
        harness.run_pipeline();
        harness
    }

    pub(crate) fn over(ports: Ports, settings: Settings) -> Self {
        let app = App::new(ports.clone(), settings, Metrics::new());
        Self { service: service(&app), app, ports, stop: CancellationToken::new() }
    }

    pub(crate) fn run_pipeline(&self) {
        let Ports { queue, store, model, clock, random, .. } = self.ports.clone();
        let pipeline =
            Pipeline::new(queue, store.clone(), store, model, clock, random, PipelineConfig::default());
        tokio::spawn(pipeline.run(self.stop.clone()));
    }

    /// Calls the service; a request that names no host asks `localhost`.
    pub(crate) async fn call(&self, mut request: Request) -> Reply {
        let host = poem::http::HeaderValue::from_static("localhost");
        request.headers_mut().entry("host").or_insert(host);
        let response = self.service.call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.into_vec().await.unwrap()).unwrap();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .uri(path.parse().unwrap_or_else(|error| panic!("{path}: {error}")));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.call(request.body(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], ()).await
    }

    pub(crate) async fn post(&self, body: impl Into<Body>) -> Reply {
        self.send("POST", "/api/v1/events", &[("content-type", "application/json")], body).await
    }

    /// Sends a good event and gives its id.
    pub(crate) async fn accept(&self, body: impl Into<Body>) -> String {
        let reply = self.post(body).await;
        assert_eq!(reply.status, StatusCode::ACCEPTED, "{reply:?}");
        reply.json()["eventId"].as_str().unwrap().to_owned()
    }

    /// Waits until nothing is in the queue.
    pub(crate) async fn drained(&self) {
        eventually("the queue is empty", async || self.ports.queue.depth().await.unwrap().total() == 0).await;
    }

    /// Nothing was queued and nothing was stored.
    pub(crate) async fn holds_nothing(&self) -> bool {
        let stats = self.ports.store.stats().await.unwrap();
        self.ports.queue.depth().await.unwrap().total() == 0 && stats.signals == 0 && stats.dead_letters == 0
    }
}

/// A good event as JSON.
pub(crate) fn event(account: &str, event_type: &str, metadata: &str) -> String {
    format!(
        r#"{{"accountId":"{account}","userId":"user_1","eventType":"{event_type}","timestamp":"2024-12-21T10:00:00Z","metadata":{metadata}}}"#
    )
}
