//! The service about itself: health, readiness, metrics.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sspp_events::Timestamp;

use crate::api::Call;
use crate::api::read;
use crate::client::Client;
use crate::errors::Error;
use crate::words::{DurabilityStatus, HealthStatus, IntakeKind};

/// How the service and its dependencies are.
///
/// ```
/// # fn shown(health: &sspp_client::Health) {
/// for (name, service) in &health.services {
///     println!("{name}: {} in {} ms", service.status, service.response_time);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// `unhealthy` when a dependency is.
    pub status: HealthStatus,
    /// When it was looked at.
    pub timestamp: Timestamp,
    /// Whether events are acknowledged in a queue or as signals.
    pub intake: IntakeKind,
    /// Every dependency under its own name.
    pub services: BTreeMap<String, ServiceHealth>,
    /// Whether accepted events survive a crash of the servers of queue and store.
    pub durability: DurabilityStatus,
    /// What to change; empty when everything works.
    pub warnings: Vec<String>,
}

impl Health {
    /// Whether the service and all its dependencies are healthy.
    pub fn is_healthy(&self) -> bool {
        self.status == HealthStatus::Healthy
    }
}

/// How one dependency is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ServiceHealth {
    /// How it is.
    pub status: HealthStatus,
    /// How long it took to answer, in milliseconds.
    pub response_time: u64,
    /// The reason, when it is unhealthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A service that can take events.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Ready {
    /// When it said so.
    pub timestamp: Timestamp,
    /// For how long it has been running, in seconds.
    pub uptime: f64,
}

impl Client {
    /// How the service and its dependencies are. Needs no key. A service that is unhealthy answers too: see
    /// [`is_healthy`](Health::is_healthy).
    pub async fn health(&self) -> Result<Health, Error> {
        self.with_api(|outbox| async move {
            let answer = outbox.api.send(Call::get("/health")).await?;
            if answer.status() == StatusCode::SERVICE_UNAVAILABLE
                && let Ok(health) = serde_json::from_slice(answer.body())
            {
                return Ok(health);
            }
            read(&outbox.api.check(answer)?)
        })
        .await
    }

    /// Whether the service can take events. Needs no key.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 503 while it cannot.
    pub async fn ready(&self) -> Result<Ready, Error> {
        self.ask(Call::get("/ready")).await
    }

    /// Whether the service's process runs, whatever its dependencies do. Needs no key.
    ///
    /// # Errors
    /// What the request failed with.
    pub async fn live(&self) -> Result<(), Error> {
        self.ask::<IgnoredAny>(Call::get("/livez")).await.map(drop)
    }

    /// The service's metrics in Prometheus' text format. Needs no key.
    ///
    /// # Errors
    /// [`Error::Refused`] with status 404 through a proxy: the metrics are only for those who ask the server directly.
    pub async fn metrics(&self) -> Result<String, Error> {
        let call = Call::get("/metrics").accepting("text/plain");
        self.with_api(|outbox| async move { outbox.api.text(call).await }).await
    }
}
