//! Dead letters replayed: those that are named, or all of a filter.

use std::cell::Cell;

use clap::Args;
use serde_json::json;
use sspp_client::{Client, DeadLetterId, DeadLetterQuery, ReplayStatus, SkippedLetter};

use super::{LetterFilter, each_of};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::{Output, counted};

/// Of the letters that cannot be replayed, so many are shown one by one.
const SHOWN: usize = 5;

#[derive(Debug, Args)]
#[command(
    override_usage = "sspp dead-letters replay [OPTIONS] <IDS>...\n       sspp dead-letters replay [OPTIONS] <--all|FILTERS>"
)]
pub(super) struct Replay {
    /// Their ids; or use --all or a filter
    #[arg(required_unless_present_any = ["all", "reason", "event_type", "from", "to"],
        conflicts_with_all = ["all", "reason", "event_type", "from", "to", "dry_run"])]
    ids: Vec<DeadLetterId>,
    /// All of them
    #[arg(long, conflicts_with_all = ["reason", "event_type", "from", "to"])]
    all: bool,
    /// Only count them
    #[arg(long)]
    dry_run: bool,
    // Last: a heading holds for all arguments after it.
    #[command(flatten)]
    filter: LetterFilter,
}

pub(super) async fn run(task: &Replay, client: &Client, output: &Output) -> Result<(), Failure> {
    if !task.ids.is_empty() {
        return each(&task.ids, client, output).await;
    }
    let query = task.filter.query();
    if !task.dry_run {
        return many(&query, client, output).await;
    }
    let found = client.replay_dead_letters(&query, true).await?;
    output.result(
        &json!({"dryRun": true, "count": found.remaining, "countIsExact": found.remaining_is_exact}),
        || {
            let more = if found.remaining_is_exact { "" } else { " or more" };
            format!(
                "{}{more} dead letters would be replayed; those that fail stay dead letters",
                found.remaining
            )
        },
    );
    Ok(())
}

/// Replays each; one that fails does not keep the others.
pub(super) async fn each(ids: &[DeadLetterId], client: &Client, output: &Output) -> Result<(), Failure> {
    let again = &Cell::new(0_u64);
    each_of(ids, output, |id| async move {
        let replay = client.replay_dead_letter(id).await?;
        again.set(again.get() + u64::from(replay.status == ReplayStatus::DeadLetter));
        output.result(&replay, || match (&replay.status, replay.signal_id) {
            (ReplayStatus::AlreadySignal, Some(signal)) => {
                format!("{} {id}: it is already signal {signal}", output.good("not needed"))
            }
            (ReplayStatus::DeadLetter, _) => format!("{} {id}: it failed again", output.bad("not replayed")),
            (ReplayStatus::Erased, _) => {
                format!("{id}: its account or user was erased, so nothing was stored")
            }
            (_, Some(signal)) => format!("{} {id}: it is now signal {signal}", output.good("replayed")),
            (_, None) => format!("{} {id}", output.good("replayed")),
        });
        Ok(())
    })
    .await?;
    match again.get() {
        0 => Ok(()),
        count => Err(Failure::new(format!(
            "{} failed again: use `sspp dead-letters show`, `edit` or `remove`",
            counted(count, "dead letter")
        ))),
    }
}

async fn many(query: &DeadLetterQuery, client: &Client, output: &Output) -> Result<(), Failure> {
    let bar = output.bar(Some(0), "{bar:30} {percent:>3} % · {pos} of {len} dead letters");
    let interrupt = Interrupt::watch(&bar)?;
    let (mut replayed, mut skipped) = (0, Vec::<SkippedLetter>::new());
    let mut replays = client.replay_all_dead_letters(query);
    let done = loop {
        let words = format!(
            "stopped: {replayed} dead letters were replayed; run the same command again for the others"
        );
        interrupt.whole(|farewell| farewell.words = words);
        match replays.try_next().await {
            Ok(Some(part)) => {
                replayed += part.replayed;
                skipped.extend(part.skipped);
                bar.set_length(replayed + skipped.len() as u64 + part.remaining);
                bar.set_position(replayed + skipped.len() as u64);
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    interrupt.whole(|farewell| farewell.words = String::new());
    bar.finish_and_clear();
    done.map_err(|error| {
        let failure = Failure::from(error);
        let more =
            format!("{replayed} dead letters were replayed; run the same command again for the others");
        if failure.may_pass() { failure.and(&more) } else { failure }
    })?;
    output.result(&json!({"replayed": replayed, "skipped": skipped}), || {
        format!("{} {}", output.good("replayed"), counted(replayed, "dead letter"))
    });
    for letter in skipped.iter().take(SHOWN) {
        output.note(&format!("{} {}: {}", output.bad("not replayed"), letter.id, letter.detail));
    }
    match skipped.len() {
        0 => Ok(()),
        count => Err(Failure::new(format!(
            "{} cannot be replayed as they are: `sspp dead-letters show` prints the reason, `remove` removes them",
            counted(count as u64, "dead letter")
        ))),
    }
}
