//! `sspp`: events in, signals out, from a terminal or a script.

mod args;
mod connection;
mod dead_letters;
mod emit;
mod failure;
mod import;
mod output;
mod raw_object;
mod score;
mod signals;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Task};
use failure::Failure;
use output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::new(arguments.json);
    let done = run(&arguments, &output);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

fn run(arguments: &Arguments, output: &Output) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::wrong(format!("cannot start: {error}")))?;
    let connect = || connection::open(&arguments.server);
    runtime.block_on(async {
        match &arguments.task {
            Task::Emit(task) => emit::run(task, &connect()?, output).await,
            Task::Import(task) => import::run(task, &connect()?, output).await,
            Task::Signals(task) => signals::run(task, &connect()?, output).await,
            Task::Score(task) => score::run(task, connect, output).await,
            Task::DeadLetters(task) => dead_letters::run(task, &connect()?, output).await,
        }
    })
}
