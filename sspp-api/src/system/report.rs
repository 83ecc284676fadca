//! Event types, health, readiness, liveness and metrics.

use std::time::Duration;

use sspp_core::Durability;
use sspp_runtime::{Dependency, HealthReport, QueueNeed};

use super::body::{EventTypesBody, HealthAnswer, LiveBody, LiveStatus, MetricsText, ReadyBody, ReadyStatus};
use crate::http::schema::Instant;
use crate::http::{Call, JsonBody, Problem};

pub(super) async fn event_types(call: Call) -> JsonBody<EventTypesBody> {
    JsonBody((&*call.state.ports.model).into())
}

pub(super) async fn health(call: Call) -> HealthAnswer {
    let (state, ports) = (&call.state, &call.state.ports);
    let within = state.settings.dependency_timeout;
    let (queue, store, of_queue, of_store) = tokio::join!(
        Dependency::of_queue(&*ports.queue, QueueNeed::Enqueue, within),
        Dependency::of_store(&*ports.store, within),
        state.ask_queue(ports.queue.durability()),
        state.ask_store(ports.store.durability()),
    );
    let durability = Durability::of_both(of_queue.ok(), of_store.ok());
    let services = [(ports.queue_kind, queue), (ports.store_kind, store)];
    let report = HealthReport::new(services, durability.as_ref(), &state.clock);
    HealthAnswer::new(Instant(state.now()), report)
}

pub(super) async fn ready(call: Call) -> Result<JsonBody<ReadyBody>, Problem> {
    let state = &call.state;
    if state.stopping.is_cancelled() {
        return Err(Problem::unavailable("The service is stopping", Duration::from_secs(5)));
    }
    state.ask_queue(state.ports.queue.ping()).await?;
    let uptime = state.uptime().as_secs_f64();
    Ok(JsonBody(ReadyBody { status: ReadyStatus, timestamp: Instant(state.now()), uptime }))
}

pub(super) async fn live(_call: Call) -> JsonBody<LiveBody> {
    JsonBody(LiveBody { status: LiveStatus })
}

pub(super) async fn metrics(call: Call) -> MetricsText {
    MetricsText(call.state.metrics.render())
}
