//! What the binaries share: one vocabulary of configuration, logs, metrics, signals to stop, and probes.
//!
//! | part | what |
//! |---|---|
//! | [`BackendArgs`] | Redis and PostgreSQL by URL or by parts, and their limits |
//! | [`PipelineArgs`], [`LogArgs`] | how a pipeline runs, what is logged and how |
//! | [`RetentionArgs`] | for how long signals and dead letters are kept |
//! | [`ConfigError`] | why a configuration cannot be started with |
//! | [`main_of`], [`Failure`], [`ManualCommand`] | a binary's command line, how it ends, its man pages and completions |
//! | [`load_model`], [`recorder`], [`StopSignals`] | what a process needs before it works |
//! | [`watch_durability`], [`watch_dependencies`], [`migrate_until_done`] | what it sees to while it works |
//! | [`METRICS`], [`describe_metrics`], [`measure`] | the list of every metric, and what every process measures |
//! | [`OtlpArgs`], [`TraceExport`], [`Exporting`] | where traces are exported to |
//! | [`RequestTrace`] | a request's part in a trace |
//! | [`serve`], [`ServerArgs`], [`AllowedHosts`] | the HTTP server, its limits, and which hosts it may be asked for |
//! | [`healthcheck`] | how it asks itself whether it is ready |

mod backends;
mod cli;
mod clocks;
mod durability;
mod error;
mod healthcheck;
mod location;
mod logs;
mod manual;
mod metric_list;
mod migration;
mod model;
mod monitor;
#[cfg(feature = "otlp")]
mod otlp;
mod otlp_args;
mod pipeline;
mod recorder;
mod retention;
mod secret;
mod server;
mod span;
mod stop;
mod trace_export;
mod traces;

pub use backends::{BackendArgs, Backends, ClaimArgs, QueueArgs, StartArgs, StoreArgs};
pub use cli::{EXIT_STATUS, Failure, check_queue_name, main_of, print, read_command_line};
pub use clocks::QueueClock;
pub use durability::{DurabilityState, require_durable, watch_durability};
pub use error::ConfigError;
pub use healthcheck::healthcheck;
pub use location::{DatabaseArgs, Port, RedisArgs};
pub use logs::{LogArgs, LogFormat, Logs};
pub use manual::ManualCommand;
pub use metric_list::{METRICS, Metric, describe_metrics, measure, metric_list, show_release};
pub use migration::migrate_until_done;
pub use model::{ModelError, load_model};
pub use monitor::{Dependency, QueueNeed, Seen, Watched, watch_dependencies};
pub use otlp_args::OtlpArgs;
pub use pipeline::PipelineArgs;
pub use recorder::recorder;
pub use retention::RetentionArgs;
pub use secret::Secret;
pub use server::{
    AllowedHosts, ConnectionMetrics, HostFault, Limits, RequestedHost, ServerArgs, Serving, serve,
};
pub use span::{Age, Span};
pub use stop::StopSignals;
pub use trace_export::{Exporting, TraceExport};
pub use traces::RequestTrace;
