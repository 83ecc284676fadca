//! The `sspp-api` binary: reads the configuration and hands over to the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use sspp_api::{Command, Config, openapi_document, run};

fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(error) if error.use_stderr() => return fail(&one_line(&error.to_string())),
        // --help and --version are no failures.
        Err(help) => help.exit(),
    };
    match &config.command {
        Some(Command::Openapi) => {
            let printed = writeln!(std::io::stdout(), "{}", openapi_document("/api/v1"));
            if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        None => match run(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
    }
}

/// One line a fault and nothing else: a person has to act on it.
fn fail(message: &str) -> ExitCode {
    drop(writeln!(std::io::stderr(), "sspp-api: {message}"));
    ExitCode::FAILURE
}

/// What clap says, without the usage that follows but with the way to it.
fn one_line(error: &str) -> String {
    let lines = error.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let said = lines.collect::<Vec<_>>().join(" ");
    format!("{}; --help lists what there is", said.trim_start_matches("error: "))
}
