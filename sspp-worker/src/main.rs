//! The `sspp-worker` binary: reads the command line and hands over to the library.

use std::process::ExitCode;

use sspp_runtime::main_of;
use sspp_worker::CommandLine;

fn main() -> ExitCode {
    main_of(CommandLine::run)
}
