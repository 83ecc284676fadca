//! One call of `sspp import`, from the checkpoint to the report.

use std::fs;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use sspp_client::{Client, Source};

use super::checkpoint::Checkpoint;
use super::delivery::Delivery;
use super::rejects::Rejects;
use super::rows::Rows;
use crate::args::{Format, Import};
use crate::failure::Failure;
use crate::output::Output;

/// Imports the file.
pub(crate) async fn run(task: &Import, client: &Client, output: &Output) -> Result<(), Failure> {
    let format = format_of(task)?;
    let files = Files::of(task, format)?;
    let source = task.source.clone().map(Source::new).transpose();
    let source = source.map_err(|fault| Failure::usage(format!("--source {fault}")))?;
    let mut rows = Rows::open(&task.file, format)?;
    let mut checkpoint = if task.again || task.dry_run {
        Checkpoint::begin()
    } else {
        Checkpoint::load_or_begin(&files.checkpoint)?
    };
    let mut rejects = Rejects::new(files.rejected, &task.file, rows.header());
    if let Err(changed) = rows.pass(&checkpoint.file) {
        // Edited rejects: under the ids that they have, no row counts twice.
        if !Rows::open(&task.file, format)?.all_have_ids()? {
            return Err(changed);
        }
        rejects.go_on(&checkpoint.rejects)?;
        rows = Rows::open(&task.file, format)?;
        rejects = Rejects::new(rejects.path().to_owned(), &task.file, rows.header());
        checkpoint = Checkpoint::begin();
        output.note("it has changed since it was imported: its rows keep their event ids, and all of them are imported");
    }
    checkpoint.file = rows.taken();
    let first = checkpoint.rows;
    // Of a file that was imported and has grown, only what came since is told.
    let told = if checkpoint.done { checkpoint.rejected } else { 0 };
    let bar = bar(&rows, output);
    let mut delivery = Delivery { task, source, client, rejects, output, bar };
    let mut batch = delivery.gather(&mut rows, &checkpoint)?;
    if checkpoint.done && batch.is_none() {
        let advice = format!(
            "{} was imported already: {} rows, {} rejected. --again imports it once more",
            task.file.display(),
            checkpoint.rows,
            checkpoint.rejected
        );
        output.result(&summary(task, &checkpoint, first, None), || advice);
        return Ok(());
    }
    checkpoint.done = false;
    if !delivery.rejects.go_on(&checkpoint.rejects)? {
        checkpoint.begin_rejects();
    }
    if first > 0 {
        output.note(&format!("going on after row {first}"));
    }
    if !task.dry_run {
        // Before anything is sent: ids of rows without one are made from what it says.
        checkpoint.save(&files.checkpoint)?;
    }
    while let Some(found) = batch {
        let rows_done = checkpoint.rows;
        let how = if task.again { "without --again the command" } else { "the same command" };
        delivery.deliver(found, &mut checkpoint).await.map_err(|failure| {
            failure.and(&format!("{rows_done} rows are done, and {how} goes on from there"))
        })?;
        if !task.dry_run {
            checkpoint.save(&files.checkpoint)?;
        }
        batch = delivery.gather(&mut rows, &checkpoint)?;
    }
    delivery.bar.finish_and_clear();
    checkpoint.done = true;
    if !task.dry_run {
        checkpoint.save(&files.checkpoint)?;
    }
    let rejected = (checkpoint.rejected > told).then(|| delivery.rejects.path().display().to_string());
    report(task, &checkpoint, first, rejected, output)
}

/// The files that an import writes.
struct Files {
    checkpoint: PathBuf,
    rejected: PathBuf,
}

impl Files {
    fn of(task: &Import, format: Format) -> Result<Self, Failure> {
        let ending = if format == Format::Csv { "csv" } else { "ndjson" };
        // What is only tried leaves the rejects of a real import alone.
        let ending = if task.dry_run { format!("dry-run.{ending}") } else { format!("rejected.{ending}") };
        let given =
            |path: &Option<PathBuf>, ending: &str| path.clone().unwrap_or_else(|| beside(&task.file, ending));
        let (checkpoint, rejected) = (given(&task.checkpoint, "checkpoint"), given(&task.rejected, &ending));
        let named =
            [("the imported file", &task.file), ("--checkpoint", &checkpoint), ("--rejected", &rejected)];
        for (index, (name, path)) in named.iter().enumerate() {
            let real = |path: &PathBuf| fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            let same = |other: &PathBuf| real(other) == real(path);
            if let Some((other, _)) = named[..index].iter().find(|(_, other)| same(other)) {
                return Err(Failure::usage(format!("{name} and {other} are the same file: name another")));
            }
        }
        Ok(Self { checkpoint, rejected })
    }
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
            let (count, there) = (checkpoint.rejected, checkpoint.rejects_there);
            let sentence = if there == count {
                format!("{count} rows were rejected: {path} has them with the reasons")
            } else {
                format!("{count} rows were rejected in all: {path} has the last {there} with the reasons")
            };
            Err(Failure::wrong(sentence))
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
