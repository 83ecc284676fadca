//! The service over adapters, called without a network; and what it answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use poem::http::{HeaderMap, Method, StatusCode};
use poem::{Body, Endpoint as _, Request};
use serde_json::Value;
use sspp_api::{App, Metrics, Ports, Service, Settings, service};
use sspp_core::testing::servers::{Kind, Server, server};
use sspp_core::testing::{eventually, store_in_memory};
use sspp_core::{
    EventQueue, MemoryEventQueue, PgConfig, PgStore, Pipeline, PipelineConfig, ScoringModel, SystemClock,
    SystemRandom,
};
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

/// Direct intake into SQLite in memory.
pub(crate) fn memory_ports() -> Ports {
    Ports {
        queue: None,
        queue_kind: "none",
        store: Arc::new(store_in_memory()),
        store_kind: "sqlite",
        model: ScoringModel::embedded_default(),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom::new()),
    }
}

/// Intake through a queue.
pub(crate) fn queued_ports(queue: Arc<dyn EventQueue>) -> Ports {
    Ports { queue: Some(queue), queue_kind: "memory", ..memory_ports() }
}

/// Direct intake into a database of its own on a PostgreSQL server.
async fn postgres_ports(server: &Server) -> (Ports, Arc<PgStore>) {
    use sqlx::Connection as _;
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let name = format!("it_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed));
    let mut connection = sqlx::PgConnection::connect(&server.url).await.unwrap();
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
    let (base, _) = server.url.rsplit_once('/').unwrap();
    let store = PgStore::open(PgConfig::new(format!("{base}/{name}"))).await.unwrap();
    store.migrate().await.unwrap();
    (Ports { store: store.port(), store_kind: "postgresql", ..memory_ports() }, store)
}

/// Runs a test in each of the three shapes: over SQLite, over PostgreSQL where there is a server, and through a queue whose
/// pipeline the test starts.
pub(crate) async fn in_each_shape(test: impl AsyncFn(&mut Harness)) {
    test(&mut Harness::queued()).await;
    in_each_direct_shape(test).await;
}

/// Runs a test in the two shapes without a queue.
pub(crate) async fn in_each_direct_shape(test: impl AsyncFn(&mut Harness)) {
    if let Some(server) = server(Kind::Postgres17).await {
        let (ports, store) = postgres_ports(&server).await;
        test(&mut Harness::over(ports, Settings { commits: 2, ..Settings::default() })).await;
        store.close().await;
    }
    test(&mut Harness::direct()).await;
}

impl Harness {
    /// Without a queue, over SQLite in memory.
    pub(crate) fn direct() -> Self {
        Self::over(memory_ports(), Settings::default())
    }

    /// With a queue in memory, and without a pipeline: what is queued stays queued.
    pub(crate) fn queued() -> Self {
        let queue = Arc::new(MemoryEventQueue::new(Arc::new(SystemClock)));
        Self::over(queued_ports(queue), Settings::default())
    }

    pub(crate) fn over(ports: Ports, settings: Settings) -> Self {
        let app = App::new(ports.clone(), settings, Metrics::new());
        Self { service: service(&app), app, ports, stop: CancellationToken::new() }
    }

    pub(crate) fn is_direct(&self) -> bool {
        self.ports.queue.is_none()
    }

    pub(crate) fn queue(&self) -> &dyn EventQueue {
        &**self.ports.queue.as_ref().unwrap()
    }

    /// Scores what is queued; without a queue nothing has to be.
    pub(crate) fn run_pipeline(&self) {
        let Ports { queue, store, model, clock, random, .. } = self.ports.clone();
        let Some(queue) = queue else { return };
        let pipeline =
            Pipeline::new(queue, store.clone(), store, model, clock, random, PipelineConfig::default());
        tokio::spawn(pipeline.run(self.stop.clone()));
    }

    /// From now on what is queued stays queued.
    pub(crate) fn stop_pipeline(&mut self) {
        self.stop.cancel();
        self.stop = CancellationToken::new();
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
        if let Some(queue) = &self.ports.queue {
            eventually("the queue is empty", async || queue.depth().await.unwrap().total() == 0).await;
        }
    }

    /// How many events were taken: they are in the queue, or recorded.
    pub(crate) async fn holds(&self) -> u64 {
        let queued = match &self.ports.queue {
            Some(queue) => queue.depth().await.unwrap().total(),
            None => 0,
        };
        let stats = self.ports.store.stats().await.unwrap();
        queued + stats.signals + stats.dead_letters
    }
}

/// A good event as JSON.
pub(crate) fn event(account: &str, event_type: &str, metadata: &str) -> String {
    format!(
        r#"{{"accountId":"{account}","userId":"user_1","eventType":"{event_type}","timestamp":"2024-12-21T10:00:00Z","metadata":{metadata}}}"#
    )
}
