//! Measures SSPP under load, beside the limits of the machine in the same run. `loadtest --help` says how.

mod args;
mod bare;
mod batches;
mod databases;
mod direct;
mod generator;
mod http;
mod key;
mod payload;
mod production;
mod progress;
mod queries;
mod redis_limit;
mod report;
mod sequence;
mod server;
mod sqlite_limit;
mod stats;
mod table;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

/// A failure, in words for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match args::Args::parse().command {
        args::Command::Embedded(plan) => direct::sqlite(&plan).await,
        args::Command::Postgres(plan) => direct::postgres(&plan).await,
        args::Command::Production(plan) => production::run(&plan).await,
        args::Command::Bare => bare::serve().await.map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|failure| {
        drop(writeln!(std::io::stderr(), "loadtest: {failure}"));
        ExitCode::FAILURE
    })
}
