//! What `sspp import` can be asked for.

use std::path::PathBuf;

use clap::Args;
use sspp_import::Format;

#[derive(Debug, Args)]
#[command(
    after_help = "`sspp import --help` explains columns, rejected rows, ids and how an import goes on.",
    after_long_help = "CSV columns are accountId, userId, eventType, timestamp, eventId, source and metadata (a JSON object); \
    snake_case works too, and fields may be separated by commas, semicolons, tabs or |. Every other column becomes a member of the \
    metadata: a number or a truth value where it is written back the same (12, 0.5, true), else text (007, 1.10, 1E5). JSON keeps its \
    numbers as they are written. Lines of NDJSON are judged as POST /events/batch judges them. Files are UTF-8, with or without a byte order mark.\n\n\
    A row that is not right is rejected, and the rest goes on: an event has at most 256 KiB, a row at most 1 MiB. The file of rejected \
    rows has each as it was written, after the reason and an event id; edit it and import it, as often as you like.\n\n\
    A row without an eventId gets one that stays the same when the import goes on after an interruption and when the edited reject is \
    imported, so nothing counts twice. The checkpoint knows what was imported by its SHA-256: a file that has grown goes on with its new \
    rows, and another file under the same name is refused.\n\n\
    Standard input has no checkpoint and no file of rejected rows unless --checkpoint and --rejected name them. Without a checkpoint, rows \
    without an eventId count again when they are imported again. What is read is kept in a temporary file without a name until the end.\n\n\
    Ctrl-C ends an import, and the same command goes on after what was done."
)]
pub(crate) struct Import {
    /// File to import; `-` is standard input
    pub(crate) file: PathBuf,
    /// Format, if neither the file's ending (.csv, .ndjson, .jsonl) nor its beginning shows it
    #[arg(short, long)]
    pub(crate) format: Option<Format>,
    /// Events in a request, 1 to 1000
    #[arg(short, long, value_name = "EVENTS", default_value_t = 500, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) batch: u16,
    /// Where the progress is kept; FILE.checkpoint unless given
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Where rejected rows go, with the reasons; FILE.rejected.csv or .ndjson unless given. An import that begins anew replaces its own
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
    /// Replace a file of rejected rows that this import did not write
    #[arg(long)]
    pub(crate) force: bool,
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
