//! The HTTP API of SSPP: routes, shapes and errors over the engine of `sspp-core`.
//!
//! The binary has three shapes. With no configuration it keeps everything in one SQLite file, so that one command is a whole
//! platform. Over PostgreSQL alone, any number of processes do the same. In both, intake is *direct*: an event is scored and
//! recorded before its 202. Over Redis and PostgreSQL intake is *queued*, and `sspp-worker` scores. Tests build the same service
//! over other adapters with [`App`] and [`service`].
//!
//! | what | where |
//! |---|---|
//! | a folder for each feature: routes, shapes, handlers | `events`, `signals`, `jobs`, `dead_letters`, `models`, `erasure`, `system` |
//! | HTTP, as every feature needs it | `http` |
//! | all features as one endpoint | `service` |
//! | what handlers share: ports, model, clock, settings | `state` |
//! | the process: command line, settings, start and stop | `command`, `config`, `app`, `announce` |
//! | `sspp-api import` and `import-legacy` | `transfer` |
//! | metrics of requests and intake | `metrics` |
//!
//! ```
//! // What the binary prints for `sspp-api openapi`.
//! let document = sspp_api::openapi_document("/api/v1");
//! assert!(document.contains("\"/api/v1/events\""));
//! ```
//!
//! The feature `otlp` exports spans to an OpenTelemetry collector.

mod announce;
mod app;
mod command;
mod config;
mod dead_letters;
mod erasure;
mod events;
mod http;
mod jobs;
mod metrics;
mod models;
mod service;
mod signals;
mod state;
mod system;
mod transfer;

pub use app::run;
pub use command::{Command, CommandLine};
pub use config::{Config, DataArgs, ModelArgs};
pub use http::guard::{
    ApiKeys, ApiKeysFault, CorsOrigins, GuardArgs, NewKey, Rate, RateLimit, Scope, Scopes, TrustedProxies,
};
pub use metrics::Metrics;
pub use service::{Service, openapi_document, service};
pub use sspp_runtime::{ConfigError, MigrateArgs, RunError};
pub use state::{App, Ports, Settings};
pub use transfer::{ImportArgs, LegacyArgs, Resume, TransferError, run_import, run_import_legacy};
