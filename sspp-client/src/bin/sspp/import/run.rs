//! One call of `sspp import`, from the checkpoint to the report.

use indicatif::ProgressBar;
use serde_json::json;
use sspp_client::{Client, Source};

use super::advice::Advice;
use super::arguments::Import;
use super::checkpoint::Checkpoint;
use super::delivery::{Batch, Delivery};
use super::files::Files;
use super::format::Format;
use super::origin::Origin;
use super::rejects::Rejects;
use super::rows::Rows;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, counted};

const OF_A_FILE: &str = "{bar:30} {percent:>3} % · {msg} · {bytes_per_sec} · {eta} left";
const OF_AN_INPUT: &str = "{spinner} {bytes} · {msg} · {bytes_per_sec}";

/// Imports the file.
pub(crate) async fn run(
    task: &Import,
    connect: impl FnOnce() -> Result<Client, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    let source = task.source.clone().map(Source::new).transpose();
    let source = source.map_err(|fault| Failure::usage(format!("--source {fault}")))?;
    let client = if task.dry_run { None } else { Some(connect()?) };
    let origin = Origin::open(&task.file)?;
    let format = origin.format(task.format)?;
    let files = Files::of(task, &origin, format)?;
    let bytes = origin.bytes().map_err(|error| origin.unreadable(&error))?;
    let bar = output.bar(bytes, if bytes.is_some() { OF_A_FILE } else { OF_AN_INPUT });
    let done = import(task, &origin, format, &files, (source, client.as_ref()), output, &bar).await;
    bar.finish_and_clear();
    report(task, &origin, done?, output)
}

/// How an import ended.
struct Done {
    checkpoint: Checkpoint,
    /// Rows that earlier calls did.
    first: u64,
    /// Whether there was nothing to do.
    already: bool,
    /// Whether rows were rejected that no call has told of yet.
    has_rejects: bool,
    /// The file that has them, if any does.
    rejected: Option<String>,
}

async fn import(
    task: &Import,
    origin: &Origin,
    format: Format,
    files: &Files,
    (source, client): (Option<Source>, Option<&Client>),
    output: &Output,
    bar: &ProgressBar,
) -> Result<Done, Failure> {
    let mut rows = Rows::open(origin, format)?;
    let is_new = files.checkpoint.as_ref().is_some_and(|path| task.again || !path.exists());
    let mut checkpoint = match &files.checkpoint {
        Some(path) if !task.again => Checkpoint::load_or_begin(path)?,
        Some(path) => Checkpoint::begin(Checkpoint::rejects_of_earlier(path)?),
        None => Checkpoint::begin(None),
    };
    let mut rejects = Rejects::new(files.rejected.clone(), origin, rows.header());
    if let Err(changed) = rows.pass(&checkpoint.file) {
        // Edited rejects: under the ids that they have, no row counts twice.
        if !Rows::open(origin, format)?.all_have_ids()? {
            return Err(changed);
        }
        rejects.go_on(&checkpoint.rejects)?;
        rows = Rows::open(origin, format)?;
        rejects = Rejects::new(files.rejected.clone(), origin, rows.header());
        checkpoint = Checkpoint::begin(checkpoint.rejects_file);
        output.note("it has changed since it was imported: its rows keep their event ids, and all of them are imported");
    }
    checkpoint.file = rows.taken();
    let first = checkpoint.rows;
    // Of a file that was imported and has grown, only what came since is told.
    let told = if checkpoint.done { checkpoint.rejected } else { 0 };
    let (advice, interrupt) = (Advice::of(task, origin, files), Interrupt::watch(bar)?);
    let mut delivery = Delivery { task, source, client, rejects, output, bar: bar.clone() };
    let mut batch = delivery.gather(&mut rows, &checkpoint)?;
    if checkpoint.done && batch.is_none() {
        return Ok(Done { checkpoint, first, already: true, has_rejects: false, rejected: None });
    }
    checkpoint.done = false;
    if !delivery.rejects.go_on(&checkpoint.rejects)? {
        checkpoint.begin_rejects();
    }
    if checkpoint.rejects.bytes == 0 {
        files.refuse_other_rejects(task, checkpoint.rejects_file.as_deref())?;
    }
    checkpoint.rejects_file = files.rejects_name();
    if first > 0 {
        delivery.note(&format!("going on after row {first}"));
    }
    let save =
        |checkpoint: &Checkpoint| files.checkpoint.as_ref().map_or(Ok(()), |path| checkpoint.save(path));
    // Before anything is sent: ids of rows without one are made from what it says.
    interrupt.whole(|farewell| {
        farewell.words = advice.stopped(first);
        farewell.unfinished = files.lock.as_ref().map(|lock| lock.path().to_owned());
        save(&checkpoint)
    })?;
    let mut made_ids = false;
    while let Some(found) = batch {
        made_ids |= Batch::has_made_ids(&found);
        let rows_done = checkpoint.rows;
        let failed = |failure: Failure| failure.and(&advice.failed(rows_done));
        let outcomes = delivery.send(&found).await.map_err(|failure| {
            // Nothing was taken under a wrong key: what was begun now is as if it had not been.
            if is_new
                && rows_done == 0
                && failure.code() == 4
                && let Some(path) = &files.checkpoint
            {
                let _: std::io::Result<()> = std::fs::remove_file(path);
            }
            failed(failure)
        })?;
        interrupt.whole(|farewell| {
            delivery.settle(found, outcomes, &mut checkpoint).map_err(failed)?;
            farewell.words = advice.stopped(checkpoint.rows);
            save(&checkpoint)
        })?;
        batch = delivery.gather(&mut rows, &checkpoint)?;
    }
    checkpoint.done = true;
    interrupt.whole(|farewell| {
        farewell.words = String::new();
        save(&checkpoint)
    })?;
    if made_ids && files.checkpoint.is_none() && !task.dry_run {
        delivery.note("rows without an eventId count again when they are imported again: --checkpoint FILE keeps them from it");
    }
    let has_rejects = checkpoint.rejected > told;
    let rejected = delivery.rejects.path().filter(|_| has_rejects).map(|path| path.display().to_string());
    Ok(Done { checkpoint, first, already: false, has_rejects, rejected })
}

fn report(task: &Import, origin: &Origin, done: Done, output: &Output) -> Result<(), Failure> {
    let Done { checkpoint, first, already, has_rejects, rejected } = done;
    let summary = json!({
        "file": origin.name(),
        "rows": checkpoint.rows,
        "resumedAfter": first,
        "accepted": checkpoint.accepted,
        "rejected": checkpoint.rejected,
        "rejectedFile": rejected,
        "dryRun": task.dry_run,
    });
    output.result(&summary, || {
        let (rows, count) = (checkpoint.rows, checkpoint.rejected);
        if already {
            let name = origin.name();
            return format!(
                "{name} was imported already: {}, {count} rejected. --again imports it once more",
                counted(rows, "row")
            );
        }
        let verb = if task.dry_run { "would be sent" } else { "accepted" };
        let accepted = output.good(&format!("{} {verb}", checkpoint.accepted));
        let refused = format!("{count} rejected");
        let refused = if count > 0 { output.bad(&refused) } else { refused };
        format!("{}: {accepted}, {refused}", counted(rows, "row"))
    });
    let (count, there) = (checkpoint.rejected, checkpoint.rejects_there);
    match rejected {
        _ if !has_rejects => Ok(()),
        None => Err(Failure::wrong(format!("{}: --rejected FILE would keep them", rejected_rows(count)))),
        Some(path) if there == count => {
            Err(Failure::wrong(format!("{}: {path} has the reasons", rejected_rows(count))))
        }
        Some(path) => Err(Failure::wrong(format!(
            "{} in all: {path} has the last {there} with the reasons",
            rejected_rows(count)
        ))),
    }
}

fn rejected_rows(count: u64) -> String {
    let were = if count == 1 { "was" } else { "were" };
    format!("{} {were} rejected", counted(count, "row"))
}
