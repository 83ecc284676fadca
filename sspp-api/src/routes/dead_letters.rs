//! Dead letters: found, edited, replayed, removed. Scopes: read for looking, admin for everything else.

use std::sync::Arc;
use std::time::{Duration, Instant as Stopwatch};

use poem::Request;
use poem::http::StatusCode;
use poem_openapi::OpenApi;
use sspp_core::{
    DeadLetter, DeadLetterCursor, DeadLetterId, DeadLetterQuery, NumberedDeadLetter, ReplayError, Replayed,
    Total, replay, replay_all,
};

use super::edit::edit;
use super::letter_query::{parse_list, parse_replay};
use super::{Act, ActOnMany, Change, JobLookup, List, Tag};
use crate::dto::param::{CursorParam, EventTypeParam, InstantParam, JobIdParam, LimitParam, Path, Query};
use crate::dto::{
    BulkReplayBody, DeadLetterBody, DeadLetterPage, EditSchema, Failure, JsonBody, JsonText,
    LetterPagination, Reason, Removed, ReplayAccepted, ReplayFilterSchema, ReplayStatus, SkippedBody,
};
use crate::error::Problem;
use crate::state::Inner;

/// Letters that are replayed in one call of the queue.
const CHUNK: u32 = 250;
/// After how long a replay of many answers, however many are left.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Dead letters.
#[derive(Debug)]
pub(crate) struct DeadLetters(pub(super) Arc<Inner>);

#[OpenApi(tag = "Tag::DeadLetters")]
impl DeadLetters {
    /// List dead letters
    ///
    /// The last recorded first. Follow `nextCursor` with `cursor`.
    #[oai(path = "/dead-letters", method = "get", operation_id = "listDeadLetters")]
    #[expect(clippy::too_many_arguments, reason = "they are the document; the request is read as a whole")]
    async fn list(
        &self,
        request: &Request,
        /// Given up for this reason.
        #[oai(name = "reason")]
        _reason: Query<Reason>,
        /// Whose event is of this type, known to the active model or not.
        #[oai(name = "eventType")]
        _event_type: Query<EventTypeParam>,
        /// Given up at or after this instant.
        #[oai(name = "from")]
        _from: Query<InstantParam>,
        /// Given up before this instant.
        #[oai(name = "to")]
        _to: Query<InstantParam>,
        /// Letters a page.
        #[oai(name = "limit")]
        _limit: Query<LimitParam>,
        /// The `nextCursor` of the page before.
        #[oai(name = "cursor")]
        _cursor: Query<CursorParam>,
    ) -> Result<JsonBody<DeadLetterPage>, Failure<List>> {
        let query = parse_list(request.uri().query().unwrap_or_default())?;
        let (state, store) = (&self.0, &self.0.ports.store);
        let (page, total) =
            tokio::try_join!(state.ask_store(store.dead_letters(&query)), self.total(&query))?;
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

    /// One dead letter
    ///
    /// With its payload, where that cannot be read as an event.
    #[oai(path = "/dead-letters/:id", method = "get", operation_id = "getDeadLetter")]
    async fn one(
        &self,
        /// The letter's id.
        #[oai(name = "id")]
        id: Path<JobIdParam>,
    ) -> Result<JsonBody<DeadLetterBody>, Failure<JobLookup>> {
        let letter = self.find(parse_id(&id.0)?).await?;
        Ok(JsonBody(DeadLetterBody::whole(letter)))
    }

    /// Edit a dead letter
    ///
    /// Replaces members of its event and checks the whole as at intake; the event keeps its id. Where the payload cannot be read,
    /// the body has to be a whole event. The letter waits to be replayed.
    #[oai(path = "/dead-letters/:id", method = "patch", operation_id = "editDeadLetter")]
    async fn edit(
        &self,
        /// The letter's id.
        #[oai(name = "id")]
        id: Path<JobIdParam>,
        body: JsonText<EditSchema>,
    ) -> Result<JsonBody<DeadLetterBody>, Failure<Change>> {
        let id = parse_id(&id.0)?;
        let state = &self.0;
        let letter = self.find(id).await?;
        let edited = edit(&letter, &body.json, &state.ports.model, state.now())?;
        let store = &state.ports.store;
        let change = store.edit_dead_letter(id, &letter.payload, edited.payload.clone(), edited.content);
        if !state.ask_store(change).await? {
            let detail = format!("Dead letter {id} was changed or replaced meanwhile: look at it again");
            return Err(Problem::new(StatusCode::CONFLICT, "changed-meanwhile", detail).into());
        }
        let letter = DeadLetter { payload: edited.payload, content: Some(edited.content), ..letter };
        Ok(JsonBody(DeadLetterBody::whole(letter)))
    }

    /// Remove a dead letter
    ///
    /// Its event is gone then: it never becomes a signal.
    #[oai(path = "/dead-letters/:id", method = "delete", operation_id = "removeDeadLetter")]
    async fn remove(
        &self,
        /// The letter's id.
        #[oai(name = "id")]
        id: Path<JobIdParam>,
    ) -> Result<Removed, Failure<JobLookup>> {
        let id = parse_id(&id.0)?;
        if self.0.ask_store(self.0.ports.store.remove_dead_letter(id)).await? {
            Ok(Removed)
        } else {
            Err(unknown(&id.to_string()).into())
        }
    }

    /// Replay a dead letter
    ///
    /// Puts its event back into the queue under the same id. The letter stays until the event's signal replaces it. However often
    /// it is replayed, one signal comes of it.
    #[oai(path = "/dead-letters/:id/replay", method = "post", operation_id = "replayDeadLetter")]
    async fn replay(
        &self,
        /// The letter's id.
        #[oai(name = "id")]
        id: Path<JobIdParam>,
    ) -> Result<ReplayAccepted, Failure<Act>> {
        let id = parse_id(&id.0)?;
        let state = &self.0;
        let replaying = replay(&*state.ports.queue, &*state.ports.store, id);
        let limit = state.settings.dependency_timeout;
        let Ok(replayed) = tokio::time::timeout(limit, replaying).await else {
            let detail = "The queue or the store did not answer in time; replaying again does no harm";
            return Err(Problem::unavailable(detail, Duration::from_secs(1)).into());
        };
        let answer = |event_id: String, signal_id: Option<i64>| ReplayAccepted {
            status: if signal_id.is_some() { ReplayStatus::AlreadySignal } else { ReplayStatus::Queued },
            job_id: event_id.clone(),
            event_id,
            signal_id,
            message: if signal_id.is_some() {
                "Event is a signal already"
            } else {
                "Event queued for processing"
            }
            .to_owned(),
        };
        match replayed {
            Ok(Replayed::Queued(event_id)) => Ok(answer(event_id.to_string(), None)),
            Ok(Replayed::AlreadySignal(signal_id)) => Ok(answer(id.to_string(), Some(signal_id.get()))),
            Err(error) => Err(problem(error).into()),
        }
    }

    /// Replay many dead letters
    ///
    /// Those of a filter, the first recorded first; `{}` is all of them, and `dryRun` only counts. One call looks at `limit` letters
    /// and answers within some seconds: send it again with its `nextCursor` as `cursor` until that is null. `remaining` shows the
    /// progress. Repeating any part of it does no harm.
    #[oai(path = "/dead-letters/replay", method = "post", operation_id = "replayDeadLetters")]
    async fn replay_many(
        &self,
        body: JsonText<ReplayFilterSchema>,
    ) -> Result<BulkReplayBody, Failure<ActOnMany>> {
        let asked = parse_replay(&body.json)?;
        Ok(self.replay_up_to(asked.query, asked.dry_run).await?)
    }
}

impl DeadLetters {
    async fn find(&self, id: DeadLetterId) -> Result<DeadLetter, Problem> {
        let letter = self.0.ask_store(self.0.ports.store.dead_letter(id)).await?;
        letter.ok_or_else(|| unknown(&id.to_string()))
    }

    /// Exact for all of them, from a counter.
    async fn total(&self, query: &DeadLetterQuery) -> Result<Total, sspp_core::StoreError> {
        let (state, store) = (&self.0, &self.0.ports.store);
        if query.filter.is_empty() {
            let count = state.ask_store(store.stats()).await?.dead_letters;
            return Ok(Total { count, exact: true });
        }
        state.ask_store(store.count_dead_letters(&query.filter, None)).await
    }

    async fn replay_up_to(
        &self,
        mut query: DeadLetterQuery,
        dry_run: bool,
    ) -> Result<BulkReplayBody, Problem> {
        let (state, store) = (&self.0, &self.0.ports.store);
        let began = Stopwatch::now();
        let (mut looked_at, most) = (0, query.limit);
        let (mut replayed, mut skipped) = (0, Vec::new());
        let mut more = true;
        while !dry_run && more && looked_at < most && began.elapsed() < AT_ONCE {
            query.limit = CHUNK.min(most - looked_at);
            let page = match state.ask_store(store.dead_letters(&query)).await {
                Ok(page) => page,
                // What was done is told; who goes on is told what is wrong.
                Err(error) if looked_at == 0 => return Err(error.into()),
                Err(_) => break,
            };
            let (letters, last) = split(page.items);
            let ids: Vec<DeadLetterId> = letters.iter().map(|letter| letter.id).collect();
            let outcomes = match state.ask_queue(replay_all(&*state.ports.queue, letters)).await {
                Ok(outcomes) => outcomes,
                Err(error) if looked_at == 0 => return Err(error.into()),
                Err(_) => break,
            };
            if let Some(wait) = outcomes.iter().find_map(refused) {
                if looked_at == 0 {
                    let detail = "The queue takes no more events now; replaying again does no harm";
                    return Err(Problem::unavailable(detail, wait));
                }
                break;
            }
            for (id, outcome) in ids.iter().zip(outcomes) {
                match outcome {
                    Ok(_) => replayed += 1,
                    Err(error) => skipped.push(SkippedBody { id: id.to_string(), detail: error.to_string() }),
                }
            }
            looked_at += u32::try_from(ids.len()).unwrap_or(CHUNK);
            query.after = last.or(query.after);
            more = page.more;
        }
        let left = if more {
            state.ask_store(store.count_dead_letters(&query.filter, query.after)).await?
        } else {
            Total { count: 0, exact: true }
        };
        let cursor = query.after.map(|number| DeadLetterCursor { order: query.order, number }.to_string());
        Ok(BulkReplayBody {
            dry_run,
            replayed,
            skipped,
            remaining: left.count,
            remaining_is_exact: left.exact,
            next_cursor: cursor.filter(|_| left.count > 0),
        })
    }
}

fn split(items: Vec<NumberedDeadLetter>) -> (Vec<DeadLetter>, Option<i64>) {
    let last = items.last().map(|item| item.number);
    (items.into_iter().map(|item| item.letter).collect(), last)
}

fn refused<T>(outcome: &Result<T, ReplayError>) -> Option<Duration> {
    match outcome {
        Err(ReplayError::Refused { retry_after }) => Some(*retry_after),
        _ => None,
    }
}

fn unknown(id: &str) -> Problem {
    let shown = id.chars().take(100).map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c });
    Problem::not_found(format!("Dead letter {} not found", shown.collect::<String>()))
}

fn parse_id(text: &str) -> Result<DeadLetterId, Problem> {
    let id: sspp_core::EventId = text.parse().map_err(|_| unknown(text))?;
    Ok(DeadLetterId::from_uuid(id.as_uuid()))
}

fn problem(error: ReplayError) -> Problem {
    let advice = match &error {
        ReplayError::Refused { retry_after } => return Problem::unavailable(error.to_string(), *retry_after),
        ReplayError::NotFound { id } => return unknown(&id.to_string()),
        ReplayError::Undecodable { .. } | ReplayError::OtherEvent { .. } => "; edit it first, with PATCH",
        _ => "",
    };
    match error {
        ReplayError::Store(error) => error.into(),
        ReplayError::Queue(error) => error.into(),
        error => Problem::new(StatusCode::CONFLICT, "not-replayable", format!("{error}{advice}")),
    }
}
