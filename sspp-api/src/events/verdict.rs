//! What became of each event of a batch.

use std::time::Duration;

use poem::Response;
use poem::http::header::RETRY_AFTER;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{Admission, EventId, Verdict, Violations};

use crate::http::schema::Id;
use crate::http::{
    AcceptedBody, Answer, Documentation, Problem, ProblemError, errors, header, retry_after_header,
};

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
enum VerdictStatus {
    /// It is in the queue.
    Accepted,
    /// It is invalid, however often it is sent.
    Rejected,
    /// The queue had no room for it: send it again, under the same event id.
    Retry,
}

/// What became of one event of a batch.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Verdict", rename_all = "camelCase")]
pub(super) struct VerdictBody {
    /// Which event: its place in the batch, from 0; blank lines do not count.
    index: u32,
    /// `accepted`: it is in the queue. `rejected`: it is invalid, see `errors`. `retry`: the queue had no room for it; send
    /// it again.
    status: VerdictStatus,
    /// The event's id; absent where it was rejected. Sent again under this id, an event counts once.
    event_id: Option<Id>,
    /// The job's id, for `/jobs/{id}`, where the event was accepted.
    job_id: Option<Id>,
    /// Every error, where it was rejected. Pointers begin at the event; an empty one means the event
    /// as a whole.
    errors: Option<Vec<ProblemError>>,
}

impl VerdictBody {
    /// What intake said of an event.
    pub(super) fn of(index: usize, Verdict { event_id, admission }: Verdict) -> Self {
        let event_id = Some(Id(event_id));
        let (status, job_id) = match admission {
            Admission::Queued => (VerdictStatus::Accepted, event_id),
            Admission::Refused { .. } => (VerdictStatus::Retry, None),
        };
        Self { index: number(index), status, event_id, job_id, errors: None }
    }

    pub(super) fn rejected(index: usize, violations: &Violations) -> Self {
        let errors = Some(errors(violations));
        Self { index: number(index), status: VerdictStatus::Rejected, event_id: None, job_id: None, errors }
    }

    /// An event that would be accepted. Its id is known where the producer gave one.
    pub(super) fn acceptable(index: usize, event_id: Option<EventId>) -> Self {
        let event_id = event_id.map(Id);
        Self { index: number(index), status: VerdictStatus::Accepted, event_id, job_id: None, errors: None }
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// What became of the events of a batch.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename = "Verdicts", rename_all = "camelCase")]
pub(super) struct VerdictsBody {
    /// How many are accepted.
    accepted: u32,
    /// How many are rejected.
    rejected: u32,
    /// How many are to be sent again; absent where none is.
    retry: Option<u32>,
    /// One verdict an event, in the order of the batch.
    results: Vec<VerdictBody>,
}

impl From<Vec<VerdictBody>> for VerdictsBody {
    fn from(results: Vec<VerdictBody>) -> Self {
        let count = |status| number(results.iter().filter(|verdict| verdict.status == status).count());
        let retry = Some(count(VerdictStatus::Retry)).filter(|retry| *retry > 0);
        Self {
            accepted: count(VerdictStatus::Accepted),
            rejected: count(VerdictStatus::Rejected),
            retry,
            results,
        }
    }
}

/// 202: what was accepted is in the queue, as durably as the queue is.
#[derive(Debug)]
pub(super) struct BatchAnswer {
    pub(super) verdicts: VerdictsBody,
    /// When to send again what is to be sent again.
    pub(super) retry_after: Option<Duration>,
}

impl Answer for BatchAnswer {
    fn document(to: &mut Documentation) {
        let answer = to.answer::<VerdictsBody>(202, "One verdict an event; those accepted are in the queue");
        let after = "Seconds after which to send the events whose verdict is `retry`";
        answer.headers.push(header("Retry-After", after, "integer"));
    }

    fn respond(self) -> Result<Response, Problem> {
        let mut response = AcceptedBody(self.verdicts).respond()?;
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, retry_after_header(wait));
        }
        Ok(response)
    }
}
