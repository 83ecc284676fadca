//! How a binary reads its command line, and how it ends.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::{OsStr, Resettable};

use super::ConfigError;

/// What a binary's `--help` says of its exit status.
pub const EXIT_STATUS: &str = "Exit status: 0 done, 1 failed, 2 the command line or a setting is wrong, 130 stopped by a signal before it was done.";

/// Why a command was not done: the message, and the status that the process ends with.
///
/// ```
/// use sspp_runtime::Failure;
/// let failure = Failure::usage("--port (PORT) is 0");
/// assert_eq!((failure.status(), failure.to_string().as_str()), (2, "--port (PORT) is 0"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    status: u8,
    message: String,
}

impl Failure {
    /// It was tried, and failed: status 1.
    pub fn run(message: impl Display) -> Self {
        Self { status: 1, message: message.to_string() }
    }

    /// The command line or a setting is wrong, so nothing was tried: status 2.
    pub fn usage(message: impl Display) -> Self {
        Self { status: 2, message: message.to_string() }
    }

    /// A signal came before it was done: status 130.
    pub fn interrupted(message: impl Display) -> Self {
        Self { status: 130, message: message.to_string() }
    }

    /// What the process ends with.
    pub const fn status(&self) -> u8 {
        self.status
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::usage(error)
    }
}

/// The main function of a binary: reads the command line, does what it says, and tells why where that failed, one line a
/// fault.
///
/// ```no_run
/// #[derive(clap::Parser)]
/// struct CommandLine {}
///
/// fn main() -> std::process::ExitCode {
///     sspp_runtime::main_of(|line: CommandLine| Ok(()))
/// }
/// ```
pub fn main_of<C: Parser>(run: impl FnOnce(C) -> Result<(), Failure>) -> ExitCode {
    let done = match read_command_line(std::env::args_os()) {
        Ok(line) => run(line),
        // --help and --version are no failures.
        Err(help) if !help.use_stderr() => help.exit(),
        Err(error) => Err(Failure::usage(one_line(&error.to_string()))),
    };
    let Err(failure) = done else { return ExitCode::SUCCESS };
    // Nobody may be listening; the status says the same.
    drop(writeln!(std::io::stderr(), "{}: {failure}", C::command().get_name()));
    ExitCode::from(failure.status)
}

/// Reads a command line and the variables of its settings. A subcommand has settings of its own; what the variables say of
/// all others does not matter to it, right or wrong.
///
/// ```
/// #[derive(clap::Parser)]
/// struct CommandLine {
///     #[arg(long)]
///     port: Option<u16>,
/// }
/// let line: CommandLine = sspp_runtime::read_command_line(["x", "--port", "80"].map(Into::into)).unwrap();
/// assert_eq!(line.port, Some(80));
/// ```
pub fn read_command_line<C: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<C, clap::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    let mut command = C::command();
    let first = words.get(1).and_then(|word| word.to_str());
    if first.is_some_and(|first| command.find_subcommand(first).is_some()) {
        command = command.mut_args(|arg| arg.env(Resettable::<OsStr>::Reset));
    }
    let matches = command.try_get_matches_from_mut(words)?;
    C::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// Prints what a command was asked for.
///
/// ```
/// assert!(sspp_runtime::print("done").is_ok());
/// ```
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let printed = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
    match printed {
        // The reader has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => {
            printed.map_err(|error| Failure::run(format_args!("cannot write to standard output: {error}")))
        }
    }
}

/// What clap says, without the usage that follows but with the way to it.
fn one_line(error: &str) -> String {
    let lines = error.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let said = lines.collect::<Vec<_>>().join(" ");
    let said = said.trim_start_matches("error: ");
    // Only a setting before a subcommand is told so.
    let more = if said.contains("subcommand '") && said.contains("cannot be used with") {
        "write the subcommand first, and only settings that its --help lists"
    } else {
        "--help lists what there is"
    };
    format!("{said}; {more}")
}

/// Checks a queue's name, which stands in metrics and in keys.
///
/// ```
/// assert!(sspp_runtime::check_queue_name("events").is_ok());
/// assert!(sspp_runtime::check_queue_name("{events}").is_err());
/// ```
pub fn check_queue_name(name: &str) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if !name.is_empty() && name.len() <= 100 && name.chars().all(plain) {
        return Ok(());
    }
    Err(ConfigError::Invalid {
        flag: "--queue-name",
        variable: "QUEUE_NAME",
        value: name.to_owned(),
        reason: "should have 1 to 100 letters, digits, '-', '_', '.' and ':'".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clap_says_becomes_one_line() {
        let said = one_line(
            "error: unexpected argument '-x' found\n\nUsage: x\n\nFor more information, try '--help'.\n",
        );
        assert_eq!(said, "unexpected argument '-x' found; --help lists what there is");
    }
}
