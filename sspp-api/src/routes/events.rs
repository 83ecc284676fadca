//! Intake: bytes to an event, the event into the queue, 202. Nothing on this path builds a tree of JSON values.

use std::sync::Arc;

use poem::http::{HeaderValue, StatusCode};
use poem::{Endpoint, EndpointExt as _};
use poem_openapi::OpenApi;
use sspp_core::{
    Admission, Event, ExternalId, ParseFault, QueueError, Violation, Violations, parse_cloud_event,
    parse_cloud_event_data, parse_event,
};

use super::batches::take_batch;
use super::{Intake, Tag};
use crate::dto::param::{Header, IdempotencyKeyParam};
use crate::dto::{Accepted, EventForm, EventsBody, Failure, Holds, Taken, TakesOne};
use crate::error::Problem;
use crate::guard::{Access, Declared, Scopes};
use crate::state::Inner;

const KEY: &str = "Idempotency-Key";

/// Intake.
#[derive(Debug)]
pub(crate) struct Events(pub(super) Arc<Inner>);

pub(super) const ACCESS: Declared = &[("acceptEvent", Access::Needs(Scopes::INGEST))];

#[OpenApi(tag = "Tag::Events")]
impl Events {
    /// Take an event
    ///
    /// A 202 means that the event is in the queue; it becomes exactly one signal, or one dead letter that says why.
    /// Sending it again under the same `eventId` (or `Idempotency-Key`) does no harm.
    ///
    /// A `CloudEvent` 1.0 is taken too: structured (`application/cloudevents+json`), or binary, with its attributes in
    /// headers (`ce-specversion`, `ce-id`, `ce-source`, `ce-type`, `ce-time`, `ce-subject`) and its data as the body, in JSON,
    /// with or without a content type. `id` is the event id, `source` the source, `type` the event type (a prefix that ends with a dot
    /// is left out where only the rest is a known type), `time` the timestamp; `data` has `userId`, `accountId` (or
    /// `subject` is the account) and `metadata`; `data_base64` may hold the same. Other attributes are passed over.
    ///
    /// A sink of `CloudEvents` has one address: a batch (`application/cloudevents-batch+json`, `application/x-ndjson`) is taken
    /// too, and answered as by `/events/batch`. `OPTIONS` answers the handshake of webhooks (`WebHook-Request-Origin`).
    #[oai(path = "/events", method = "post", operation_id = "acceptEvent", transform = "takes_events")]
    async fn accept(
        &self,
        /// The event's id, where the body has none; both and different is a 400.
        #[oai(name = "Idempotency-Key")]
        _key: Header<IdempotencyKeyParam>,
        body: EventsBody<TakesOne>,
    ) -> Result<Taken, Failure<Intake>> {
        let state = &self.0;
        let form = match &body.holds {
            Holds::One(form) => form,
            Holds::Many(_) => return Ok(Taken::Many(take_batch(state, body).await?)),
        };
        let event = read(&body, form, state).map_err(refused)?;
        state.metrics.event_received(event.event_type.as_str());
        let job = state.job(event);
        let event_id = job.event_id;
        let admission = state.ask_queue(state.ports.queue.enqueue(vec![job])).await;
        match admission.map(|admissions| admissions.first().copied()) {
            Ok(Some(Admission::Queued)) => {
                state.metrics.events_queued(1);
                Ok(Taken::One(Accepted(event_id)))
            }
            Ok(Some(Admission::Refused { retry_after })) => {
                state.metrics.queue_failed(1);
                Err(Problem::full_queue(retry_after).into())
            }
            Ok(None) => {
                state.metrics.queue_failed(1);
                let reason = "it answered nothing about the job".to_owned();
                Err(QueueError::Unavailable { reason }.into())
            }
            Err(error) => {
                state.metrics.queue_failed(1);
                Err(error.into())
            }
        }
    }
}

/// Counts requests to take events that are refused because of what they hold, rather than of who sent them or how often.
pub(super) fn takes_events(endpoint: impl Endpoint + 'static) -> impl Endpoint {
    endpoint.around(|endpoint, request| async move {
        let state = request.data::<Arc<Inner>>().cloned();
        let answer = endpoint.get_response(request).await;
        if let (Some(state), Some(problem)) = (state, answer.data::<Problem>())
            && matches!(problem.status.as_u16(), 400 | 408 | 413 | 415 | 422)
        {
            state.metrics.events_rejected(problem.kind, 1);
        }
        Ok(answer)
    })
}

/// The event of a request, with the header's id where the body has none; every violation is collected.
pub(super) fn read<O>(body: &EventsBody<O>, form: &EventForm, state: &Inner) -> Result<Event, ParseFault> {
    let mut parsed = parse_one(&body.bytes, form, state);
    let mut found = match &parsed {
        Ok(_) => Vec::new(),
        Err(ParseFault::Invalid(violations)) => violations.iter().cloned().collect(),
        Err(_) => return parsed,
    };
    match (key(body), &mut parsed) {
        (Err(violation), _) => found.push(violation),
        (Ok(Some(key)), Ok(event)) => {
            if *event.external_id.get_or_insert_with(|| key.clone()) == key {
                return parsed;
            }
            let (pointer, name) = match form {
                EventForm::Plain => ("/eventId", "eventId"),
                EventForm::CloudEvent => ("/id", "id"),
                EventForm::CloudData(_) => ("ce-id", "ce-id"),
            };
            let detail = format!("{name} and the {KEY} header must be the same when both are given");
            found.push(Violation { pointer: pointer.to_owned(), code: "event_id_mismatch".into(), detail });
        }
        (Ok(_), _) => {}
    }
    Violations::from_vec(found).map_or(parsed, |violations| Err(ParseFault::Invalid(violations)))
}

/// How a body that is no event is refused.
pub(super) fn refused(fault: ParseFault) -> Problem {
    match fault {
        ParseFault::Invalid(violations) => Problem::invalid("invalid-event", violations.into_vec()),
        ParseFault::TooLarge { bytes: _, limit } => {
            Problem::too_large(format!("The event is larger than {limit} bytes"))
        }
        fault => Problem::new(StatusCode::BAD_REQUEST, "malformed-body", fault.to_string()),
    }
}

/// Reads one event, however it is written.
pub(super) fn parse_one(json: &[u8], form: &EventForm, state: &Inner) -> Result<Event, ParseFault> {
    let (model, now) = (&state.ports.model, state.now());
    match form {
        EventForm::Plain => parse_event(json, model, now),
        EventForm::CloudEvent => parse_cloud_event(json, model, now),
        EventForm::CloudData(headers) => {
            let parsed = parse_cloud_event_data(&headers.attributes, json, model, now);
            let mut found = headers.wrong.clone();
            if let Err(ParseFault::Invalid(violations)) = &parsed {
                let others = violations
                    .iter()
                    .filter(|one| headers.wrong.iter().all(|wrong| wrong.pointer != one.pointer));
                found.extend(others.cloned());
            }
            Violations::from_vec(found).map_or(parsed, |violations| Err(ParseFault::Invalid(violations)))
        }
    }
}

fn key<O>(body: &EventsBody<O>) -> Result<Option<ExternalId>, Violation> {
    let wrong = |code: &'static str, wrong: &dyn std::fmt::Display| Violation {
        pointer: KEY.to_owned(),
        code: code.into(),
        detail: format!("{KEY} {wrong}"),
    };
    if body.many_keys {
        return Err(wrong("repeated", &"must be given only once"));
    }
    let Some(value) = body.idempotency_key.as_ref().map(HeaderValue::as_bytes) else { return Ok(None) };
    let text = std::str::from_utf8(value).map_err(|_| wrong("not_utf8", &"must be UTF-8"))?;
    ExternalId::new(text).map(Some).map_err(|fault| wrong("invalid_id", &fault))
}
