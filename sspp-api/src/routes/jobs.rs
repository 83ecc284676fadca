//! Jobs: the queue is asked before the store; the other order could answer "unknown" for a job that finishes in between. A signal is the
//! last word about its event.

use std::collections::HashSet;
use std::sync::Arc;

use poem::Request;
use poem_openapi::OpenApi;
use sspp_core::{DeadLetterId, EventId, Position, SignalFilter, SignalQuery, SortBy, SortOrder};

use super::{Asking, JobLookup, List, Tag};
use crate::dto::param::{JobIdParam, Path, Query, RecentLimitParam};
use crate::dto::{Failure, JobBody, JobStatsBody, JsonBody, RecentJobBody};
use crate::error::Problem;
use crate::state::Inner;

/// Jobs.
#[derive(Debug)]
pub(crate) struct Jobs(pub(super) Arc<Inner>);

#[OpenApi(tag = "Tag::Jobs")]
impl Jobs {
    /// How many jobs are in which state
    ///
    /// Those in the queue, the signals and the dead letters.
    #[oai(path = "/jobs/stats", method = "get", operation_id = "jobStats")]
    async fn stats(&self) -> Result<JsonBody<JobStatsBody>, Failure<Asking>> {
        let state = &self.0;
        let depth = state.ask_queue(state.ports.queue.depth()).await?;
        let figures = state.ask_store(state.ports.store.stats()).await?;
        Ok(JsonBody(JobStatsBody::new(depth, &figures)))
    }

    /// The newest jobs
    ///
    /// Over the queue, signals and dead letters, the last received first.
    #[oai(path = "/jobs/recent", method = "get", operation_id = "recentJobs")]
    async fn recent(
        &self,
        request: &Request,
        /// How many.
        #[oai(name = "limit")]
        _limit: Query<RecentLimitParam>,
    ) -> Result<JsonBody<Vec<RecentJobBody>>, Failure<List>> {
        let limit = recent_limit(request.uri().query().unwrap_or_default())?;
        let mut jobs = self.newest(limit).await?;
        jobs.sort_by(|one, other| other.timestamp.cmp(&one.timestamp).then_with(|| other.id.cmp(&one.id)));
        jobs.truncate(limit as usize);
        Ok(JsonBody(jobs.into_iter().map(RecentJobBody::from).collect()))
    }

    /// One job
    ///
    /// An event on its way through the queue, or the signal or dead letter that it became.
    #[oai(path = "/jobs/:id", method = "get", operation_id = "getJob")]
    async fn one(
        &self,
        /// The job's id, as the answer to the event gave it.
        #[oai(name = "id")]
        id: Path<JobIdParam>,
    ) -> Result<JsonBody<JobBody>, Failure<JobLookup>> {
        let unknown = || {
            let shown =
                id.0.chars().take(100).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
            let shown: String = shown.collect();
            Problem::not_found(format!("Job with ID {shown} not found"))
        };
        let event_id: EventId = id.0.parse().map_err(|_| unknown())?;
        let job = self.find(event_id).await?.ok_or_else(unknown)?;
        Ok(JsonBody(job))
    }
}

impl Jobs {
    async fn find(&self, event_id: EventId) -> Result<Option<JobBody>, Problem> {
        let state = &self.0;
        let store = &state.ports.store;
        let job = state.ask_queue(state.ports.queue.job(event_id)).await?;
        if let Some(signal) = state.ask_store(store.signal_of_event(event_id)).await? {
            return Ok(Some(signal.into()));
        }
        if let Some(job) = job {
            return Ok(Some(job.into()));
        }
        let letter = state.ask_store(store.dead_letter(DeadLetterId::from_uuid(event_id.as_uuid()))).await?;
        Ok(letter.map(JobBody::from))
    }

    /// The newest of each place. A job that is seen in more than one is shown as its signal, or else as it waits.
    async fn newest(&self, limit: u32) -> Result<Vec<JobBody>, Problem> {
        let state = &self.0;
        let store = &state.ports.store;
        let newest = SignalQuery {
            filter: SignalFilter::default(),
            sort_by: SortBy::Id,
            order: SortOrder::Descending,
            position: Position::Offset(0),
            limit,
            until: None,
        };
        let queued = state.ask_queue(state.ports.queue.recent(limit as usize)).await?;
        let signals = state.ask_store(store.signals(&newest)).await?;
        let letters = state.ask_store(store.recent_dead_letters(limit)).await?;
        let mut seen = HashSet::new();
        let signals = signals.items.into_iter().map(JobBody::from);
        let queued = queued.into_iter().map(JobBody::from);
        let letters = letters.into_iter().map(JobBody::from);
        Ok(signals.chain(queued).chain(letters).filter(|job| seen.insert(job.id.clone())).collect())
    }
}

fn recent_limit(query: &str) -> Result<u32, Problem> {
    let mut values = query.split('&').filter_map(|part| match part.split_once('=') {
        Some(("limit", value)) => Some(value),
        None if part == "limit" => Some(""),
        _ => None,
    });
    let Some(text) = values.next() else { return Ok(10) };
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) || values.next().is_some() {
        let problem =
            Problem::parameter("limit", "not_numeric", "limit must be one whole number from 1 to 100");
        return Err(problem.with_message("Validation failed (numeric string is expected)"));
    }
    match text.parse::<i64>().unwrap_or(i64::MAX) {
        ..1 => Err(Problem::parameter("limit", "too_small", "limit must not be less than 1")),
        101.. => Err(Problem::parameter("limit", "too_large", "limit must not be greater than 100")),
        limit => Ok(u32::try_from(limit).unwrap_or(10)),
    }
}
