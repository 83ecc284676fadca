//! The `sspp-api` binary: reads the command line and hands over to the library.

use std::process::ExitCode;

use sspp_api::CommandLine;
use sspp_runtime::main_of;

fn main() -> ExitCode {
    main_of(CommandLine::run)
}
