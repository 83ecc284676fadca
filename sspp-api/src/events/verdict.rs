//! What became of each event of a batch.

use std::time::Duration;

use poem::Response;
use poem::http::header::RETRY_AFTER;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{EventId, Verdict, Violations};

use crate::http::schema::Id;
use crate::http::{
    AcceptedBody, Answer, Documentation, Problem, ProblemError, errors, header, retry_after_header,
};

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Enum)]
#[serde(rename_all = "lowercase")]
#[oai(rename_all = "lowercase")]
enum VerdictStatus {
    /// It is taken: in the queue, or recorded.
    Accepted,
    /// It is invalid, however often it is sent.
    Rejected,
    /// It was not taken this time: send it again, under the same event id.
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
    /// `accepted`: it is taken, in the queue or recorded. `rejected`: it is invalid, see `errors`. `retry`: it was not taken this
    /// time; send it again.
    status: VerdictStatus,
    /// The event's id; absent where it was rejected. Sent again under this id, an event counts once.
    event_id: Option<Id>,
    /// The job's id, for `/jobs/{id}`, where the event was accepted.
    job_id: Option<Id>,
    /// The dead letter that the event became at once; only without a queue, and absent otherwise.
    dead_letter_id: Option<String>,
    /// Every error, where it was rejected. Pointers begin at the event; an empty one means the event
    /// as a whole.
    errors: Option<Vec<ProblemError>>,
}

impl VerdictBody {
    /// What intake said of an event.
    pub(super) fn of(index: usize, Verdict { event_id, outcome }: Verdict) -> Self {
        let event_id = Some(Id(event_id));
        let (status, job_id) = match outcome.retry_after() {
            None => (VerdictStatus::Accepted, event_id),
            Some(_) => (VerdictStatus::Retry, None),
        };
        let dead_letter_id = outcome.dead_letter().map(|id| id.to_string());
        Self { event_id, job_id, dead_letter_id, ..Self::new(index, status) }
    }

    fn new(index: usize, status: VerdictStatus) -> Self {
        let (event_id, job_id, dead_letter_id, errors) = (None, None, None, None);
        Self { index: number(index), status, event_id, job_id, dead_letter_id, errors }
    }

    pub(super) fn rejected(index: usize, violations: &Violations) -> Self {
        Self { errors: Some(errors(violations)), ..Self::new(index, VerdictStatus::Rejected) }
    }

    /// An event that would be accepted. Its id is known where the producer gave one.
    pub(super) fn acceptable(index: usize, event_id: Option<EventId>) -> Self {
        Self { event_id: event_id.map(Id), ..Self::new(index, VerdictStatus::Accepted) }
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

/// 202: what was accepted is in the queue or in the store, as durably as that is.
#[derive(Debug)]
pub(super) struct BatchAnswer {
    pub(super) verdicts: VerdictsBody,
    /// When to send again what is to be sent again.
    pub(super) retry_after: Option<Duration>,
}

impl Answer for BatchAnswer {
    fn document(to: &mut Documentation) {
        let answer = to.answer::<VerdictsBody>(
            202,
            "One verdict an event; those accepted are in the queue, or recorded",
        );
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
