//! The `sspp-worker` binary: reads the configuration and hands over to the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use sspp_core::service::{fail, healthcheck, one_line};
use sspp_worker::{Command, Config, migrate, run};

const PROGRAM: &str = "sspp-worker";

fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(error) if error.use_stderr() => return fail(PROGRAM, &one_line(&error.to_string())),
        // --help and --version are no failures.
        Err(help) => help.exit(),
    };
    let done = match config.command {
        Some(Command::Migrate) => migrate(&config).map(Some).map_err(|error| error.to_string()),
        Some(Command::Healthcheck) => healthcheck(config.address()).map(Some),
        None => run(&config).map(|()| None).map_err(|error| error.to_string()),
    };
    match done {
        Ok(line) => {
            if let Some(line) = line {
                // The status says the same to whoever closed standard output.
                drop(writeln!(std::io::stdout(), "{line}"));
            }
            ExitCode::SUCCESS
        }
        Err(message) => fail(PROGRAM, &message),
    }
}
