//! Dead letters: found, edited and removed.

use poem::http::StatusCode;
use sspp_core::{DeadLetter, DeadLetterCursor, DeadLetterId, DeadLetterQuery, EventId, StoreError, Total};

use super::body::{DeadLetterBody, DeadLetterPage, EditSchema, LetterPagination};
use super::edit::edit;
use super::query::LetterQuery;
use crate::http::{Call, JsonBody, JsonText, Path, PathParameter, Problem, Query, Removed, shown};

pub(super) async fn list(
    call: Call,
    Query(LetterQuery(query)): Query<LetterQuery>,
) -> Result<JsonBody<DeadLetterPage>, Problem> {
    let (state, store) = (&call.state, &call.state.ports.store);
    let (page, total) = tokio::try_join!(state.ask_store(store.dead_letters(&query)), total(&call, &query))?;
    let last = page.more.then(|| page.items.last()).flatten().map(|last| last.number);
    let next = last.map(|number| DeadLetterCursor { order: query.order, number }.to_string());
    let pagination = LetterPagination {
        limit: query.limit,
        total: total.count,
        next_cursor: next,
        total_is_exact: total.exact,
    };
    let data = page.items.into_iter().map(|item| item.letter.into()).collect();
    Ok(JsonBody(DeadLetterPage { data, pagination }))
}

/// How many letters pass a filter; of all of them a counter knows.
async fn total(call: &Call, query: &DeadLetterQuery) -> Result<Total, StoreError> {
    let (state, store) = (&call.state, &call.state.ports.store);
    if query.filter.is_empty() {
        let count = state.ask_store(store.stats()).await?.dead_letters;
        return Ok(Total { count, exact: true });
    }
    state.ask_store(store.count_dead_letters(&query.filter, None)).await
}

pub(super) async fn one(
    call: Call,
    Path(id): Path<DeadLetterId>,
) -> Result<JsonBody<DeadLetterBody>, Problem> {
    Ok(JsonBody(DeadLetterBody::whole(find(&call, id).await?)))
}

pub(super) async fn change(
    call: Call,
    body: JsonText<EditSchema>,
    Path(id): Path<DeadLetterId>,
) -> Result<JsonBody<DeadLetterBody>, Problem> {
    let (state, store) = (&call.state, &call.state.ports.store);
    let letter = find(&call, id).await?;
    let edited = edit(&letter, &body.json, &state.ports.model, state.now())?;
    let change = store.edit_dead_letter(id, &letter.payload, edited.payload.clone(), edited.content);
    if !state.ask_store(change).await? {
        let detail = format!("Dead letter {id} was changed or replaced meanwhile: read it again");
        return Err(Problem::new(StatusCode::CONFLICT, "changed-meanwhile", detail));
    }
    let letter = DeadLetter { payload: edited.payload, content: Some(edited.content), ..letter };
    Ok(JsonBody(DeadLetterBody::whole(letter)))
}

pub(super) async fn remove(call: Call, Path(id): Path<DeadLetterId>) -> Result<Removed, Problem> {
    let removed = call.state.ask_store(call.state.ports.store.remove_dead_letter(id)).await?;
    if removed { Ok(Removed) } else { Err(unknown(&id.to_string())) }
}

async fn find(call: &Call, id: DeadLetterId) -> Result<DeadLetter, Problem> {
    let letter = call.state.ask_store(call.state.ports.store.dead_letter(id)).await?;
    letter.ok_or_else(|| unknown(&id.to_string()))
}

/// There is no letter of an id.
pub(super) fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("Dead letter {} not found", shown(id)))
}

impl PathParameter for DeadLetterId {
    const MEANING: &'static str = "The letter's id.";
    const FAILS: &'static [u16] = &[404];

    fn parse(text: &str) -> Result<Self, Problem> {
        let id: EventId = text.parse().map_err(|_| unknown(text))?;
        Ok(Self::from_uuid(id.as_uuid()))
    }

    fn malformed(sent: &str) -> Problem {
        unknown(sent)
    }
}
