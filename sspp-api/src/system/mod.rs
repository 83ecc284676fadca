//! Health, metrics and event types of the service.
//!
//! - `operations`: the routes
//! - `report`, `body`: event types, health, readiness, liveness, metrics

mod body;
mod operations;
mod report;

pub(crate) use operations::feature;
