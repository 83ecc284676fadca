//! `sspp validate`: the faults of the events in a file, found without a server.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use sspp_events::parse_event;
use sspp_import::{Format, Rows};

use crate::event_arguments::now;
use crate::failure::Failure;
use crate::import::open;
use crate::output::{Output, counted};
use crate::score::read_model;

#[derive(Debug, Args)]
#[command(
    after_help = "Checks each row as the server does, with the event types of a scoring model. `sspp import --help` describes the files. Exit status: 0 all rows are valid, 1 a row is invalid."
)]
pub(crate) struct Validate {
    /// File to check; `-` is standard input
    file: PathBuf,
    /// Format, if neither the file's ending (.csv, .ndjson, .jsonl) nor its beginning shows it
    #[arg(short, long)]
    format: Option<Format>,
    /// Scoring model (TOML or JSON) with the event types; the built-in one by default
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
}

/// Checks every row.
pub(crate) fn run(task: &Validate, output: &Output) -> Result<(), Failure> {
    let model = read_model(task.model.as_deref())?;
    let origin = open(&task.file)?;
    let mut rows = Rows::open(&origin, origin.format(task.format)?)?;
    let (mut right, mut wrong) = (0_u64, 0_u64);
    while let Some(row) = rows.next_row()? {
        let event = row.event.and_then(|json| {
            parse_event(&json, &model, now()).map_err(|fault| fault.into_violations().to_string())
        });
        let line = row.line;
        match event {
            Ok(_) => {
                right += 1;
                output.document(&json!({"line": line, "status": "valid"}), || {});
            }
            Err(reason) => {
                wrong += 1;
                let document = json!({"line": line, "status": "invalid", "detail": reason});
                output.result(&document, || format!("line {line}: {reason}"));
            }
        }
    }
    let (count, name) = (right + wrong, origin.name());
    if wrong > 0 {
        return Err(Failure::new(format!("{wrong} of {} of {name} not valid", counted(count, "row"))));
    }
    output.note(&output.good(&format!("{}: all valid", counted(count, "row"))));
    Ok(())
}
