//! Jobs: figures, the newest, and single ones.

use std::collections::HashSet;

use sspp_core::{EventId, Position, QueueDepth, SignalFilter, SignalQuery, SortBy, SortOrder, Violation};

use super::body::{JobBody, JobStatsBody, RecentJobBody};
use super::find::{Found, find};
use crate::http::schema::inline;
use crate::http::{
    Call, Given, JsonBody, Parameters, Path, PathParameter, Problem, Query, QueryParameters, number, shown,
};

pub(super) async fn stats(call: Call) -> Result<JsonBody<JobStatsBody>, Problem> {
    let state = &call.state;
    let depth = match &state.ports.queue {
        Some(queue) => state.ask_queue(queue.depth()).await?,
        None => QueueDepth::default(),
    };
    let figures = state.ask_store(state.ports.store.stats()).await?;
    Ok(JsonBody(JobStatsBody::new(depth, &figures)))
}

pub(super) async fn recent(
    call: Call,
    Query(RecentQuery { limit }): Query<RecentQuery>,
) -> Result<JsonBody<Vec<RecentJobBody>>, Problem> {
    let mut jobs = newest(&call, limit).await?;
    jobs.sort_by(|one, other| other.timestamp.cmp(&one.timestamp).then_with(|| other.id.cmp(&one.id)));
    jobs.truncate(limit as usize);
    Ok(JsonBody(jobs))
}

/// The newest of each place. A job that is seen in more than one is shown as its signal, or else as it waits.
async fn newest(call: &Call, limit: u32) -> Result<Vec<RecentJobBody>, Problem> {
    let (state, store) = (&call.state, &call.state.ports.store);
    let newest = SignalQuery {
        filter: SignalFilter::default(),
        sort_by: SortBy::Id,
        order: SortOrder::Descending,
        position: Position::Offset(0),
        limit,
        until: None,
    };
    let queued = match &state.ports.queue {
        Some(queue) => state.ask_queue(queue.recent(limit as usize)).await?,
        None => Vec::new(),
    };
    let signals = state.ask_store(store.signals(&newest)).await?;
    let letters = state.ask_store(store.recent_dead_letters(limit)).await?;
    let mut seen = HashSet::new();
    let signals = signals.items.into_iter().map(Found::Signal);
    let found = signals.chain(queued.into_iter().map(Found::Job));
    let found = found.chain(letters.into_iter().map(Found::DeadLetter));
    let jobs = found.map(|found| JobBody::from(found).recent);
    Ok(jobs.filter(|job| seen.insert(job.id.clone())).collect())
}

/// The limit of a list of recent jobs.
pub(super) struct RecentQuery {
    limit: u32,
}

impl QueryParameters for RecentQuery {
    const IGNORES_UNKNOWN: bool = true;

    fn read(parameters: &mut Parameters<'_>) -> Self {
        let refused = match parameters.given("limit", "How many.", || inline(number(100, Some(10)))) {
            Given::Absent => return Self { limit: 10 },
            Given::Once(text) => match limit(&text) {
                Ok(limit) => return Self { limit },
                Err(refused) => refused,
            },
            Given::Repeated => NOT_NUMERIC,
        };
        parameters.refuse("limit", refused.0, refused.1);
        Self { limit: 10 }
    }

    fn refuse(found: Vec<Violation>) -> Problem {
        let first = found.into_iter().next().map(|first| (first.code, first.detail));
        match first {
            Some((code, sentence)) if code == "too_small" || code == "too_large" => {
                Problem::parameter("limit", code, sentence)
            }
            _ => Problem::parameter("limit", NOT_NUMERIC.0, NOT_NUMERIC.1)
                .with_message("Validation failed (numeric string is expected)"),
        }
    }
}

const NOT_NUMERIC: (&str, &str) = ("not_numeric", "limit must be one whole number from 1 to 100");

/// A limit, or the code and the sentence of what is wrong with it.
fn limit(text: &str) -> Result<u32, (&'static str, &'static str)> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NOT_NUMERIC);
    }
    match text.parse::<i64>().unwrap_or(i64::MAX) {
        ..1 => Err(("too_small", "limit must not be less than 1")),
        101.. => Err(("too_large", "limit must not be greater than 100")),
        limit => u32::try_from(limit).map_err(|_| NOT_NUMERIC),
    }
}

pub(super) async fn one(call: Call, Path(id): Path<JobId>) -> Result<JsonBody<JobBody>, Problem> {
    let found = find(&call, id.event_id).await?.ok_or_else(|| unknown(&id.sent))?;
    Ok(JsonBody(found.into()))
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("Job with ID {} not found", shown(id)))
}

/// A job's id, which is its event's.
pub(super) struct JobId {
    event_id: EventId,
    /// As the client writes it.
    sent: String,
}

impl PathParameter for JobId {
    const MEANING: &'static str = "The job's id, as the answer to the event gave it.";
    const FAILS: &'static [u16] = &[404];

    fn parse(text: &str) -> Result<Self, Problem> {
        let event_id = text.parse().map_err(|_| unknown(text))?;
        Ok(Self { event_id, sent: text.to_owned() })
    }

    fn malformed(sent: &str) -> Problem {
        unknown(sent)
    }
}
