//! The answer of /health in both binaries.

use sspp_engine::Durability;

use super::{Dependency, StampClock};

/// Whether acknowledged events survive a crash of the servers of queue and store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DurabilityStatus {
    /// It does.
    Durable,
    /// A server may lose it.
    AtRisk,
    /// One of them does not say.
    Unknown,
}

/// How the dependencies are.
#[derive(Debug, Clone)]
pub struct HealthReport {
    /// Each under its own name; none before they were asked.
    pub services: Vec<(&'static str, Dependency)>,
    /// Whether acknowledged events survive a crash.
    pub durability: DurabilityStatus,
    /// Why acknowledged events are at risk, and which clocks differ, each with what to change.
    pub warnings: Vec<String>,
}

impl HealthReport {
    /// Reports how the dependencies are, each under its name, and what is known of durability and clocks.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sspp_core::SystemClock;
    /// use sspp_runtime::{DurabilityStatus, HealthReport, StampClock};
    /// let report = HealthReport::new([], None, &StampClock::new(Arc::new(SystemClock)));
    /// assert!(!report.is_healthy() && report.durability == DurabilityStatus::Unknown);
    /// ```
    pub fn new(
        dependencies: impl IntoIterator<Item = (&'static str, Dependency)>,
        durability: Option<&Durability>,
        clock: &StampClock,
    ) -> Self {
        let services = dependencies.into_iter().collect();
        let at_risk = durability.map(Durability::at_risk);
        let durability = match at_risk {
            None => DurabilityStatus::Unknown,
            Some([]) => DurabilityStatus::Durable,
            Some(_) => DurabilityStatus::AtRisk,
        };
        let warnings = at_risk.unwrap_or_default().iter().cloned().chain(clock.warnings()).collect();
        Self { services, durability, warnings }
    }

    /// Whether every dependency answered and can be used.
    pub fn is_healthy(&self) -> bool {
        !self.services.is_empty() && self.fault().is_none()
    }

    /// The first dependency that cannot be used, and why.
    pub fn fault(&self) -> Option<String> {
        self.services.iter().find_map(|(name, dependency)| Some(format!("{name}: {}", dependency.reason()?)))
    }
}
