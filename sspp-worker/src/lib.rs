//! The worker of SSPP: the pipeline of `sspp-core` as a process of its own, over Redis and PostgreSQL, with a small server
//! for probes and metrics.
//!
//! ```no_run
//! use clap::Parser as _;
//! sspp_worker::run(&sspp_worker::Config::parse())?;
//! # Ok::<(), sspp_worker::RunError>(())
//! ```
//!
//! | what | where |
//! |---|---|
//! | start and stop | `app` |
//! | the command line and the settings | `command`, `config` |
//! | probes and metrics | `health` |
//! | how its pipeline runs, and ends | `pipeline_args`, `running_pipeline` |
//!
//! The feature `otlp` exports spans to an OpenTelemetry collector.

mod app;
mod command;
mod config;
mod health;
mod pipeline_args;
mod running_pipeline;

pub use app::run;
pub use command::{Command, CommandLine};
pub use config::Config;
pub use pipeline_args::PipelineArgs;
pub use sspp_runtime::{MigrateArgs, RunError};
