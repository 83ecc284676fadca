//! The command line: serving, with all its settings, or a subcommand with its own.

use std::io::Write as _;

use clap::{Parser, Subcommand};
use sspp_runtime::{Failure, HealthcheckArgs, ManualCommand, MigrateArgs, print};

use crate::app::run;
use crate::config::Config;
use crate::http::guard::{NewKey, Scopes, check_name};
use crate::service::openapi_document;
use crate::transfer::{ImportArgs, LegacyArgs, TransferError, run_import, run_import_legacy};

/// The HTTP API of SSPP, the Sales Signal Processing Platform. Without arguments it is a whole platform: one process over one
/// SQLite file. With `DATABASE_URL` it keeps everything in PostgreSQL: run as many as you like, without a worker. With `REDIS_URL`
/// too, events go through a queue on Redis, and sspp-worker scores them.
///
/// ```
/// use clap::Parser as _;
/// let line = sspp_api::CommandLine::try_parse_from(["sspp-api", "--port", "8080"]).unwrap();
/// assert_eq!(line.config.port, 8080);
/// // A subcommand has settings of its own.
/// assert!(sspp_api::CommandLine::try_parse_from(["sspp-api", "openapi", "--port", "8080"]).is_err());
/// ```
#[derive(Debug, Clone, Parser)]
#[command(
    name = "sspp-api",
    version,
    long_about = None,
    args_conflicts_with_subcommands = true
)]
pub struct CommandLine {
    /// What to do instead of serving.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The settings of the server.
    #[command(flatten)]
    pub config: Config,
}

/// What else the binary can do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Print the OpenAPI document.
    Openapi,
    /// Migrate the schema of PostgreSQL to this release, and print how many migrations were applied.
    Migrate(Box<MigrateArgs>),
    /// Check whether the server on this port is ready. Exit status: 0 ready, 1 not ready.
    Healthcheck(HealthcheckArgs),
    /// Make an API key: prints the key, and the line to configure.
    Keygen {
        /// The name of the key, for logs and messages.
        #[arg(short, long, value_parser = name)]
        name: String,
        /// What it allows: ingest, read and admin, joined by '+'; admin allows everything.
        #[arg(short, long, default_value = "ingest+read")]
        scopes: Scopes,
    },
    /// Import NDJSON: exported signals, and events.
    ///
    /// Signals come from `sspp export` or /signals/export; they keep their event ids. A line without a kind is an event
    /// as POST /events accepts it. To import into a SQLite file, stop the service first. Importing again adds nothing.
    Import(Box<ImportArgs>),
    /// Import the predecessor's table `sales_signals` from its PostgreSQL. Importing again adds nothing.
    ImportLegacy(Box<LegacyArgs>),
    /// Completions and man pages.
    #[command(flatten)]
    Manual(ManualCommand),
}

fn name(text: &str) -> Result<String, String> {
    check_name(text).map(|()| text.to_owned())
}

impl CommandLine {
    /// Does what it says.
    pub fn run(self) -> Result<(), Failure> {
        match self.command {
            None => Ok(run(&self.config)?),
            Some(Command::Openapi) => print(&openapi_document("/api/v1")),
            Some(Command::Migrate(args)) => print(&args.run()?),
            Some(Command::Healthcheck(args)) => args.run(),
            Some(Command::Keygen { name, scopes }) => keygen(&name, scopes),
            Some(Command::Import(args)) => Ok(run_import(&args)?),
            Some(Command::ImportLegacy(args)) => Ok(run_import_legacy(&args)?),
            Some(Command::Manual(manual)) => manual.run::<Self>(),
        }
    }
}

fn keygen(name: &str, scopes: Scopes) -> Result<(), Failure> {
    let key = NewKey::make(name, scopes).map_err(Failure::run)?;
    print(&format!("key:    {}\nconfig: {}", key.secret(), key.line()))?;
    // Not on standard output, which programs read.
    drop(writeln!(
        std::io::stderr(),
        "The key is shown only once: give it to {name}. Add the text after 'config:' to SSPP_API_KEYS, or as a line to the file of SSPP_API_KEYS_FILE, then restart sspp-api."
    ));
    Ok(())
}

impl From<TransferError> for Failure {
    fn from(error: TransferError) -> Self {
        match error {
            TransferError::Config(error) => error.into(),
            TransferError::Open(error) => error.into(),
            TransferError::Interrupted { .. } => Self::interrupted(error),
            error => Self::run(error),
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
