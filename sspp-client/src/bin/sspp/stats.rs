//! `sspp stats`: how many signals and jobs there are.

use serde_json::json;
use sspp_client::{Client, JobStats, SignalStats};

use crate::failure::Failure;
use crate::listing::{Listing, Side};
use crate::output::Output;

/// Shows the figures.
pub(crate) async fn run(client: &Client, output: &Output) -> Result<(), Failure> {
    let (signals, jobs) = (client.signal_stats().await?, client.job_stats().await?);
    output.document(&json!({"signals": signals, "jobs": jobs}), || show(&signals, &jobs, output));
    Ok(())
}

fn show(signals: &SignalStats, jobs: &JobStats, output: &Output) {
    let mut rows: Vec<(&str, String, String)> = vec![
        ("signals", "all".into(), signals.total_signals.to_string()),
        ("signals", "accounts".into(), signals.unique_accounts.to_string()),
        ("signals", "users".into(), signals.unique_users.to_string()),
    ];
    if let Some(mean) = signals.avg_signal_score {
        rows.push(("signals", "mean score".into(), format!("{mean:.2}")));
    }
    for (signal_type, count) in &signals.signals_by_type {
        rows.push(("signal type", signal_type.to_string(), count.to_string()));
    }
    for (event_type, count) in &signals.signals_by_event {
        rows.push(("event type", event_type.to_string(), count.to_string()));
    }
    let states = [
        ("waiting", jobs.waiting),
        ("active", jobs.active),
        ("delayed", jobs.delayed),
        ("completed", jobs.completed),
        ("failed", jobs.failed),
    ];
    rows.extend(states.map(|(state, count)| ("jobs", state.to_owned(), count.to_string())));
    let mut list = Listing::new(output, &[("OF", Side::Left), ("WHICH", Side::Left), ("COUNT", Side::Right)]);
    for (of, which, count) in rows {
        list.add(&(), || vec![of.to_owned(), which, count]);
    }
    list.end("");
}
