//! One event by its id, or by its producer's own id for it.

use poem_openapi::registry::MetaSchema;
use serde_json::json;
use sspp_core::{AccountId, EventId, ExternalId, IdFault, Source};

use super::state::EventStateBody;
use crate::http::schema::inline;
use crate::http::{Call, Given, JsonBody, Parameters, Path, PathParameter, Problem, Query, QueryParameters};
use crate::jobs::find;

pub(super) async fn one(
    call: Call,
    Path(id): Path<NamedEvent>,
    Query(scope): Query<OwnIdScope>,
) -> Result<JsonBody<EventStateBody>, Problem> {
    let event_id = event_id(&id.0, &scope)?;
    let found = find(&call, event_id).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("Event with ID {event_id} not found")))?;
    Ok(JsonBody(found.into()))
}

/// The id that a path and a query name.
fn event_id(id: &str, OwnIdScope { account_id, source }: &OwnIdScope) -> Result<EventId, Problem> {
    let own_id = ExternalId::new(id)
        .map_err(|fault| Problem::parameter("eventId", "invalid_id", format!("eventId {fault}")))?;
    let is_uuid = id.len() == 36 && id.parse::<EventId>().is_ok();
    match account_id {
        Some(account_id) => Ok(EventId::of_external(&own_id, source.as_ref(), account_id)),
        None if is_uuid => id.parse().map_err(|_| Problem::not_found("No such event")),
        None => {
            let shown: String = id.chars().take(100).collect();
            Err(Problem::not_found(format!(
                "Event with ID {shown} not found: a producer's own id needs accountId (and source, if the event has one) as \
                 query parameters"
            )))
        }
    }
}

/// What a producer's own id is unique in.
pub(super) struct OwnIdScope {
    account_id: Option<AccountId>,
    source: Option<Source>,
}

impl QueryParameters for OwnIdScope {
    fn read(parameters: &mut Parameters<'_>) -> Self {
        let account = "The account of an event that is looked up by its producer's own id.";
        let source = "The source of an event that is looked up by its producer's own id.";
        Self {
            account_id: id(parameters, "accountId", account, None, AccountId::new),
            source: id(parameters, "source", source, Some(1), Source::new),
        }
    }
}

fn id<T>(
    parameters: &mut Parameters<'_>,
    name: &'static str,
    meaning: &'static str,
    min_length: Option<usize>,
    make: impl Fn(String) -> Result<T, IdFault>,
) -> Option<T> {
    let schema = || inline(MetaSchema { min_length, max_length: Some(255), ..MetaSchema::new("string") });
    match parameters.given(name, meaning, schema) {
        Given::Absent => None,
        Given::Repeated => {
            parameters.refuse(name, "repeated", format!("{name} must be given only once"));
            None
        }
        Given::Once(text) => {
            make(text).map_err(|fault| parameters.refuse(name, "invalid_id", format!("{name} {fault}"))).ok()
        }
    }
}

/// The id in the path.
pub(super) struct NamedEvent(String);

impl PathParameter for NamedEvent {
    const NAME: &'static str = "eventId";
    const MEANING: &'static str = "The event's id, or its producer's own id for it.";
    const FAILS: &'static [u16] = &[400, 404];

    fn schema() -> MetaSchema {
        let example = json!("0197d3c5-5c00-7000-8000-000000000001");
        let (min_length, max_length) = (Some(1), Some(100));
        MetaSchema { min_length, max_length, example: Some(example), ..MetaSchema::new("string") }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        Ok(Self(text.to_owned()))
    }
}
