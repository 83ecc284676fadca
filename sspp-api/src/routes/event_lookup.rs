//! One event by its id. The queue is asked before the store; the other order could answer "unknown" for an event that
//! finishes in between. A signal is the last word: a job that still waits, such as a replay's, changes nothing any more.

use std::sync::Arc;

use poem::Request;
use poem_openapi::OpenApi;
use sspp_core::{AccountId, DeadLetterId, EventId, ExternalId, IdFault, Source, Violation};

use super::query_reader::decode;
use super::{Lookup, Tag};
use crate::dto::param::{AccountParam, EventIdParam, Path, Query, SourceParam};
use crate::dto::{EventStateBody, Failure, JsonBody};
use crate::error::Problem;
use crate::state::Inner;

/// Events by id.
#[derive(Debug)]
pub(crate) struct EventLookup(pub(super) Arc<Inner>);

#[OpenApi(tag = "Tag::Events")]
impl EventLookup {
    /// One event
    ///
    /// What it said, where it is on its way, and the signal or dead letter it became. By the `eventId` that the answer to
    /// the event gave; or by the producer's own id together with the event's `accountId`, and its `source` if it had one.
    #[oai(path = "/events/:eventId", method = "get", operation_id = "getEvent")]
    async fn one(
        &self,
        request: &Request,
        /// The event's id, or its producer's own id for it.
        #[oai(name = "eventId")]
        id: Path<EventIdParam>,
        /// The account of an event that is looked up by its producer's own id.
        #[oai(name = "accountId")]
        _account_id: Query<AccountParam>,
        /// The source of an event that is looked up by its producer's own id.
        #[oai(name = "source")]
        _source: Query<SourceParam>,
    ) -> Result<JsonBody<EventStateBody>, Failure<Lookup>> {
        let event_id = event_id(&id.0, request.uri().query().unwrap_or_default())?;
        let found = self.find(event_id).await?;
        Ok(JsonBody(found.ok_or_else(|| Problem::not_found(format!("Event with ID {event_id} not found")))?))
    }
}

impl EventLookup {
    async fn find(&self, event_id: EventId) -> Result<Option<EventStateBody>, Problem> {
        let state = &self.0;
        let store = &state.ports.store;
        let job = state.ask_queue(state.ports.queue.job(event_id)).await?;
        if let Some(signal) = state.ask_store(store.signal_of_event(event_id)).await? {
            return Ok(Some(signal.into()));
        }
        if let Some(job) = job {
            return Ok(Some(job.into()));
        }
        let letter = state.ask_store(store.dead_letter(DeadLetterId::of_event(event_id))).await?;
        Ok(letter.map(EventStateBody::from))
    }
}

/// The id that a path and a query name.
fn event_id(id: &str, query: &str) -> Result<EventId, Problem> {
    let mut found = Vec::new();
    let (mut account_id, mut source) = (None, None);
    for part in query.split('&').filter(|part| !part.is_empty()).take(10) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = decode(name).unwrap_or_else(|| name.to_owned());
        match name.as_str() {
            "accountId" => take(&mut account_id, "accountId", value, AccountId::new, &mut found),
            "source" => take(&mut source, "source", value, Source::new, &mut found),
            _ => {
                let shown: String = name.chars().take(100).collect();
                let detail = format!("property {shown} should not exist");
                found.push(Violation { pointer: shown, code: "unknown_parameter".into(), detail });
            }
        }
    }
    let own_id = ExternalId::new(id).map_err(|fault| found.push(wrong("eventId", "invalid_id", &fault))).ok();
    if !found.is_empty() {
        return Err(Problem::invalid("invalid-query", found));
    }
    let is_uuid = id.len() == 36 && id.parse::<EventId>().is_ok();
    match (own_id, account_id) {
        (Some(own_id), Some(account_id)) => Ok(EventId::of_external(&own_id, source.as_ref(), &account_id)),
        (Some(_), None) if is_uuid => id.parse().map_err(|_| Problem::not_found("No such event")),
        _ => {
            let shown: String = id.chars().take(100).collect();
            Err(Problem::not_found(format!(
                "Event with ID {shown} not found: a producer's own id needs accountId (and source, if the event has one) as \
                 query parameters"
            )))
        }
    }
}

fn take<T>(
    slot: &mut Option<T>,
    name: &str,
    value: &str,
    make: impl Fn(String) -> Result<T, IdFault>,
    found: &mut Vec<Violation>,
) {
    let Some(text) = decode(value).filter(|_| slot.is_none()) else {
        found.push(wrong(name, "malformed", &"must be given once, as percent-encoded UTF-8 without NUL"));
        return;
    };
    match make(text) {
        Ok(id) => *slot = Some(id),
        Err(fault) => found.push(wrong(name, "invalid_id", &fault)),
    }
}

fn wrong(name: &str, code: &'static str, wrong: &dyn std::fmt::Display) -> Violation {
    Violation { pointer: name.to_owned(), code: code.into(), detail: format!("{name} {wrong}") }
}
