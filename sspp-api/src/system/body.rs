//! The service about itself: health, readiness, metrics, and the event types it takes.

use poem::Response;
use poem::http::StatusCode;
use poem_openapi::registry::MetaSchema;
use poem_openapi::types::Type as _;
use poem_openapi::{Enum, Object};
use serde::{Serialize, Serializer};
use serde_with::skip_serializing_none;
use sspp_core::ScoringModel;
use sspp_runtime::{Dependency, HealthReport};

use crate::http::schema::{Instant, constant, documented, inline};
use crate::http::{Answer, Documentation, JsonBody, Problem, media};
use crate::models::ModelBody;

/// How the service or a dependency is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub(crate) enum HealthStatus {
    Healthy,
    Unhealthy,
}

/// Whether accepted events survive a crash of the servers that they are on.
#[derive(Debug, Clone, Copy, Serialize, Enum)]
#[serde(rename_all = "snake_case")]
#[oai(rename_all = "snake_case", remote = "sspp_runtime::DurabilityStatus")]
enum DurabilityStatus {
    Durable,
    AtRisk,
    Unknown,
}

/// How events are taken.
#[derive(Debug, Clone, Copy, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
pub(super) enum IntakeKind {
    Queued,
    Direct,
}

constant! {
    /// The service can take events.
    ReadyStatus, "ReadyStatus" = "ready"
}
constant! {
    /// The process runs.
    LiveStatus, "LiveStatus" = "alive"
}

/// How one dependency is.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub(crate) struct ServiceHealth {
    /// How it is.
    pub(crate) status: HealthStatus,
    /// How long it took to answer, in milliseconds.
    pub(crate) response_time: u64,
    /// Why it is unhealthy: `unavailable`, `slow`, `full`, `cannot write` and the like. Absent when it is healthy.
    pub(crate) reason: Option<String>,
}

impl From<Dependency> for ServiceHealth {
    fn from(dependency: Dependency) -> Self {
        Self {
            status: if dependency.is_healthy() { HealthStatus::Healthy } else { HealthStatus::Unhealthy },
            response_time: u64::try_from(dependency.response_time().as_millis()).unwrap_or(u64::MAX),
            reason: dependency.reason().map(str::to_owned),
        }
    }
}

/// Dependencies by name.
#[derive(Debug)]
pub(crate) struct Services(Vec<(&'static str, ServiceHealth)>);

impl Serialize for Services {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, health)| (name, health)))
    }
}

documented!(
    Services,
    "services",
    MetaSchema {
        additional_properties: Some(Box::new(ServiceHealth::schema_ref())),
        ..MetaSchema::new("object")
    }
);

/// How the service and its dependencies are.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Health")]
struct HealthBody {
    /// `unhealthy` when a dependency is.
    status: HealthStatus,
    /// Now.
    timestamp: Instant,
    /// `queued`: events wait in a queue, and workers score them. `direct`: they are scored and recorded before they are acknowledged.
    intake: IntakeKind,
    /// Every dependency under its own name.
    services: Services,
    /// Whether accepted events survive a crash of the servers that they are on; `unknown` when one of them does not say.
    durability: DurabilityStatus,
    /// Risks for accepted events and clocks that differ, each with what to change; empty if there are none.
    warnings: Vec<String>,
}

/// 200 when every dependency works, else 503 with the same body.
#[derive(Debug)]
pub(crate) struct HealthAnswer(HealthBody);

impl HealthAnswer {
    pub(super) fn new(now: Instant, intake: IntakeKind, report: HealthReport) -> Self {
        let status = if report.is_healthy() { HealthStatus::Healthy } else { HealthStatus::Unhealthy };
        let services = report.services.into_iter().map(|(name, dependency)| (name, dependency.into()));
        let durability = report.durability.into();
        let services = Services(services.collect());
        Self(HealthBody { status, timestamp: now, intake, services, durability, warnings: report.warnings })
    }
}

impl Answer for HealthAnswer {
    fn document(to: &mut Documentation) {
        to.answer::<HealthBody>(200, "Every dependency works");
        to.answer::<HealthBody>(503, "A dependency does not work");
        to.refers_to(ServiceHealth::register);
    }

    fn respond(self) -> Result<Response, Problem> {
        let healthy = self.0.status == HealthStatus::Healthy;
        let mut response = JsonBody(self.0).respond()?;
        if !healthy {
            response.set_status(StatusCode::SERVICE_UNAVAILABLE);
        }
        Ok(response)
    }
}

/// The service can take events.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Ready")]
pub(crate) struct ReadyBody {
    /// Always `ready`.
    pub(crate) status: ReadyStatus,
    /// Now.
    pub(crate) timestamp: Instant,
    /// For how long the service has been running, in seconds.
    pub(crate) uptime: f64,
}

/// The process runs.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Live")]
pub(crate) struct LiveBody {
    /// Always `alive`.
    pub(crate) status: LiveStatus,
}

/// Metrics in Prometheus' text format.
#[derive(Debug)]
pub(crate) struct MetricsText(pub(crate) String);

impl Answer for MetricsText {
    fn document(to: &mut Documentation) {
        let content = vec![media("text/plain", inline(MetaSchema::new("string")))];
        to.answer_of(200, "Metrics in Prometheus' text format", content);
    }

    fn respond(self) -> Result<Response, Problem> {
        Ok(Response::builder().content_type("text/plain; version=0.0.4; charset=utf-8").body(self.0))
    }
}

/// What an event type is worth.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "EventType")]
pub(crate) struct EventTypeBody {
    /// The type, as events name it.
    event_type: String,
    /// Its worth before modifiers.
    base: f64,
    /// The signal type.
    signal_type: String,
    /// The group in which it counts for an account.
    group: String,
}

/// The event types of the active scoring model.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "EventTypes")]
pub(crate) struct EventTypesBody {
    /// The active model.
    model: ModelBody,
    /// Its event types, in its own order.
    event_types: Vec<EventTypeBody>,
}

impl From<&ScoringModel> for EventTypesBody {
    fn from(model: &ScoringModel) -> Self {
        let event_types = model.event_rules().iter().map(|rule| EventTypeBody {
            event_type: rule.event_type.to_string(),
            base: rule.base.to_f64(),
            signal_type: rule.signal_type.to_string(),
            group: rule.group.clone(),
        });
        Self { model: model.into(), event_types: event_types.collect() }
    }
}
