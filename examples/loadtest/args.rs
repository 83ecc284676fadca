//! The command line.

use std::path::PathBuf;

use clap::{Args as _Args, Parser, Subcommand};

/// Measures SSPP under load. Only ratios of one run count: machines differ and are noisy.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One sspp-api process over a SQLite file: durable ingest, drain, start-up and memory.
    ///
    /// Targets are goals: missing one is reported, not failed. An acknowledged event that became neither a signal nor
    /// a dead letter fails the run.
    Embedded(Plan),
    /// Serves the handler that looks at nothing; the test starts it by itself.
    #[command(hide = true)]
    Bare,
}

/// How long and how hard to load.
#[derive(Debug, Clone, _Args)]
pub(crate) struct Plan {
    /// Rounds; each measures the server and every limit, one after the other. The table shows medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) rounds: u32,

    /// The longest that one measurement may send, in seconds.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,

    /// The most events that one measurement may send. They are made beforehand, at about 1 KB of memory each.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    pub(crate) events: u32,

    /// Keep-alive connections, each with one request in flight.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096))]
    pub(crate) connections: u32,

    /// How often to start the server to measure its start.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) starts: u32,

    /// The longest to wait until everything acknowledged is scored and stored, in seconds.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) drain_seconds: u64,

    /// Also write every figure to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Where to put the data files; the disk is part of what is measured. Default: beside this program.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,

    /// The server to measure. Default: sspp-api beside this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) server: Option<PathBuf>,
}
