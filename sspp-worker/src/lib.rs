#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! | what | where |
//! |---|---|
//! | start and stop | `app` |
//! | the command line and the settings | `command`, `config` |
//! | probes and metrics | `health` |
//! | how its pipeline runs, and ends | `pipeline_args`, `running_pipeline` |

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
