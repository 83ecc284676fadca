//! What became of each event of a batch.

use std::time::Duration;

use poem::http::{HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::registry::{MetaResponses, Registry};
use poem_openapi::types::Type as _;
use poem_openapi::{ApiResponse, Enum, Object};
use serde::Serialize;
use sspp_core::{EventId, Violations};

use super::payload::{JSON, JsonBody, answer, header as document_header};
use super::schema::Id;
use super::{ProblemError, problem};

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename = "VerdictStatus", rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// It is in the queue.
    Accepted,
    /// It is wrong, and will be however often it is sent.
    Rejected,
    /// The queue had no room for it: send it again, under the same event id.
    Retry,
}

/// What became of one event of a batch.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Verdict", rename_all = "camelCase")]
pub(crate) struct VerdictBody {
    /// Which event: its place in the batch, from 0; blank lines do not count.
    index: u32,
    /// `accepted`: it is in the queue. `rejected`: it is wrong, see `errors`. `retry`: the queue had no room for it; send
    /// it again.
    status: Verdict,
    /// By which the event is known; absent where it was rejected. Sent again under this id, an event counts once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    event_id: Option<Id>,
    /// By which the job is found under `/jobs/{id}`, where it was accepted; opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    job_id: Option<Id>,
    /// Everything that is wrong with it, where it was rejected. Pointers begin at the event; an empty one means the event
    /// as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    errors: Option<Vec<ProblemError>>,
}

impl VerdictBody {
    pub(crate) fn accepted(index: usize, event_id: EventId) -> Self {
        let id = Some(Id(event_id));
        Self { index: number(index), status: Verdict::Accepted, event_id: id, job_id: id, errors: None }
    }

    pub(crate) fn retry(index: usize, event_id: EventId) -> Self {
        let event_id = Some(Id(event_id));
        Self { index: number(index), status: Verdict::Retry, event_id, job_id: None, errors: None }
    }

    pub(crate) fn rejected(index: usize, violations: &Violations) -> Self {
        let errors = Some(problem::errors(violations));
        Self { index: number(index), status: Verdict::Rejected, event_id: None, job_id: None, errors }
    }

    /// An event that would be accepted. Its id is told where the producer gave one.
    pub(crate) fn acceptable(index: usize, event_id: Option<EventId>) -> Self {
        let event_id = event_id.map(Id);
        Self { index: number(index), status: Verdict::Accepted, event_id, job_id: None, errors: None }
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What became of the events of a batch.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Verdicts", rename_all = "camelCase")]
pub(crate) struct VerdictsBody {
    /// How many are accepted.
    accepted: u32,
    /// How many are rejected.
    rejected: u32,
    /// How many are to be sent again; absent where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[oai(skip_serializing_if_is_none)]
    retry: Option<u32>,
    /// One verdict an event, in the order of the batch.
    results: Vec<VerdictBody>,
}

impl From<Vec<VerdictBody>> for VerdictsBody {
    fn from(results: Vec<VerdictBody>) -> Self {
        let count = |status| number(results.iter().filter(|verdict| verdict.status == status).count());
        let retry = Some(count(Verdict::Retry)).filter(|retry| *retry > 0);
        Self { accepted: count(Verdict::Accepted), rejected: count(Verdict::Rejected), retry, results }
    }
}

/// 202: what was accepted is in the queue, as durably as the queue is.
#[derive(Debug)]
pub(crate) struct BatchAnswer {
    pub(crate) verdicts: VerdictsBody,
    /// When to send again what is to be sent again.
    pub(crate) retry_after: Option<Duration>,
}

impl IntoResponse for BatchAnswer {
    fn into_response(self) -> Response {
        let mut response = JsonBody(self.verdicts).into_response();
        response.set_status(StatusCode::ACCEPTED);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl ApiResponse for BatchAnswer {
    fn meta() -> MetaResponses {
        let description = "One verdict an event; those accepted are in the queue";
        let mut verdicts = answer(202, description, JSON, VerdictsBody::schema_ref());
        let after = "Seconds after which to send the events whose verdict is `retry`";
        verdicts.headers.push(document_header("Retry-After", after, "integer"));
        MetaResponses { responses: vec![verdicts] }
    }

    fn register(registry: &mut Registry) {
        VerdictsBody::register(registry);
    }
}
