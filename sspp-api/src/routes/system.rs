//! The service about itself: event types, health, readiness, liveness, metrics.

use std::sync::Arc;

use poem_openapi::OpenApi;
use sspp_core::Durability;
use sspp_runtime::{Dependency, HealthReport, QueueNeed};

use super::{Asking, Tag};
use crate::dto::{
    EventTypesBody, Failure, HealthAnswer, Instant, JsonBody, LiveBody, LiveStatus, MetricsText, ReadyBody,
    ReadyStatus,
};
use crate::error::Problem;
use crate::guard::{Access, Declared, Scopes};
use crate::state::Inner;

/// The service about itself.
#[derive(Debug)]
pub(crate) struct System(pub(super) Arc<Inner>);

pub(super) const ACCESS: Declared = &[
    ("listEventTypes", Access::Needs(Scopes::INGEST_OR_READ)),
    ("health", Access::Open),
    ("ready", Access::Open),
    ("livez", Access::Open),
    ("metrics", Access::Open),
];

#[OpenApi(tag = "Tag::System")]
impl System {
    /// The event types that are taken
    ///
    /// Those of the active scoring model, with what each is worth.
    #[oai(path = "/event-types", method = "get", operation_id = "listEventTypes")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn event_types(&self) -> JsonBody<EventTypesBody> {
        JsonBody((&*self.0.ports.model).into())
    }

    /// How the service and its dependencies are
    ///
    /// Asks each of them. A 503 has the same body.
    #[oai(path = "/health", method = "get", operation_id = "health")]
    async fn health(&self) -> HealthAnswer {
        let state = &self.0;
        let ports = &state.ports;
        let within = state.settings.dependency_timeout;
        let (queue, store, of_queue, of_store) = tokio::join!(
            Dependency::of_queue(&*ports.queue, QueueNeed::Enqueue, within),
            Dependency::of_store(&*ports.store, within),
            state.ask_queue(ports.queue.durability()),
            state.ask_store(ports.store.durability()),
        );
        let durability = Durability::of_both(of_queue.ok(), of_store.ok());
        let services = [(ports.queue_service, queue), (ports.store_service, store)];
        let report = HealthReport::new(services, durability.as_ref(), &state.clock);
        HealthAnswer::new(Instant(state.now()), report)
    }

    /// Whether the service can take events
    ///
    /// A 503 while the queue does not answer, or the service stops.
    #[oai(path = "/ready", method = "get", operation_id = "ready")]
    async fn ready(&self) -> Result<JsonBody<ReadyBody>, Failure<Asking>> {
        let state = &self.0;
        if state.stopping.is_cancelled() {
            let wait = std::time::Duration::from_secs(5);
            return Err(Problem::unavailable("The service is stopping", wait).into());
        }
        state.ask_queue(state.ports.queue.ping()).await?;
        let uptime = state.uptime().as_secs_f64();
        Ok(JsonBody(ReadyBody { status: ReadyStatus, timestamp: Instant(state.now()), uptime }))
    }

    /// Whether the process runs
    ///
    /// Looks at nothing else: a restart would not heal a dependency.
    #[oai(path = "/livez", method = "get", operation_id = "livez")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn livez(&self) -> JsonBody<LiveBody> {
        JsonBody(LiveBody { status: LiveStatus })
    }

    /// Metrics in Prometheus' text format
    ///
    /// The README lists them.
    #[oai(path = "/metrics", method = "get", operation_id = "metrics")]
    #[expect(clippy::unused_async, reason = "operations are async")]
    async fn metrics(&self) -> MetricsText {
        MetricsText(self.0.metrics.render())
    }
}
