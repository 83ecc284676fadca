//! Dead letters listed, and one shown.

use clap::Args;
use sspp_client::{Client, DeadLetterId};

use super::{LetterFilter, find};
use crate::failure::Failure;
use crate::listing::{Listing, Side};
use crate::output::Output;

const LIMIT: u64 = 20;

#[derive(Debug, PartialEq, Eq, Args)]
pub(super) struct List {
    /// How many at most
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = LIMIT, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    // Last: a heading holds for all arguments after it.
    #[command(flatten)]
    filter: LetterFilter,
}

impl Default for List {
    fn default() -> Self {
        Self { limit: LIMIT, filter: LetterFilter::default() }
    }
}

pub(super) async fn run(task: &List, client: &Client, output: &Output) -> Result<(), Failure> {
    let page = u32::try_from(task.limit).unwrap_or(u32::MAX).min(100);
    let mut letters = client.dead_letters(&task.filter.query().page_size(page));
    let columns = [
        ("DEAD LETTER", Side::Left),
        ("GIVEN UP", Side::Left),
        ("REASON", Side::Left),
        ("EVENT TYPE", Side::Left),
        ("ACCOUNT", Side::Left),
        ("DETAIL", Side::Left),
    ];
    let mut list = Listing::new(output, &columns);
    for _ in 0..task.limit {
        let Some(letter) = letters.try_next().await? else { break };
        list.add(&letter, || {
            let (event_type, account) = letter.event.as_ref().map_or_else(Default::default, |event| {
                (event.event_type.to_string(), event.account_id.to_string())
            });
            let (id, died, reason) =
                (letter.id.to_string(), letter.died_at.to_string(), letter.reason.to_string());
            vec![id, died, reason, event_type, account, letter.detail.clone()]
        });
    }
    list.end("no dead letters");
    Ok(())
}

pub(super) async fn show(id: DeadLetterId, client: &Client, output: &Output) -> Result<(), Failure> {
    let letter = find(id, client).await?;
    output.result(&letter, || serde_json::to_string_pretty(&letter).unwrap_or_default());
    Ok(())
}
