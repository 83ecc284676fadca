#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! | part | what |
//! |---|---|
//! | [`BackendArgs`], [`Backends`] | Redis and PostgreSQL by URL or by parts, and their limits: the shape of a deployment |
//! | [`LogArgs`] | what is logged and how |
//! | [`RetentionArgs`] | for how long signals and dead letters are kept |
//! | [`ConfigError`], [`RunError`] | why a configuration cannot be started with, and why a process did not start |
//! | [`main_of`], [`Failure`], [`ManualCommand`] | a binary's command line, how it ends, its man pages and completions |
//! | [`load_model`], [`recorder`], [`StopSignals`] | what a process needs before it works |
//! | [`open`], [`Adapters`] | the store, and the queue where there is one, opened in one place |
//! | [`MigrateArgs`] | the command that brings PostgreSQL's schema up to date |
//! | [`Monitor`], [`HealthReport`], [`Backpressure`] | what a process watches while it works, and what /health shows of it |
//! | [`METRICS`], [`describe_metrics`] | the list of every metric |
//! | [`OtlpArgs`], [`TraceExport`], [`Exporting`] | where traces are exported to |
//! | [`RequestTrace`] | a request's part in a trace |
//! | [`listen`], [`serve`], [`ServerArgs`], [`AllowedHosts`] | the HTTP server, its limits, and which hosts it may be asked for |
//! | [`HealthcheckArgs`] | how it asks itself whether it is ready |

mod backends;
mod backpressure;
mod cli;
mod clocks;
mod config_error;
mod dependency;
mod durability;
mod health;
mod healthcheck;
mod length;
mod listen;
mod location;
mod logs;
mod manual;
mod metric_list;
mod migrate_args;
mod migration;
mod model;
mod monitor;
mod open;
#[cfg(feature = "otlp")]
mod otlp;
mod otlp_args;
mod recorder;
mod retention_args;
mod run_error;
mod secret;
mod secret_file;
mod server;
mod stop;
mod trace_export;
mod traces;

pub use backends::{BackendArgs, Backends, QueueArgs, StartArgs, StoreArgs};
pub use backpressure::Backpressure;
pub use cli::{Failure, main_of, print};
pub use clocks::StampClock;
pub use config_error::ConfigError;
pub use dependency::{Dependency, QueueNeed};
pub use durability::NotDurable;
pub use health::{DurabilityStatus, HealthReport};
pub use healthcheck::HealthcheckArgs;
pub use length::{read_delay, read_duration};
pub use listen::listen;
pub use location::{DatabaseArgs, Port, RedisArgs};
pub use logs::{LogArgs, LogFormat, Logs};
pub use manual::ManualCommand;
pub use metric_list::{METRICS, describe_metrics, show_release};
pub use migrate_args::MigrateArgs;
pub use migration::migrate;
pub use model::{ModelError, load_model};
pub use monitor::{Monitor, MonitorMetrics, Watched};
#[cfg(feature = "sqlite")]
pub use open::open;
pub use open::{Adapters, open_servers};
pub use otlp_args::OtlpArgs;
pub use recorder::recorder;
pub use retention_args::RetentionArgs;
pub use run_error::RunError;
pub use secret::Secret;
pub use server::{
    AllowedHosts, ConnectionMetrics, HostFault, Limits, RequestedHost, ServerArgs, Serving, serve,
};
pub use stop::StopSignals;
pub use trace_export::{Exporting, TraceExport};
pub use traces::RequestTrace;
