//! The HTTP API of SSPP: routes, shapes and errors over the engine of `sspp-core`.
//!
//! With no configuration the binary also runs the pipeline in its own process over SQLite, so that one command is a
//! whole platform (*embedded mode*). Over Redis and PostgreSQL it is the API alone, and `sspp-worker` scores. Tests build the same service over other adapters with [`App`] and [`service`].
//!
//! ```
//! // What the binary prints for `sspp-api openapi`.
//! let document = sspp_api::openapi_document("/api/v1");
//! assert!(document.contains("\"/api/v1/events\""));
//! ```
//!
//! The feature `otlp` exports spans to an OpenTelemetry collector.

mod app;
mod backpressure;
mod body;
mod body_memory;
mod command;
mod config;
mod docs;
mod document;
mod dto;
mod embedded;
mod error;
mod examples;
mod guard;
mod media;
mod metrics;
mod middleware;
mod production;
mod routes;
mod service;
mod state;
mod transfer;

pub use app::{RunError, run};
pub use command::{Command, CommandLine, HealthcheckArgs};
pub use config::{Config, ConfigError, DataArgs, ModelArgs};
pub use docs::openapi_document;
pub use guard::{
    ApiKeys, ApiKeysFault, CorsOrigins, GuardArgs, NewKey, Rate, RateLimit, Scope, Scopes, TrustedProxies,
};
pub use metrics::Metrics;
pub use service::{Service, service};
pub use state::{App, Ports, Settings};
pub use transfer::{ImportArgs, LegacyArgs, Resume, TransferError, run_import, run_import_legacy};
