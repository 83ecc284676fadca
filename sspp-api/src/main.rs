//! The `sspp-api` binary: reads the configuration and hands over to the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use sspp_api::{Command, Config, NewKey, openapi_document, run, run_import, run_import_legacy};
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
        Some(Command::Keygen { name, scopes }) => match NewKey::make(name, *scopes) {
            Ok(key) => {
                let printed = writeln!(std::io::stdout(), "key:    {}\nconfig: {}", key.secret(), key.line());
                drop(writeln!(
                    std::io::stderr(),
                    "The key is shown only now: give it to {name}. Add what follows 'config:' to SSPP_API_KEYS, or as a line to \
                     the file of SSPP_API_KEYS_FILE, and start sspp-api again."
                ));
                if printed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(line) => fail(PROGRAM, &line),
        },
        Some(Command::Import(args)) => match run_import(&config, args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(PROGRAM, &error.to_string()),
        },
        Some(Command::ImportLegacy(args)) => match run_import_legacy(&config, args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(PROGRAM, &error.to_string()),
        },
        None => match run(&config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(PROGRAM, &error.to_string()),
        },
    }
}
