//! Gives the events of dead letters to intake again: one, or all of a filter.

use std::time::{Duration, Instant as Stopwatch};

use poem::http::StatusCode;
use sspp_core::{
    DeadLetter, DeadLetterCursor, DeadLetterId, NumberedDeadLetter, ReplayError, Replayed, Total, replay,
    replay_all,
};

use super::body::{BulkReplayBody, ReplayAccepted, ReplayFilterSchema, ReplayStatus, SkippedBody};
use super::query::{ReplayRequest, parse_replay};
use super::read::unknown;
use crate::http::{AcceptedBody, Call, JsonText, Path, Problem};

/// Letters that are replayed in one call of intake.
const CHUNK: u32 = 250;
/// After how long a replay of many answers, however many are left.
const AT_ONCE: Duration = Duration::from_secs(2);

pub(super) async fn replay_one(
    call: Call,
    Path(id): Path<DeadLetterId>,
) -> Result<AcceptedBody<ReplayAccepted>, Problem> {
    let state = &call.state;
    let replaying = replay(&state.intake, &*state.ports.store, id);
    let limit = state.settings.dependency_timeout;
    let Ok(replayed) = tokio::time::timeout(limit, replaying).await else {
        let detail = "No answer came in time; it is safe to replay again";
        return Err(Problem::unavailable(detail, Duration::from_secs(1)));
    };
    Ok(AcceptedBody(ReplayAccepted::new(id, replayed.map_err(problem)?)))
}

impl ReplayAccepted {
    fn new(letter: DeadLetterId, replayed: Replayed) -> Self {
        let (status, message) = match replayed {
            Replayed::Queued(_) => (ReplayStatus::Queued, "Event queued for processing"),
            Replayed::Signal(_) => (ReplayStatus::Signal, "Event became a signal"),
            Replayed::AlreadySignal(_) => (ReplayStatus::AlreadySignal, "Event is already a signal"),
            Replayed::DeadLetter(_) => {
                (ReplayStatus::DeadLetter, "Event failed again; its dead letter says why")
            }
            Replayed::Erased => {
                (ReplayStatus::Erased, "The account or user was erased, so nothing was stored")
            }
        };
        // A letter that can be replayed has the id of its event.
        let event_id = letter.to_string();
        let signal_id = match replayed {
            Replayed::Signal(id) | Replayed::AlreadySignal(id) => Some(id.get()),
            _ => None,
        };
        let dead_letter_id = match replayed {
            Replayed::DeadLetter(id) => Some(id.to_string()),
            _ => None,
        };
        let message = message.to_owned();
        Self { status, job_id: event_id.clone(), event_id, signal_id, dead_letter_id, message }
    }
}

pub(super) async fn replay_many(
    call: Call,
    body: JsonText<ReplayFilterSchema>,
) -> Result<AcceptedBody<BulkReplayBody>, Problem> {
    let ReplayRequest { mut query, dry_run } = parse_replay(&body.json)?;
    let (state, store) = (&call.state, &call.state.ports.store);
    let began = Stopwatch::now();
    let (mut looked_at, most) = (0, query.limit);
    let (mut replayed, mut skipped) = (0, Vec::new());
    let mut more = true;
    while !dry_run && more && looked_at < most && began.elapsed() < AT_ONCE {
        query.limit = CHUNK.min(most - looked_at);
        let page = match state.ask_store(store.dead_letters(&query)).await {
            Ok(page) => page,
            // The answer says what was done; the next call says what fails.
            Err(error) if looked_at == 0 => return Err(error.into()),
            Err(_) => break,
        };
        let (letters, last) = split(page.items);
        let ids: Vec<DeadLetterId> = letters.iter().map(|letter| letter.id).collect();
        let outcomes = match state.ask_intake(replay_all(&state.intake, letters)).await {
            Ok(outcomes) => outcomes,
            Err(error) if looked_at == 0 => return Err(error.into()),
            Err(_) => break,
        };
        if let Some(wait) = outcomes.iter().find_map(refused) {
            if looked_at == 0 {
                let detail = "No more events are accepted now; it is safe to replay again";
                return Err(Problem::unavailable(detail, wait));
            }
            break;
        }
        for (id, outcome) in ids.iter().zip(outcomes) {
            let detail = match outcome {
                Ok(Replayed::DeadLetter(letter)) => {
                    format!("its event failed again: see dead letter {letter}")
                }
                Ok(_) => {
                    replayed += 1;
                    continue;
                }
                Err(error) => error.to_string(),
            };
            skipped.push(SkippedBody { id: id.to_string(), detail });
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
    Ok(AcceptedBody(BulkReplayBody {
        dry_run,
        replayed,
        skipped,
        remaining: left.count,
        remaining_is_exact: left.exact,
        next_cursor: cursor.filter(|_| left.count > 0),
    }))
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

fn problem(error: ReplayError) -> Problem {
    let advice = match &error {
        ReplayError::Refused { retry_after } => return Problem::unavailable(error.to_string(), *retry_after),
        ReplayError::NotFound { id } => return unknown(&id.to_string()),
        ReplayError::Undecodable { .. } | ReplayError::OtherEvent { .. } => "; edit it first, with PATCH",
        _ => "",
    };
    match error {
        ReplayError::Store(error) => error.into(),
        ReplayError::Intake(error) => error.into(),
        error => Problem::new(StatusCode::CONFLICT, "not-replayable", format!("{error}{advice}")),
    }
}
