//! `sspp signals`: what is stored, newest first.

use futures_util::StreamExt as _;
use sspp_client::{Client, SignalQuery};

use crate::args::Signals;
use crate::failure::Failure;
use crate::output::Output;

/// Lists.
pub(crate) async fn run(task: &Signals, client: &Client, output: &Output) -> Result<(), Failure> {
    let mut signals = client.signals(&query(task));
    let mut seen = 0;
    while seen < task.limit {
        let Some(signal) = signals.next().await else { break };
        let signal = signal?;
        if seen == 0 && !output.is_json() {
            let head = format!("{:>9}  {:<25} {:>5}  {:<18} account", "signal", "at", "score", "event type");
            output.note(&output.strong(&head));
        }
        seen += 1;
        output.result(&signal, || {
            format!(
                "{:>9}  {:<25} {:>5.2}  {:<18} {}",
                signal.id, signal.timestamp, signal.signal_score, signal.event_type, signal.account_id
            )
        });
    }
    if seen == 0 {
        output.note("no signals");
    }
    Ok(())
}

fn query(task: &Signals) -> SignalQuery {
    // No more than wanted, and no page larger than the server gives.
    let mut query = SignalQuery::default().page_size(u32::try_from(task.limit).unwrap_or(u32::MAX).min(100));
    if let Some(account) = &task.account {
        query = query.account(account);
    }
    if let Some(user) = &task.user {
        query = query.user(user);
    }
    if let Some(event_type) = &task.event_type {
        query = query.event_type(event_type);
    }
    if let Some(score) = task.min_score {
        query = query.min_score(score);
    }
    query
}
