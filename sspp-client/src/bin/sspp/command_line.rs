//! The command line, read: the settings of a server and of the output are those of each command that uses them, and may stand
//! before its name too.

use std::io::{IsTerminal as _, Write as _};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args as _, Command, CommandFactory as _, FromArgMatches as _};

use crate::args::{Arguments, Task};
use crate::failure::without_users;
use crate::settings::{DEFAULT_URL, Server, Shown};

/// Commands that talk to no server.
const OFFLINE: [&str; 3] = ["validate", "completions", "man"];
/// Commands that print something of their own form.
const OWN_FORM: [&str; 2] = ["completions", "man"];

/// What was asked for.
pub(crate) struct CommandLine {
    pub(crate) task: Task,
    pub(crate) server: Server,
    pub(crate) shown: Shown,
}

impl CommandLine {
    /// Reads this process's arguments; ends it where they are invalid or ask for help.
    pub(crate) fn parse() -> Self {
        let read = command().try_get_matches().and_then(|matches| {
            let Arguments { task } = Arguments::from_arg_matches(&matches)?;
            Ok(Self { task, server: server(&matches), shown: shown(&matches) })
        });
        read.unwrap_or_else(|error| end(&error.format(&mut command())))
    }
}

/// Shows the fault of the arguments, or the help.
fn end(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit();
    }
    let (said, mut stderr) = (error.render(), std::io::stderr());
    let is_coloured = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|off| off.is_empty());
    let said = if is_coloured { said.ansi().to_string() } else { said.to_string() };
    // Standard error may be closed; the status says the same.
    drop(stderr.write_all(without_users(&said).as_bytes()));
    std::process::exit(error.exit_code())
}

/// The whole command line.
pub(crate) fn command() -> Command {
    let (server, shown) = (Server::augment_args(Command::new("")), Shown::augment_args(Command::new("")));
    let with = |command: Command, settings: &Command| {
        // Below a command that has commands of its own, they are theirs too.
        command.args(settings.get_arguments().map(|setting| setting.clone().global(true)))
    };
    let mut command = Arguments::command();
    let names: Vec<String> = command.get_subcommands().map(|task| task.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(&name, |mut task| {
            if !OFFLINE.contains(&&*name) {
                task = with(task, &server);
            }
            if !OWN_FORM.contains(&&*name) {
                task = with(task, &shown);
            }
            task
        });
    }
    Shown::augment_args(Server::augment_args(command))
}

/// The deepest level at which a setting was written.
fn deepest<'m>(matches: &'m ArgMatches, id: &str) -> Option<&'m ArgMatches> {
    let below = matches.subcommand().and_then(|(_, matches)| deepest(matches, id));
    let written =
        || matches.try_contains_id(id).is_ok() && matches.value_source(id) == Some(ValueSource::CommandLine);
    below.or_else(|| written().then_some(matches))
}

/// What was written, else what a variable says; an empty variable is one that is not set.
fn server(matches: &ArgMatches) -> Server {
    let value = |id: &str, variable: &str| {
        let written = deepest(matches, id).and_then(|level| level.get_one::<String>(id).cloned());
        written.or_else(|| std::env::var(variable).ok().filter(|value| !value.is_empty()))
    };
    let url = value("url", "SSPP_URL").unwrap_or_else(|| DEFAULT_URL.to_owned());
    Server { url, api_key: value("api_key", "SSPP_API_KEY") }
}

fn shown(matches: &ArgMatches) -> Shown {
    let flag = |id: &str| deepest(matches, id).is_some_and(|level| level.get_flag(id));
    Shown { json: flag("json"), quiet: flag("quiet") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Purpose;

    fn read(arguments: &[&str]) -> Result<(Server, Shown), clap::Error> {
        let matches = command().try_get_matches_from([&["sspp"], arguments].concat())?;
        Ok((server(&matches), shown(&matches)))
    }

    #[test]
    fn the_command_line_makes_sense() {
        command().debug_assert();
    }

    #[test]
    fn a_reader_that_has_enough_ends_what_only_shows() {
        for (arguments, purpose) in [
            (&["dead-letters"][..], Purpose::Shows),
            (&["dead-letters", "list"], Purpose::Shows),
            (&["dead-letters", "replay", "--all"], Purpose::Acts),
            (&["signals"], Purpose::Shows),
            (&["emit", "-"], Purpose::Acts),
        ] {
            let matches = command().try_get_matches_from([&["sspp"], arguments].concat()).unwrap();
            assert_eq!(
                Arguments::from_arg_matches(&matches).unwrap().task.purpose(),
                purpose,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn settings_stand_before_or_after_the_command_and_the_last_wins() {
        for (arguments, url, json) in [
            (&["--url", "http://a", "signals"][..], "http://a", false),
            (&["signals", "--url", "http://a", "-j"], "http://a", true),
            (&["--json", "--url", "http://b", "dead-letters", "list", "--url", "http://a"], "http://a", true),
            (&["dead-letters", "--url", "http://a", "list"], "http://a", false),
            (&["--url", "http://a", "completions", "bash"], "http://a", false),
        ] {
            let (server, shown) = read(arguments).unwrap();
            assert_eq!((&*server.url, shown.json), (url, json), "{arguments:?}");
        }
        for unused in [
            &["completions", "bash", "--url", "http://a"][..],
            &["man", "--json"],
            &["validate", "-", "--api-key", "k"],
        ] {
            assert!(read(unused).is_err(), "{unused:?}");
        }
    }
}
