//! Event types, health, readiness, liveness and metrics.

use std::time::Duration;

use sspp_core::Durability;
use sspp_runtime::{Dependency, HealthReport, QueueNeed};

use super::body::{
    EventTypesBody, HealthAnswer, IntakeKind, LiveBody, LiveStatus, MetricsText, ReadyBody, ReadyStatus,
};
use crate::http::schema::Instant;
use crate::http::{Call, JsonBody, Problem};

pub(super) async fn event_types(call: Call) -> JsonBody<EventTypesBody> {
    JsonBody((&*call.state.ports.model).into())
}

pub(super) async fn health(call: Call) -> HealthAnswer {
    let (state, ports) = (&call.state, &call.state.ports);
    let within = state.settings.dependency_timeout;
    let asking = async {
        let queue = ports.queue.as_ref()?;
        let need = Dependency::of_queue(&**queue, QueueNeed::Enqueue, within);
        Some(tokio::join!(need, state.ask_queue(queue.durability())))
    };
    let (queue, store, durability) = tokio::join!(
        asking,
        Dependency::of_store(&*ports.store, within),
        state.ask_store(ports.store.durability()),
    );
    let (intake, queue, durability) = match queue {
        Some((queue, of_queue)) => {
            (IntakeKind::Queued, Some(queue), Durability::of_both(of_queue.ok(), durability.ok()))
        }
        None => (IntakeKind::Direct, None, durability.ok()),
    };
    let services =
        queue.map(|queue| (ports.queue_kind, queue)).into_iter().chain([(ports.store_kind, store)]);
    let report = HealthReport::new(services, durability.as_ref(), &state.clock);
    HealthAnswer::new(Instant(state.now()), intake, report)
}

pub(super) async fn ready(call: Call) -> Result<JsonBody<ReadyBody>, Problem> {
    let state = &call.state;
    if state.stopping.is_cancelled() {
        return Err(Problem::unavailable("The service is stopping", Duration::from_secs(5)));
    }
    if let Some(queue) = &state.ports.queue {
        state.ask_queue(queue.ping()).await?;
    } else {
        let store = Dependency::of_store(&*state.ports.store, state.settings.dependency_timeout).await;
        if let Some(reason) = store.reason() {
            let detail = format!("No event can be taken ({}: {reason})", state.ports.store_kind);
            return Err(Problem::unavailable(detail, Duration::from_secs(1)));
        }
    }
    let uptime = state.started.elapsed().as_secs_f64();
    Ok(JsonBody(ReadyBody { status: ReadyStatus, timestamp: Instant(state.now()), uptime }))
}

pub(super) async fn live(_call: Call) -> JsonBody<LiveBody> {
    JsonBody(LiveBody { status: LiveStatus })
}

pub(super) async fn metrics(call: Call) -> MetricsText {
    let state = &call.state;
    if let Some(events) = state.intake.waiting() {
        state.metrics.events_wait(events);
    }
    MetricsText(state.metrics.render())
}
