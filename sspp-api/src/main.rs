//! The `sspp-api` binary: reads the configuration and hands over to the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use sspp_api::{Command, Config, openapi_document, run};
use sspp_core::service::{fail, healthcheck, one_line};

const PROGRAM: &str = "sspp-api";

fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(error) if error.use_stderr() => return fail(PROGRAM, &one_line(&error.to_string())),
        // --help and --version are no failures.
        Err(help) => help.exit(),
    };
    match &config.command {
        Some(Command::Openapi) => {
            let printed = writeln!(std::io::stdout(), "{}", openapi_document("/api/v1"));
            if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Some(Command::Healthcheck) => match healthcheck(config.address()) {
            Ok(line) => {
                drop(writeln!(std::io::stdout(), "{line}"));
                ExitCode::SUCCESS
            }
            Err(line) => fail(PROGRAM, &line),
        },
        None => match run(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(PROGRAM, &error.to_string()),
        },
    }
}
