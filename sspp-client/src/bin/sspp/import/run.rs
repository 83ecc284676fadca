//! One call of `sspp import`, from its arguments to the report.

use indicatif::ProgressBar;
use serde_json::json;
use sspp_client::{Client, Source};
use sspp_import::{Done, Files, Options, Origin, Target as _, Wanted, import};

use super::advice::Advice;
use super::arguments::Import;
use super::delivery::Delivery;
use super::foreign::open;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, counted};

const OF_A_FILE: &str = "{bar:30} {percent:>3} % · {msg} · {bytes_per_sec} · {eta} left";
const OF_AN_INPUT: &str = "{spinner} {bytes} · {msg} · {bytes_per_sec}";
/// Bytes of rows that are held at once, about.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Imports the file.
pub(crate) async fn run(
    task: &Import,
    connect: impl FnOnce() -> Result<Client, Failure>,
    output: &Output,
) -> Result<(), Failure> {
    let source = task.source.clone().map(Source::new).transpose();
    let source = source.map_err(|fault| Failure::usage(format!("--source {fault}")))?;
    let client = if task.dry_run { None } else { Some(connect()?) };
    let origin = open(&task.file)?;
    let bytes = origin.bytes().map_err(|error| origin.unreadable(&error))?;
    let bar = output.bar(bytes, if bytes.is_some() { OF_A_FILE } else { OF_AN_INPUT });
    let done = deliver(task, &origin, (source, client.as_ref()), output, &bar).await;
    bar.finish_and_clear();
    report(task, &origin, done?, output)
}

async fn deliver(
    task: &Import,
    origin: &Origin,
    (source, client): (Option<Source>, Option<&Client>),
    output: &Output,
    bar: &ProgressBar,
) -> Result<Done, Failure> {
    let format = origin.format(task.format)?;
    let wanted = Wanted {
        checkpoint: task.checkpoint.clone(),
        rejected: task.rejected.clone(),
        are_beside: true,
        is_dry_run: task.dry_run,
        force: task.force,
    };
    let files = Files::of(wanted, origin, format)?;
    let options = Options {
        command: "sspp import",
        batch: usize::from(task.batch),
        batch_bytes: BATCH_BYTES,
        skip_lines: 0,
        again: task.again,
        fills_batches: false,
    };
    let interrupt = Interrupt::watch(bar)?;
    interrupt.whole(|farewell| farewell.unfinished = files.lock().map(Into::into));
    let mut delivery = Delivery {
        source,
        client,
        keeps_rejects: files.rejected().is_some(),
        output,
        bar,
        advice: Advice::of(task, origin, &files),
        interrupt,
        has_made_ids: false,
    };
    let done = import(origin, format, &files, options, &mut delivery).await?;
    if delivery.has_made_ids && files.checkpoint().is_none() && !task.dry_run {
        delivery.note("rows without an eventId count again when they are imported again: prevent that with --checkpoint FILE");
    }
    Ok(done)
}

fn report(task: &Import, origin: &Origin, done: Done, output: &Output) -> Result<(), Failure> {
    let Done { checkpoint, first, already, has_rejects, rejected, .. } = done;
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
                "{name} is already imported: {}, {count} rejected. Import it once more with --again",
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
        None => Err(Failure::new(format!("{}: keep them with --rejected FILE", rejected_rows(count)))),
        Some(path) if there == count => {
            Err(Failure::new(format!("{}: {path} has the reasons", rejected_rows(count))))
        }
        Some(path) => Err(Failure::new(format!(
            "{} in all: {path} has the last {there} with the reasons",
            rejected_rows(count)
        ))),
    }
}

fn rejected_rows(count: u64) -> String {
    let were = if count == 1 { "was" } else { "were" };
    format!("{} {were} rejected", counted(count, "row"))
}
