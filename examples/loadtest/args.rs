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
    /// One sspp-api process over a SQLite file: durable ingest, events read back at once, start-up and memory.
    ///
    /// Targets are goals: missing one is reported, not failed. An acknowledged event that became neither a signal nor
    /// a dead letter, or that could not be read at once, fails the run.
    Embedded(Plan),
    /// The same over the PostgreSQL it is pointed at, without Redis and sspp-worker.
    ///
    /// Uses databases of its own, named `sspp_loadtest_…`, and removes them at the end.
    Postgres(PostgresPlan),
    /// sspp-api and sspp-worker as processes of their own over the Redis and PostgreSQL it is pointed at.
    ///
    /// Uses a queue and databases of its own, named `sspp_loadtest_…`, and removes them at the end.
    Production(ProductionPlan),
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

    /// How many events one client sends and reads, one after the other, in each round of a direct shape.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) reads: u32,

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

/// What a measurement over PostgreSQL alone needs besides.
#[derive(Debug, Clone, _Args)]
pub(crate) struct PostgresPlan {
    #[command(flatten)]
    pub(crate) load: Plan,

    /// The PostgreSQL to measure over; its user must be allowed to create databases.
    #[arg(
        long,
        env = "SSPP_LOADTEST_POSTGRES",
        default_value = "postgres://postgres:postgres@127.0.0.1:5432/postgres"
    )]
    pub(crate) postgres: String,
}

/// What a production measurement needs besides.
#[derive(Debug, Clone, _Args)]
pub(crate) struct ProductionPlan {
    #[command(flatten)]
    pub(crate) load: Plan,

    /// The Redis to measure over: host and port.
    #[arg(long, env = "SSPP_LOADTEST_REDIS", default_value = "127.0.0.1:6379")]
    pub(crate) redis: String,

    /// The PostgreSQL to measure over; its user must be allowed to create databases.
    #[arg(
        long,
        env = "SSPP_LOADTEST_POSTGRES",
        default_value = "postgres://postgres:postgres@127.0.0.1:5432/postgres"
    )]
    pub(crate) postgres: String,

    /// The worker to measure. Default: sspp-worker beside this program.
    #[arg(long, value_name = "FILE")]
    pub(crate) worker: Option<PathBuf>,

    /// Batches that the worker records side by side, and connections of the limit of drain.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) concurrency: u16,

    /// How long to send 200 events a second for the latency, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) latency_seconds: u64,

    /// Compare queries at a tenth of this many signals and at this many; 0 leaves the comparison out.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(0..=20_000_000))]
    pub(crate) signals: u32,

    /// How long to send steadily while memory is watched, in seconds; 0 leaves the soak out.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub(crate) soak_seconds: u64,
}
