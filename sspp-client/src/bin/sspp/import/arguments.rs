//! What `sspp import` can be asked for.

use std::path::PathBuf;

use clap::Args;
use sspp_import::Format;

#[derive(Debug, Args)]
#[command(
    after_help = "`sspp import --help` explains columns, rejected rows, ids and how to continue an import.",
    after_long_help = "CSV columns are accountId, userId, eventType, timestamp, eventId, source and metadata (a JSON object); \
    snake_case works too, and fields may be separated by commas, semicolons, tabs or |. Every other column becomes a member of the metadata: a number or a boolean if it would be written back the same (12, 0.5, true), else text (007, 1.10, 1E5). NDJSON keeps numbers as they are written, and its lines follow the rules of POST /events/batch. Files are UTF-8, with or without a byte order mark.\n\n\
    An invalid row is rejected, and the import continues. An event has at most 256 KiB, a row at most 1 MiB. The file of rejected rows has each row as it was written, after the reason and an event id. Edit that file and import it, as often as you like.\n\n\
    A row without an eventId gets one. It stays the same when the import continues after an interruption and when the edited reject is imported, so nothing counts twice. The checkpoint has the SHA-256 of the imported part: if the file has grown, only its new rows are imported; another file under the same name is refused.\n\n\
    Standard input has no checkpoint and no file of rejected rows unless you set --checkpoint and --rejected. Without a checkpoint, rows without an eventId count again when they are imported again. The input is kept in an unnamed temporary file until the end.\n\n\
    Ctrl-C stops an import. Run the same command to continue it."
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
    /// File of the progress; FILE.checkpoint by default
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// File of rejected rows and their reasons; FILE.rejected.csv or .ndjson by default. An import that starts over replaces it
    #[arg(long, value_name = "FILE")]
    pub(crate) rejected: Option<PathBuf>,
    /// Replace a file of rejected rows that this import did not write
    #[arg(long)]
    pub(crate) force: bool,
    /// Source of rows that have none
    #[arg(long)]
    pub(crate) source: Option<String>,
    /// Forget the checkpoint and start over; rows without an eventId count again. After an interruption, continue without --again
    #[arg(long)]
    pub(crate) again: bool,
    /// Check every row except its event type, which only the server knows, and send nothing; rejected rows go to FILE.dry-run.csv or
    /// .ndjson
    #[arg(long)]
    pub(crate) dry_run: bool,
}
