//! `sspp`: events in, signals out, from a terminal or a script.

mod args;
mod command_line;
mod completions;
mod connection;
mod dead_letters;
mod emit;
mod erase;
mod event;
mod event_arguments;
mod export;
mod failure;
mod given;
mod health;
mod import;
mod interrupt;
mod listing;
mod man;
mod output;
mod score;
mod settings;
mod signals;
mod stats;
mod types;
mod validate;

use std::process::ExitCode;

use args::Task;
use command_line::{CommandLine, command};
use failure::{Failure, without_users};
use output::Output;

fn main() -> ExitCode {
    let line = CommandLine::parse();
    let output = Output::new(&line.shown, line.task.purpose());
    match run(&line, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&without_users(&failure.at(&line.server.url)));
            ExitCode::from(failure.code())
        }
    }
}

fn run(line: &CommandLine, output: &Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let connect = || connection::open(&line.server, line.task.is_patient());
    runtime.block_on(async {
        match &line.task {
            Task::Emit(task) => emit::run(task, &connect()?, output).await,
            Task::Import(task) => import::run(task, connect, output).await,
            Task::Validate(task) => validate::run(task, output),
            Task::Event(task) => event::run(task, &connect()?, output).await,
            Task::Signals(task) => signals::run(task, &connect()?, output).await,
            Task::Stats => stats::run(&connect()?, output).await,
            Task::Types => types::run(&connect()?, output).await,
            Task::Score(task) => score::run(task, connect, output).await,
            Task::Export(task) => export::run(task, &connect()?, output).await,
            Task::Erase(task) => erase::run(task, &connect()?, output).await,
            Task::Health => health::run(&connect()?, output).await,
            Task::DeadLetters(task) => dead_letters::run(task, &connect()?, output).await,
            Task::Completions(task) => completions::run(task, command(), output),
            Task::Man(task) => man::run(task, command(), output),
        }
    })
}
