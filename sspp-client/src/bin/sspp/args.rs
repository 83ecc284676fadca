//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sspp_client::{DeadLetterId, SignalId};

/// Sends sales events to SSPP and shows what became of them.
#[derive(Debug, Parser)]
#[command(name = "sspp", version, about, propagate_version = true, arg_required_else_help = true)]
#[command(
    after_help = "Ends with 0 when all went well, 1 when something was rejected or wrong, 2 when the command line was, \
    3 when the server is away or busy (try again), 4 when it does not know the key.\n\
    Colours are for terminals, and off with NO_COLOR."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
    #[command(flatten)]
    pub(crate) server: Server,
    /// Print JSON, one document a line, and nothing else on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Where the platform is.
#[derive(Debug, Args)]
pub(crate) struct Server {
    /// Address of the platform's API
    #[arg(long, global = true, env = "SSPP_URL", default_value = "http://127.0.0.1:3000")]
    pub(crate) url: String,
    /// Key for the API, where it asks for one
    #[arg(long, global = true, env = "SSPP_API_KEY", hide_env_values = true)]
    pub(crate) api_key: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Send one event, or with `-` one JSON event a line from standard input
    Emit(Emit),
    /// Send the events of a CSV or NDJSON file; goes on where it stopped
    Import(Import),
    /// List signals, newest first
    Signals(Signals),
    /// Show how a signal's score came to be, or score an event here, with nothing sent
    Score(Score),
    /// See and replay events that could not become signals
    DeadLetters(DeadLetters),
}

/// The members of one event.
#[derive(Debug, Clone, Args, Default)]
pub(crate) struct EventArguments {
    /// Account the event is about
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Person the event is about
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Event type, such as `email_clicked`
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// When it happened, in ISO 8601; now unless given
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Metadata as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,
    /// One member of the metadata; the value is JSON if it can be, kept as it is written, else text. May be repeated
    #[arg(long = "with", value_name = "KEY=VALUE", conflicts_with = "metadata")]
    pub(crate) with: Vec<String>,
}

/// Arguments of `emit`.
#[derive(Debug, Args)]
pub(crate) struct Emit {
    /// `-` reads events from standard input
    #[arg(value_parser = ["-"], conflicts_with_all = ["account", "user", "event_type", "id"])]
    pub(crate) input: Option<String>,
    #[command(flatten)]
    pub(crate) event: EventArguments,
    /// Your own id for the event: sent twice, it counts once
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// System the event comes from
    #[arg(long)]
    pub(crate) source: Option<String>,
}

/// How the lines of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A header line, then a row an event
    Csv,
    /// A JSON object a line
    Ndjson,
}

/// Arguments of `import`.
#[derive(Debug, Args)]
#[command(
    after_help = "CSV columns are accountId, userId, eventType, timestamp, eventId, source and metadata (a JSON object); \
    snake_case works too, and fields may be separated by commas, semicolons, tabs or |. Every other column becomes a member of the \
    metadata: a number or a truth value where it is written back the same (12, 0.5, true), else text (007, 1.10, 1E5). JSON keeps its \
    numbers as they are written. Lines of NDJSON are judged as POST /events/batch judges them. Files are UTF-8, with or without a byte order mark.\n\
    A row that is not right is rejected, and the rest goes on: an event has at most 256 KiB, a row at most 1 MiB. The file of rejected \
    rows has each as it was written, after the reason and an event id; edit it and import it, as often as you like.\n\
    A row without an eventId gets one that stays the same when the import goes on after an interruption and when the edited reject is \
    imported, so nothing counts twice. The checkpoint knows what was imported by its SHA-256: a file that has grown goes on with its new \
    rows, and another file under the same name is refused."
)]
pub(crate) struct Import {
    /// File to import
    pub(crate) file: PathBuf,
    /// Format of the file, where its ending (.csv, .ndjson, .jsonl) does not tell
    #[arg(long)]
    pub(crate) format: Option<Format>,
    /// Events in a request, 1 to 1000
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) batch: u16,
    /// Where the progress is kept; FILE.checkpoint unless given
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Where rejected rows go, with the reasons; FILE.rejected.csv or .ndjson unless given. An import that begins anew replaces it
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
    /// System that rows without a source come from
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Forget the checkpoint and begin anew; rows without an eventId count again. Interrupted, it goes on without --again
    #[arg(long)]
    pub(crate) again: bool,
    /// Check every row but for its event type, which the server judges, and send nothing; rejected rows go to FILE.dry-run.csv or
    /// .ndjson
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Arguments of `signals`.
#[derive(Debug, Args)]
pub(crate) struct Signals {
    /// Of this account only
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Of this person only
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    /// Of this event type only
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) event_type: Option<String>,
    /// With this score or more, from 0 to 1
    #[arg(long, value_name = "SCORE")]
    pub(crate) min_score: Option<f64>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
}

/// Arguments of `score`.
#[derive(Debug, Args)]
pub(crate) struct Score {
    /// Number of the signal to explain
    #[arg(conflicts_with_all = ["account", "user", "event_type", "model"], required_unless_present = "event_type")]
    pub(crate) signal: Option<SignalId>,
    #[command(flatten)]
    pub(crate) event: EventArguments,
    /// Scoring model (TOML or JSON) for the event; the built-in one unless given
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
}

/// Arguments of `dead-letters`.
#[derive(Debug, Args)]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    pub(crate) task: Option<DeadLetterTask>,
}

/// What to do with dead letters; list them unless given.
#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterTask {
    /// List them
    List {
        /// Only those for this reason
        #[arg(long)]
        reason: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
        limit: u64,
    },
    /// Show one with its event
    Show {
        /// Its id
        id: DeadLetterId,
    },
    /// Put events back into the queue, under their own ids
    Replay {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<DeadLetterId>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_makes_sense() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
