//! Bytes to events: every violation is collected.

use std::sync::Arc;

use bytes::Bytes;
use poem::http::{HeaderValue, StatusCode};
use sspp_core::{
    BatchFault, BatchFormat, Event, ExternalId, ParseFault, Violation, Violations, parse_batch,
    parse_cloud_event, parse_cloud_event_data, parse_event,
};

use super::body::{EventForm, EventsBody, KEY};
use crate::http::Problem;
use crate::state::Inner;

/// The event of a request, with the header's id where the body has none; every violation is collected.
pub(super) fn read_one<O>(
    body: &EventsBody<O>,
    form: &EventForm,
    state: &Inner,
) -> Result<Event, ParseFault> {
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

/// The problem of a body that is no event.
pub(super) fn refused(fault: ParseFault) -> Problem {
    match fault {
        ParseFault::Invalid(violations) => Problem::invalid("invalid-event", violations.into_vec()),
        ParseFault::TooLarge { bytes: _, limit } => {
            Problem::too_large(format!("The event is larger than {limit} bytes"))
        }
        fault => Problem::new(StatusCode::BAD_REQUEST, "malformed-body", fault.to_string()),
    }
}

/// Reads one event in any of its forms.
pub(super) fn parse_one(json: &[u8], form: &EventForm, state: &Inner) -> Result<Event, ParseFault> {
    let (model, now) = (&state.ports.model, state.now());
    match form {
        EventForm::Plain => parse_event(json, model, now),
        EventForm::CloudEvent => parse_cloud_event(json, model, now),
        EventForm::CloudData(headers) => {
            let parsed = parse_cloud_event_data(&headers.attributes, json, model, now);
            let mut found = headers.violations.clone();
            if let Err(ParseFault::Invalid(violations)) = &parsed {
                let others = violations
                    .iter()
                    .filter(|one| headers.violations.iter().all(|other| other.pointer != one.pointer));
                found.extend(others.cloned());
            }
            Violations::from_vec(found).map_or(parsed, |violations| Err(ParseFault::Invalid(violations)))
        }
    }
}

fn key<O>(body: &EventsBody<O>) -> Result<Option<ExternalId>, Violation> {
    let violation = |code: &'static str, sentence: &dyn std::fmt::Display| Violation {
        pointer: KEY.to_owned(),
        code: code.into(),
        detail: format!("{KEY} {sentence}"),
    };
    if body.many_keys {
        return Err(violation("repeated", &"must be given only once"));
    }
    let Some(value) = body.idempotency_key.as_ref().map(HeaderValue::as_bytes) else { return Ok(None) };
    let text = std::str::from_utf8(value).map_err(|_| violation("not_utf8", &"must be UTF-8"))?;
    ExternalId::new(text).map(Some).map_err(|fault| violation("invalid_id", &fault))
}

/// Reads a batch; a large one beside the threads that serve others.
pub(super) async fn read_many(
    state: &Inner,
    body: Bytes,
    format: BatchFormat,
) -> Result<Vec<Result<Event, Violations>>, Problem> {
    let now = state.now();
    let parsed = if body.len() <= Event::MAX_BYTES {
        parse_batch(&body, format, &state.ports.model, now)
    } else {
        let model = Arc::clone(&state.ports.model);
        tokio::task::spawn_blocking(move || parse_batch(&body, format, &model, now))
            .await
            .map_err(|error| Problem::internal(format!("a batch could not be read: {error}")))?
    };
    parsed.map_err(refused_batch)
}

fn refused_batch(fault: BatchFault) -> Problem {
    match fault {
        BatchFault::Invalid(violations) => Problem::invalid("invalid-batch", violations.into_vec()),
        BatchFault::TooLarge { .. } | BatchFault::TooMany { .. } => Problem::too_large(fault.to_string()),
        fault => Problem::new(StatusCode::BAD_REQUEST, "malformed-body", fault.to_string()),
    }
}
