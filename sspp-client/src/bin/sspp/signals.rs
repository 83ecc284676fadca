//! `sspp signals`: what is stored, newest first.

use clap::{Args, ValueEnum};
use sspp_client::{Client, SignalQuery, SortBy, SortOrder};

use crate::failure::Failure;
use crate::given::given;
use crate::listing::{Listing, Side};
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct Signals {
    /// Sort by this, highest first
    #[arg(short, long, value_name = "MEMBER", default_value = "processed-at")]
    sort: Sort,
    /// Sort lowest first
    #[arg(long)]
    ascending: bool,
    /// How many at most
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    // Last: a heading holds for all arguments after it.
    #[command(flatten)]
    filter: SignalFilter,
}

// No documentation here: clap would take it for that of the command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Filters")]
pub(crate) struct SignalFilter {
    /// Of this account only
    #[arg(short, long, value_name = "ID")]
    account: Option<String>,
    /// Of this person only
    #[arg(short, long, value_name = "ID")]
    user: Option<String>,
    /// Of this event type only
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Of this signal type only
    #[arg(long, value_name = "TYPE")]
    signal_type: Option<String>,
    /// Of events at or after this time: a date, or RFC 3339
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Of events before this time: a date, or RFC 3339
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// With at least this score; two decimals
    #[arg(long, value_name = "SCORE")]
    min_score: Option<f64>,
    /// With at most this score; two decimals
    #[arg(long, value_name = "SCORE")]
    max_score: Option<f64>,
}

impl SignalFilter {
    pub(crate) fn query(&self) -> SignalQuery {
        let query = given(SignalQuery::default(), self.account.as_ref(), SignalQuery::account);
        let query = given(query, self.user.as_ref(), SignalQuery::user);
        let query = given(query, self.event_type.as_ref(), SignalQuery::event_type);
        let query = given(query, self.signal_type.as_ref(), SignalQuery::signal_type);
        let query = given(query, self.from.as_ref(), SignalQuery::from);
        let query = given(query, self.to.as_ref(), SignalQuery::to);
        let query = given(query, self.min_score, SignalQuery::min_score);
        given(query, self.max_score, SignalQuery::max_score)
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sort {
    /// When it was scored
    #[value(alias = "processed_at")]
    ProcessedAt,
    /// When it happened
    #[value(alias = "timestamp")]
    Time,
    /// Its score
    #[value(alias = "signal_score")]
    Score,
    /// Its number
    Id,
}

impl From<Sort> for SortBy {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::ProcessedAt => Self::ProcessedAt,
            Sort::Time => Self::Timestamp,
            Sort::Score => Self::Score,
            Sort::Id => Self::Id,
        }
    }
}

/// Lists.
pub(crate) async fn run(task: &Signals, client: &Client, output: &Output) -> Result<(), Failure> {
    // No more than wanted, and no page larger than the server gives.
    let page = u32::try_from(task.limit).unwrap_or(u32::MAX).min(100);
    let mut query = task.filter.query().page_size(page).sort_by(task.sort.into());
    if task.ascending {
        query = query.order(SortOrder::Ascending);
    }
    let columns = [
        ("SIGNAL", Side::Right),
        ("TIME", Side::Left),
        ("SCORE", Side::Right),
        ("EVENT TYPE", Side::Left),
        ("SIGNAL TYPE", Side::Left),
        ("ACCOUNT", Side::Left),
        ("USER", Side::Left),
    ];
    let (mut list, mut signals) = (Listing::new(output, &columns), client.signals(&query));
    for _ in 0..task.limit {
        let Some(signal) = signals.try_next().await? else { break };
        list.add(&signal, || {
            vec![
                signal.id.to_string(),
                signal.timestamp.to_string(),
                format!("{:.2}", signal.signal_score),
                signal.event_type.to_string(),
                signal.signal_type.to_string(),
                signal.account_id.to_string(),
                signal.user_id.to_string(),
            ]
        });
    }
    list.end("no signals");
    Ok(())
}
