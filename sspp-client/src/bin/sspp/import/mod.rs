//! `sspp import`: a file of events, in batches, from where the last call stopped.

mod checkpoint;
mod delivery;
mod rejects;
pub(crate) mod rows;

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sspp_client::Client;

use crate::args::{Format, Import};
use crate::failure::Failure;
use crate::output::Output;
use checkpoint::Checkpoint;
use delivery::Delivery;
use rejects::Rejects;
use rows::Rows;

/// Imports the file.
pub(crate) async fn run(task: &Import, client: &Client, output: &Output) -> Result<(), Failure> {
    let format = format_of(task)?;
    let mut rows = Rows::open(&task.file, format)?;
    let checkpoint_path = task.checkpoint.clone().unwrap_or_else(|| beside(&task.file, "checkpoint"));
    let mut checkpoint = if task.again || task.dry_run {
        Checkpoint::begin(&task.file)?
    } else {
        Checkpoint::load_or_begin(&checkpoint_path, &task.file)?
    };
    if checkpoint.done {
        let advice = format!(
            "{} was imported already: {} rows, {} rejected. --again imports it once more",
            task.file.display(),
            checkpoint.rows,
            checkpoint.rejected
        );
        output.result(&summary(task, &checkpoint, 0, None), || advice);
        return Ok(());
    }
    if checkpoint.rows > 0 {
        output.note(&format!("going on after row {}", checkpoint.rows));
        rows.skip(checkpoint.rows)?;
    }
    let ending = if format == Format::Csv { "rejected.csv" } else { "rejected.ndjson" };
    let rejected_path = task.rejected.clone().unwrap_or_else(|| beside(&task.file, ending));
    let rejects = Rejects::new(rejected_path, rows.header(), checkpoint.rejected > 0);
    let first = checkpoint.rows;
    let bar = bar(&rows, output);
    let mut delivery = Delivery { task, client, rejects, bar };
    if !task.dry_run {
        // Before anything is sent: ids of rows without one are made from what it says.
        checkpoint.save(&checkpoint_path)?;
    }
    while let Some(batch) = delivery.gather(&mut rows, &checkpoint)? {
        let counts = delivery.deliver(batch).await.map_err(|failure| {
            let rows = checkpoint.rows;
            failure.and(&format!("{rows} rows are done, and the same command goes on from there"))
        })?;
        checkpoint.add(counts);
        if !task.dry_run {
            checkpoint.save(&checkpoint_path)?;
        }
    }
    delivery.bar.finish_and_clear();
    checkpoint.done = true;
    if !task.dry_run {
        checkpoint.save(&checkpoint_path)?;
    }
    let rejected = (checkpoint.rejected > 0).then(|| delivery.rejects.path().display().to_string());
    report(task, &checkpoint, first, rejected, output)
}

fn report(
    task: &Import,
    checkpoint: &Checkpoint,
    first: u64,
    rejected: Option<String>,
    output: &Output,
) -> Result<(), Failure> {
    let verb = if task.dry_run { "would be sent" } else { "accepted" };
    output.result(&summary(task, checkpoint, first, rejected.as_deref()), || {
        let accepted = output.good(&format!("{} {verb}", checkpoint.accepted));
        let refused = format!("{} rejected", checkpoint.rejected);
        let refused = if checkpoint.rejected > 0 { output.bad(&refused) } else { refused };
        format!("{} rows: {accepted}, {refused}", checkpoint.rows)
    });
    match rejected {
        Some(path) => {
            let count = checkpoint.rejected;
            Err(Failure::wrong(format!("{count} rows were rejected: {path} has them with the reasons")))
        }
        None => Ok(()),
    }
}

fn summary(task: &Import, checkpoint: &Checkpoint, first: u64, rejects: Option<&str>) -> serde_json::Value {
    json!({
        "file": task.file.display().to_string(),
        "rows": checkpoint.rows,
        "resumedAfter": first,
        "accepted": checkpoint.accepted,
        "rejected": checkpoint.rejected,
        "rejectedFile": rejects,
        "dryRun": task.dry_run,
    })
}

fn bar(rows: &Rows, output: &Output) -> ProgressBar {
    if !output.draws() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(rows.bytes());
    let template = "{bar:30} {percent:>3} % · {msg} · {bytes_per_sec} · {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn format_of(task: &Import) -> Result<Format, Failure> {
    if let Some(format) = task.format {
        return Ok(format);
    }
    match task.file.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("csv") => Ok(Format::Csv),
        Some("ndjson" | "jsonl") => Ok(Format::Ndjson),
        _ => Err(Failure::usage(format!(
            "the name {} does not end in .csv, .ndjson or .jsonl: say --format csv or --format ndjson",
            task.file.display()
        ))),
    }
}

/// The file with something added to its name.
fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
