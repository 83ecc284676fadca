//! Many events at once: each is judged by itself, those that are good go into the queue in one call.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use poem_openapi::OpenApi;
use sspp_core::{
    Admission, BatchFault, BatchFormat, Event, EventId, NewJob, ParseFault, QueueError, Violations,
    parse_batch,
};

use super::events::{self, parse_one, read, takes_events};
use super::{Intake, Tag};
use crate::dto::{
    BatchAnswer, ChecksEither, EventsBody, Failure, Holds, JsonBody, TakesMany, VerdictBody, VerdictsBody,
};
use crate::error::Problem;
use crate::guard::{Access, Declared, Scopes};
use crate::state::Inner;

/// Batches.
#[derive(Debug)]
pub(crate) struct Batches(pub(super) Arc<Inner>);

pub(super) const ACCESS: Declared = &[
    ("acceptEvents", Access::Needs(Scopes::INGEST)),
    // It stores nothing and tells nothing of what is stored.
    ("validateEvents", Access::Needs(Scopes::INGEST_OR_READ)),
];

type Parsed = Vec<Result<Event, Violations>>;

#[OpenApi(tag = "Tag::Events")]
impl Batches {
    /// Take many events
    ///
    /// Each event is judged by itself, and one that is wrong spoils no other. A 202 has a verdict for each: `accepted` is in
    /// the queue, `rejected` is wrong (its errors are listed), `retry` found no room in the queue and is to be sent
    /// again after `Retry-After`. Where the queue takes nothing at all, the answer is a 503. Give events an `eventId` of
    /// their own, and a batch that is sent again counts once.
    #[oai(path = "/events/batch", method = "post", operation_id = "acceptEvents", transform = "takes_events")]
    async fn accept(&self, body: EventsBody<TakesMany>) -> Result<BatchAnswer, Failure<Intake>> {
        Ok(take_batch(&self.0, body).await?)
    }

    /// Check events
    ///
    /// Answers what `/events` or `/events/batch` would say, and stores nothing. JSON with the member `events` is a batch.
    #[oai(path = "/events/validate", method = "post", operation_id = "validateEvents")]
    async fn validate(
        &self,
        body: EventsBody<ChecksEither>,
    ) -> Result<JsonBody<VerdictsBody>, Failure<Intake>> {
        let state = &self.0;
        let events = match body.holds {
            Holds::One(form) => {
                vec![parse_one(&body.bytes, &form, state).map_err(ParseFault::into_violations)]
            }
            Holds::Many(format) => parse(state, body.bytes, format).await?,
        };
        Ok(JsonBody(verdicts(events)))
    }
}

/// Queues the events of a batch, and says what became of each.
pub(super) async fn take_batch<O>(state: &Arc<Inner>, body: EventsBody<O>) -> Result<BatchAnswer, Problem> {
    let events = match &body.holds {
        Holds::Many(format) => parse(state, body.bytes, *format).await?,
        Holds::One(form) => match read(&body, form, state) {
            Ok(event) => vec![Ok(event)],
            Err(ParseFault::Invalid(violations)) => vec![Err(violations)],
            Err(fault) => return Err(events::refused(fault)),
        },
    };
    let mut jobs = Vec::with_capacity(events.len());
    let mut verdicts = Vec::with_capacity(events.len());
    for (index, event) in events.into_iter().enumerate() {
        match event {
            Ok(event) => {
                state.metrics.event_received(event.event_type.as_str());
                jobs.push(state.job(event));
                verdicts.push(None);
            }
            Err(violations) => verdicts.push(Some(VerdictBody::rejected(index, &violations))),
        }
    }
    state.metrics.events_rejected("invalid-event", (verdicts.len() - jobs.len()) as u64);
    let ids: Vec<EventId> = jobs.iter().map(|job| job.event_id).collect();
    let (admissions, retry_after) = enqueue(state, jobs).await?;
    let mut settled = ids.into_iter().zip(admissions);
    let verdicts = verdicts.into_iter().enumerate().filter_map(|(index, verdict)| {
        verdict.or_else(|| {
            let (id, admission) = settled.next()?;
            Some(match admission {
                Admission::Queued => VerdictBody::accepted(index, id),
                Admission::Refused { .. } => VerdictBody::retry(index, id),
            })
        })
    });
    let verdicts = verdicts.collect::<Vec<_>>().into();
    Ok(BatchAnswer { verdicts, retry_after })
}

/// What would become of events.
fn verdicts(events: Parsed) -> VerdictsBody {
    let verdict = |(index, event): (usize, Result<Event, Violations>)| match event {
        Err(violations) => VerdictBody::rejected(index, &violations),
        Ok(event) => {
            let id = event.external_id.as_ref();
            let id = id.map(|id| EventId::of_external(id, event.source.as_ref(), &event.account_id));
            VerdictBody::acceptable(index, id)
        }
    };
    events.into_iter().enumerate().map(verdict).collect::<Vec<_>>().into()
}

/// Reads a batch; a large one beside the threads that serve others.
async fn parse(state: &Arc<Inner>, body: Bytes, format: BatchFormat) -> Result<Parsed, Problem> {
    let now = state.now();
    let parsed = if body.len() <= Event::MAX_BYTES {
        parse_batch(&body, format, &state.ports.model, now)
    } else {
        let model = Arc::clone(&state.ports.model);
        tokio::task::spawn_blocking(move || parse_batch(&body, format, &model, now))
            .await
            .map_err(|error| Problem::internal(format!("a batch could not be read: {error}")))?
    };
    parsed.map_err(refused)
}

fn refused(fault: BatchFault) -> Problem {
    match fault {
        BatchFault::Invalid(violations) => Problem::invalid("invalid-batch", violations.into_vec()),
        BatchFault::TooLarge { .. } | BatchFault::TooMany { .. } => Problem::too_large(fault.to_string()),
        fault => Problem::new(poem::http::StatusCode::BAD_REQUEST, "malformed-body", fault.to_string()),
    }
}

/// Queues jobs, and tells when to send again those that were refused. A queue that takes none of them has failed.
async fn enqueue(state: &Inner, jobs: Vec<NewJob>) -> Result<(Vec<Admission>, Option<Duration>), Problem> {
    let many = jobs.len();
    if many == 0 {
        return Ok((Vec::new(), None));
    }
    let answered = state.ask_queue(state.ports.queue.enqueue(jobs)).await;
    let admissions = answered.and_then(|admissions| {
        if admissions.len() == many {
            return Ok(admissions);
        }
        let reason = format!("it answered about {} of {many} jobs", admissions.len());
        Err(QueueError::Unavailable { reason })
    });
    let admissions = admissions.inspect_err(|_| state.metrics.queue_failed(many))?;
    let waits = admissions.iter().filter_map(|admission| match admission {
        Admission::Queued => None,
        Admission::Refused { retry_after } => Some(*retry_after),
    });
    let (refused, retry_after) = waits.fold((0, None), |(refused, longest), wait| {
        (refused + 1, Some(longest.map_or(wait, |longest: Duration| longest.max(wait))))
    });
    state.metrics.queue_failed(refused);
    state.metrics.events_queued(many - refused);
    match retry_after {
        None => Ok((admissions, None)),
        Some(wait) if refused == many => Err(Problem::full_queue(wait)),
        Some(wait) => Ok((admissions, Some(state.backpressure.retry_after().unwrap_or(wait)))),
    }
}
