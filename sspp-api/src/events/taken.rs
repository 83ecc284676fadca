//! The answer to an event: it was taken.

use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};
use poem_openapi::Object;
use sspp_core::EventId;

use super::verdict::BatchAnswer;
use crate::http::schema::AcceptedStatus;
use crate::http::{Answer, Documentation, JSON, Problem};

/// The event is in the queue.
#[derive(Debug, Object)]
#[oai(rename = "Accepted", rename_all = "camelCase")]
struct AcceptedSchema {
    /// Always `accepted`.
    status: AcceptedStatus,
    /// The job's id, for `/jobs/{id}`.
    job_id: String,
    /// The event's id.
    event_id: String,
    /// A sentence for people.
    message: String,
}

/// What became of the body of one event's operation.
#[derive(Debug)]
pub(super) enum Taken {
    /// 202: the event is in the queue, as durably as the queue is.
    One(EventId),
    /// A sink of `CloudEvents` has one address for everything.
    Many(BatchAnswer),
}

impl Answer for Taken {
    // The answer to a batch is left to words: as another schema here, it would be a case in every client that sends one event.
    fn document(to: &mut Documentation) {
        let description = "The event is in the queue; a retry under the same event id counts once. A batch is answered as by `/events/batch`";
        to.answer::<AcceptedSchema>(202, description);
    }

    fn respond(self) -> Result<Response, Problem> {
        let id = match self {
            Self::One(event_id) => event_id,
            Self::Many(verdicts) => return verdicts.respond(),
        };
        // Nothing in it needs escaping, so it is written without serde: this is the hot path.
        let body = format!(
            r#"{{"status":"accepted","jobId":"{id}","eventId":"{id}","message":"Event queued for processing"}}"#
        );
        let mut response = Response::from(body);
        response.set_status(StatusCode::ACCEPTED);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        Ok(response)
    }
}
