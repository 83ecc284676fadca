//! The answer to an event: it was taken.

use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};
use poem_openapi::Object;
use sspp_core::{DeadLetterId, EventId};

use super::verdict::BatchAnswer;
use crate::http::schema::AcceptedStatus;
use crate::http::{Answer, Documentation, JSON, Problem};

/// The event was taken.
#[derive(Debug, Object)]
#[oai(rename = "Accepted", rename_all = "camelCase")]
struct AcceptedSchema {
    /// Always `accepted`.
    status: AcceptedStatus,
    /// The job's id, for `/jobs/{id}`.
    job_id: String,
    /// The event's id.
    event_id: String,
    /// The dead letter that the event became at once; only without a queue, and absent otherwise.
    dead_letter_id: Option<String>,
    /// A sentence for people, the same for every event, as the predecessor had it.
    message: String,
}

/// What became of the body of one event's operation.
#[derive(Debug)]
pub(super) enum Taken {
    /// 202: the event is in the queue or in the store, as durably as that is.
    One(EventId, Option<DeadLetterId>),
    /// A sink of `CloudEvents` has one address for everything.
    Many(BatchAnswer),
}

impl Answer for Taken {
    // The answer to a batch is left to words: as another schema here, it would be a case in every client that sends one event.
    fn document(to: &mut Documentation) {
        let description = "The event is taken; a retry under the same event id counts once. A batch is answered as by `/events/batch`";
        to.answer::<AcceptedSchema>(202, description);
    }

    fn respond(self) -> Result<Response, Problem> {
        let (id, letter) = match self {
            Self::One(event_id, letter) => (event_id, letter),
            Self::Many(verdicts) => return verdicts.respond(),
        };
        // Nothing in it needs escaping, so it is written without serde: this is the hot path.
        let letter = letter.map_or_else(String::new, |letter| format!(r#""deadLetterId":"{letter}","#));
        let body = format!(
            r#"{{"status":"accepted","jobId":"{id}","eventId":"{id}",{letter}"message":"Event queued for processing"}}"#
        );
        let mut response = Response::from(body);
        response.set_status(StatusCode::ACCEPTED);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON));
        Ok(response)
    }
}
