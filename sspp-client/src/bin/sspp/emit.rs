//! `sspp emit`: one event, or a line of JSON each.

use clap::Args;
use serde_json::json;
use sspp_client::{Client, Outcome, Verdict};
use sspp_events::Event;
use sspp_import::{Format, Input};

use crate::connection::{BUSY, patiently};
use crate::event_arguments::EventArguments;
use crate::failure::Failure;
use crate::import::judge;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Emit {
    /// `-` reads events from standard input
    #[arg(value_parser = ["-"], hide_possible_values = true,
        conflicts_with_all = ["account", "user", "event_type", "at", "metadata", "with", "id", "source"])]
    input: Option<String>,
    #[command(flatten)]
    event: EventArguments,
    /// Your own id for the event: if sent twice, it counts once. Needs --at
    #[arg(long)]
    id: Option<String>,
    /// System that the event comes from
    #[arg(long)]
    source: Option<String>,
}

/// Events sent at once from standard input, at most: none waits for a line that is not written yet.
const BATCH: usize = 500;

/// Sends, and says what the server said of each.
pub(crate) async fn run(task: &Emit, client: &Client, output: &Output) -> Result<(), Failure> {
    if task.input.is_some() {
        return from_input(client, output).await;
    }
    if task.id.is_some() && task.event.at.is_none() {
        return Err(Failure::usage(
            "--id needs --at, the time of the event: otherwise sending it again makes a different event",
        ));
    }
    let event = task.event.event(task.id.as_deref(), task.source.as_deref())?;
    patiently(deliver(client, vec![event], output), || output.note(BUSY)).await
}

async fn from_input(client: &Client, output: &Output) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot read standard input: {error}"));
    let mut input = Input::new(Box::new(std::io::stdin()), false).map_err(failed)?;
    let (mut batch, mut bad) = (Vec::new(), None);
    let (mut index, mut first) = (0, 1);
    while let Some(line) = input.line().map_err(failed)? {
        index += 1;
        if !line.bytes.trim_ascii().is_empty() || line.is_too_long() {
            let json = line.bytes.strip_suffix(b"\n").unwrap_or(&line.bytes);
            match judge(json, None) {
                Ok(event) => batch.push(event),
                Err(_) if index == 1 && Format::of_content(json) == Some(Format::Csv) => {
                    return Err(Failure::usage("standard input is CSV: use `sspp import -`"));
                }
                Err(reason) => {
                    output.document(&json!({"line": index, "status": "rejected", "errors": [reason]}), || {});
                    output.fault(&format!("line {index}: {reason}"));
                    bad.get_or_insert(index);
                }
            }
        }
        if batch.len() == BATCH || (!batch.is_empty() && !input.has_line()) {
            let sent = deliver(client, std::mem::take(&mut batch), output);
            let sent = patiently(sent, || output.note(BUSY)).await;
            let from_there =
                |failure: Failure| failure.and(&format!("lines from {first} on may not have been sent"));
            keep_first(&mut bad, index, sent).map_err(from_there)?;
            first = index + 1;
        }
    }
    bad.map_or(Ok(()), |line| {
        Err(Failure::new(format!(
            "not all lines up to line {line} were accepted, and perhaps not all after it"
        )))
    })
}

/// A rejected event does not keep later ones from being sent; a server that is away does.
fn keep_first(bad: &mut Option<usize>, index: usize, sent: Result<(), Failure>) -> Result<(), Failure> {
    match sent {
        Err(failure) if failure.code() == 1 => {
            bad.get_or_insert(index);
            Ok(())
        }
        other => other,
    }
}

async fn deliver(client: &Client, events: Vec<Event>, output: &Output) -> Result<(), Failure> {
    let mut rejected = 0_usize;
    let mut failed = None;
    for outcome in client.send(events).await? {
        failed = failed.or(show(&outcome, &mut rejected, output));
    }
    match (failed, rejected) {
        (Some(failure), _) => Err(failure),
        (None, 0) => Ok(()),
        (None, 1) => Err(Failure::new("the event was rejected")),
        (None, count) => Err(Failure::new(format!("{count} events were rejected"))),
    }
}

fn show(outcome: &Outcome, rejected: &mut usize, output: &Output) -> Option<Failure> {
    let id = outcome.event_id;
    match &outcome.verdict {
        Verdict::Accepted => {
            output.result(&json!({"eventId": id, "status": "accepted"}), || {
                format!("{} {id}", output.good("accepted"))
            });
            None
        }
        // As much taken as behind a queue, where this is not known yet: no failure.
        Verdict::DeadLetter { id: letter } => {
            output.result(&json!({"eventId": id, "status": "accepted", "deadLetterId": letter}), || {
                format!("{} {id}: see `sspp dead-letters show {letter}`", output.bad("dead letter"))
            });
            None
        }
        Verdict::Rejected { errors } => {
            *rejected += 1;
            let faults: Vec<_> = errors.iter().map(|violation| violation.detail.as_str()).collect();
            output.result(&json!({"eventId": id, "status": "rejected", "errors": faults}), || {
                format!("{} {id}: {}", output.bad("rejected"), faults.join("; "))
            });
            None
        }
        Verdict::NotSent { error, .. } => Some(Failure::from(&**error)),
        _ => None,
    }
}
