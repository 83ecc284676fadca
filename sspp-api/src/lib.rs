#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! Tests build the service over other adapters with [`App`] and [`service`].
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
