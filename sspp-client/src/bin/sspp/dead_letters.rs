//! `sspp dead-letters`: events that could not become signals, and another chance for them.

use clap::{Args, Subcommand};
use futures_util::StreamExt as _;
use serde_json::json;
use sspp_client::{Client, DeadLetterQuery};

use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct DeadLetters {
    #[command(subcommand)]
    pub(crate) task: Option<DeadLetterTask>,
}

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
        id: String,
    },
    /// Put events back into the queue, under their own ids
    Replay {
        /// Their ids
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// Lists, shows or replays.
pub(crate) async fn run(task: &DeadLetters, client: &Client, output: &Output) -> Result<(), Failure> {
    match &task.task {
        None => list(None, 20, client, output).await,
        Some(DeadLetterTask::List { reason, limit }) => list(reason.as_deref(), *limit, client, output).await,
        Some(DeadLetterTask::Show { id }) => show(id, client, output).await,
        Some(DeadLetterTask::Replay { ids }) => replay(ids, client, output).await,
    }
}

async fn list(reason: Option<&str>, limit: u64, client: &Client, output: &Output) -> Result<(), Failure> {
    let query =
        reason.map_or_else(DeadLetterQuery::default, |reason| DeadLetterQuery::default().reason(reason));
    let mut letters = client.dead_letters(&query);
    let mut seen = 0;
    while seen < limit {
        let Some(letter) = letters.next().await else { break };
        let letter = letter?;
        seen += 1;
        output.result(&letter, || {
            format!("{}  {}  {}: {}", letter.id, letter.died_at, output.bad(&letter.reason), letter.detail)
        });
    }
    if seen == 0 {
        output.note("no dead letters");
    }
    Ok(())
}

async fn show(id: &str, client: &Client, output: &Output) -> Result<(), Failure> {
    let Some(letter) = client.dead_letter(id).await? else {
        return Err(Failure::wrong(format!("there is no dead letter {id}: `sspp dead-letters` lists them")));
    };
    output.result(&letter, || serde_json::to_string_pretty(&letter).unwrap_or_default());
    Ok(())
}

/// Replays each; one that fails does not keep the others.
async fn replay(ids: &[String], client: &Client, output: &Output) -> Result<(), Failure> {
    let mut failed = None;
    for id in ids {
        match client.replay_dead_letter(id).await {
            Ok(_) => output.result(&json!({"id": id, "status": "replayed"}), || {
                format!("{} {id}", output.good("replayed"))
            }),
            Err(error) => {
                let failure = Failure::from(error);
                output.note(&format!("{} {id}: {}", output.bad("failed"), failure.sentence()));
                failed.get_or_insert(failure);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}
