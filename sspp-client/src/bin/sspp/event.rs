//! `sspp event`: one event, where it is on its way, and what it became.

use std::time::Duration;

use clap::Args;
use sspp_client::{AccountId, Client, EventId, EventState, ExternalId, Settled, Source};

use crate::failure::Failure;
use crate::listing::facts;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Find {
    /// Event id, as `sspp emit` prints it; with --account, the producer's own id
    id: String,
    /// Account of an event that is looked up by its producer's own id
    #[arg(short, long, value_name = "ID")]
    account: Option<AccountId>,
    /// Source of an event that is looked up by its producer's own id, if it has one
    #[arg(long, requires = "account")]
    source: Option<Source>,
    /// Wait up to this long for the signal, such as 30s. Exit status 1 if it becomes a dead letter, 3 if it is neither in time
    #[arg(short, long, value_name = "TIME", value_parser = time_span)]
    wait: Option<Duration>,
}

fn time_span(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    humantime::parse_duration(text).map_err(|error| format!("{error}: write one such as 30s or 5m"))
}

/// Looks it up.
pub(crate) async fn run(task: &Find, client: &Client, output: &Output) -> Result<(), Failure> {
    let id = event_id(task)?;
    let mut died = None;
    if let Some(timeout) = task.wait.filter(|timeout| !timeout.is_zero())
        && let Settled::DeadLetter(letter) = client.wait_for_signal(id, timeout).await?
    {
        died = Some(letter);
    }
    let Some(event) = client.event(id).await? else {
        return Err(Failure::new(format!("there is no event {}", task.id)));
    };
    output.document(&event, || show(&event, output));
    if task.wait == Some(Duration::ZERO) {
        // Asked once.
        if event.signal.is_none() && event.dead_letter.is_none() {
            return Err(Failure::later(format!("it is {}, not a signal yet", event.state)));
        }
        died = event.dead_letter;
    }
    died.map_or(Ok(()), |letter| {
        Err(Failure::new(format!("it became a dead letter: see `sspp dead-letters show {}`", letter.id)))
    })
}

fn event_id(task: &Find) -> Result<EventId, Failure> {
    match &task.account {
        Some(account) => {
            let own = ExternalId::new(task.id.clone());
            let own = own.map_err(|fault| Failure::usage(format!("the id {fault}")))?;
            Ok(EventId::of_external(&own, task.source.as_ref(), account))
        }
        None => task.id.parse().map_err(|fault| {
            Failure::usage(format!(
                "the id {fault}; to look up a producer's own id, add --account, and --source if the event has one"
            ))
        }),
    }
}

fn show(state: &EventState, output: &Output) {
    let mut lines = vec![
        ("event", state.event_id.to_string()),
        ("state", state.state.to_string()),
        ("received", state.received_at.to_string()),
    ];
    if let Some(event) = &state.event {
        lines.push(("account", event.account_id.to_string()));
        lines.push(("user", event.user_id.to_string()));
        lines.push(("type", event.event_type.to_string()));
        lines.push(("time", event.timestamp.to_string()));
        lines.push(("metadata", event.metadata.as_str().to_owned()));
        lines.extend(event.source.as_ref().map(|source| ("source", source.to_string())));
        lines.extend(event.external_id.as_ref().map(|id| ("own id", id.to_string())));
    }
    lines.extend(state.attempts_made.filter(|made| *made > 0).map(|made| ("attempts", made.to_string())));
    if let Some(signal) = &state.signal {
        lines.push((
            "signal",
            format!("{}, worth {:.2} ({})", signal.id, signal.signal_score, signal.signal_type),
        ));
    }
    if let Some(letter) = &state.dead_letter {
        lines.push(("dead letter", format!("{}: {}, {}", letter.id, letter.reason, letter.detail)));
    }
    facts(output, lines);
}
