//! How a binary reads its command line, and how it ends.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::builder::{OsStr, Resettable};
use clap::error::{ContextKind, ContextValue, ErrorKind as Fault};
use clap::{Arg, Command, Parser};

use super::ConfigError;

/// What a binary's `--help` says of its exit status.
const EXIT_STATUS: &str = "Exit status: 0 done, 1 failed, 2 the command line or a setting is wrong, 130 stopped by a signal before it finished.";

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
pub fn main_of<C: Parser>(run: impl FnOnce(C) -> Result<(), Failure>) -> ExitCode {
    let done = match read_command_line(std::env::args_os()) {
        Ok(line) => run(line),
        // --help and --version are no failures.
        Err(help) if !help.use_stderr() => help.exit(),
        Err(error) => Err(Failure::usage(one_line(&error, &command_of::<C>()))),
    };
    let Err(failure) = done else { return ExitCode::SUCCESS };
    let status = failure.status;
    let given = std::env::args_os().chain(std::env::vars_os().map(|(_, value)| value));
    let failure = without_users(&failure.to_string(), given);
    // Standard error may be closed; the status says the same.
    drop(writeln!(std::io::stderr(), "{}: {failure}", C::command().get_name()));
    ExitCode::from(status)
}

/// Reads a command line and the variables of its settings. A subcommand has settings of its own; what the variables say of
/// all others does not matter to it, right or wrong.
fn read_command_line<C: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<C, clap::Error> {
    let words: Vec<OsString> = words.into_iter().collect();
    let mut command = command_of::<C>();
    let first = words.get(1).and_then(|word| word.to_str());
    if first.is_some_and(|first| command.find_subcommand(first).is_some()) {
        command = command.mut_args(|arg| arg.env(Resettable::<OsStr>::Reset));
    }
    let matches = command.try_get_matches_from_mut(words)?;
    C::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// A binary's command line, each part of which tells the exit status in its help.
pub(super) fn command_of<C: Parser>() -> Command {
    fn with_status(command: Command) -> Command {
        command.after_help(EXIT_STATUS).mut_subcommands(with_status)
    }
    let mut command = with_status(C::command());
    command.build();
    command
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

/// What clap says, with a pointer to the usage instead of the usage, and with the variable that the value may be from.
fn one_line(error: &clap::Error, command: &Command) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let mut said = String::new();
    for line in lines {
        said += if said.is_empty() {
            ""
        } else if line.starts_with("tip: ") {
            "; "
        } else {
            " "
        };
        said += line.trim_start_matches("error: ").trim_start_matches("tip: ");
    }
    if let Some(variable) = variable(error, command).filter(|variable| !said.contains(variable)) {
        said.extend([" (or from ", &variable, ")"]);
    }
    let of_server = error.context().any(|(kind, _)| kind == ContextKind::InvalidSubcommand);
    let more = if error.kind() == Fault::ArgumentConflict && of_server {
        "write the subcommand first, then only settings that its --help lists"
    } else {
        "see --help"
    };
    format!("{said}; {more}")
}

/// The variable of the setting that is at fault.
fn variable(error: &clap::Error, command: &Command) -> Option<String> {
    fn find<'c>(command: &'c Command, shown: &str) -> Option<&'c Arg> {
        let own = command.get_arguments().find(|arg| arg.get_env().is_some() && arg.to_string() == shown);
        own.or_else(|| command.get_subcommands().find_map(|sub| find(sub, shown)))
    }
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return None };
    Some(find(command, shown)?.get_env()?.to_string_lossy().into_owned())
}

/// A message without the users and passwords of URLs that the command line or the environment hold: a message may quote a URL
/// that stands in the wrong place.
fn without_users(message: &str, given: impl IntoIterator<Item = OsString>) -> String {
    given.into_iter().fold(message.to_owned(), |message, given| {
        let given = given.to_string_lossy();
        let user = given.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
        match user {
            Some((user, _)) if !user.is_empty() => message.replace(&format!("://{user}@"), "://…@"),
            _ => message,
        }
    })
}

/// Checks a queue's name, which stands in metrics and in keys.
pub(super) fn check_queue_name(name: &str) -> Result<(), ConfigError> {
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

    #[derive(Debug, Parser)]
    #[command(name = "x", args_conflicts_with_subcommands = true)]
    struct Line {
        #[arg(long, env = "X_MIGRATE")]
        migrate: bool,
        #[arg(long, value_name = "X_PORT", env = "X_PORT")]
        port: Option<u16>,
        #[command(subcommand)]
        command: Option<Sub>,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Sub {
        /// Imports.
        Import { file: String },
    }

    #[test]
    fn what_clap_says_becomes_one_line() {
        for (words, said) in [
            (&["x", "-y"][..], "unexpected argument '-y' found; see --help"),
            (
                &["x", "--pott", "1"],
                "unexpected argument '--pott' found; a similar argument exists: '--port'; see --help",
            ),
            (
                &["x", "--port", "y"],
                "invalid value 'y' for '--port <X_PORT>': invalid digit found in string; see --help",
            ),
            (&["x", "import"], "the following required arguments were not provided: <FILE>; see --help"),
            (
                &["x", "--port", "1", "import", "f"],
                "the subcommand 'import' cannot be used with '--port <X_PORT>'; write the subcommand first, then only settings that its --help lists",
            ),
        ] {
            let error = read_command_line::<Line>(words.iter().map(Into::into)).unwrap_err();
            assert_eq!(one_line(&error, &command_of::<Line>()), said);
        }
        // Its value can only be from the variable.
        let mut error = clap::Error::new(Fault::ValueValidation);
        error.insert(ContextKind::InvalidArg, ContextValue::String("--migrate".to_owned()));
        error.insert(ContextKind::InvalidValue, ContextValue::String("yes".to_owned()));
        let said = one_line(&error, &command_of::<Line>());
        assert!(said.starts_with("invalid value 'yes' for '--migrate' (or from X_MIGRATE); "), "{said}");
    }

    #[test]
    fn every_help_tells_the_exit_status() {
        for words in [&["x", "--help"][..], &["x", "import", "--help"], &["x", "help", "import"]] {
            let help = read_command_line::<Line>(words.iter().map(Into::into)).unwrap_err();
            assert!(!help.use_stderr() && help.to_string().contains("Exit status: 0 done"), "{help}");
        }
    }

    #[test]
    fn the_users_of_urls_are_in_no_message() {
        for (given, message, said) in [
            (
                "postgres://u:hunter2@old/sales",
                "no 'postgres://u:hunter2@old/sales'",
                "no 'postgres://…@old/sales'",
            ),
            ("--form=redis://:a@b/c@old", "redis://:a@b/c@old: no", "redis://…@old: no"),
            ("http://old/@", "http://old", "http://old"),
            ("a@b", "a@b", "a@b"),
        ] {
            assert_eq!(without_users(message, [given.into()]), said);
        }
    }
}
