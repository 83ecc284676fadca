//! The command line: scoring events, with all its settings, or a subcommand with its own.

use clap::{Parser, Subcommand};
use sspp_runtime::{Failure, HealthcheckArgs, ManualCommand, MigrateArgs, print};

use crate::app::run;
use crate::config::Config;

/// The worker of SSPP, the Sales Signal Processing Platform: takes events from the queue on Redis, scores them, and stores
/// signals in PostgreSQL. Run as many as you like. Without Redis no worker is needed: sspp-api scores.
///
/// ```
/// use clap::Parser as _;
/// let line = sspp_worker::CommandLine::try_parse_from(["sspp-worker", "--port", "8081"]).unwrap();
/// assert_eq!(line.config.port, 8081);
/// ```
#[derive(Debug, Clone, Parser)]
#[command(
    name = "sspp-worker",
    version,
    long_about = None,
    args_conflicts_with_subcommands = true
)]
pub struct CommandLine {
    /// What to do instead of scoring events.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The settings of the worker.
    #[command(flatten)]
    pub config: Config,
}

/// What else the binary can do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Migrate the schema of PostgreSQL to this release, and print how many migrations were applied.
    Migrate(Box<MigrateArgs>),
    /// Check whether the worker on this port is ready. Exit status: 0 ready, 1 not ready.
    #[command(mut_arg("port", |port| port.env("WORKER_PORT").value_name("WORKER_PORT").default_value("3001")))]
    Healthcheck(HealthcheckArgs),
    /// Completions and man pages.
    #[command(flatten)]
    Manual(ManualCommand),
}

impl CommandLine {
    /// Does what it says.
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            None => Ok(run(&self.config)?),
            Some(Command::Migrate(args)) => print(&args.run()?),
            Some(Command::Healthcheck(args)) => args.run(),
            Some(Command::Manual(manual)) => manual.run::<Self>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    /// All that may hold a URL or a secret, in every subcommand.
    #[test]
    fn help_shows_no_secret() {
        fn shown(command: &clap::Command, found: &mut Vec<String>) {
            for arg in command.get_arguments() {
                let name = arg.get_env().unwrap_or_default().to_string_lossy().into_owned();
                let is_secret = ["URL", "ENDPOINT", "HEADERS", "PASSWORD", "API_KEYS"]
                    .iter()
                    .any(|end| name.ends_with(end));
                let of_type =
                    arg.get_value_parser().type_id() == std::any::TypeId::of::<sspp_runtime::Secret>();
                if (is_secret || of_type) && !(of_type && arg.is_hide_env_values_set()) {
                    found.push(name);
                }
            }
            command.get_subcommands().for_each(|command| shown(command, found));
        }
        let mut found = Vec::new();
        shown(&super::CommandLine::command(), &mut found);
        assert_eq!(found, Vec::<String>::new());
    }
}
