//! What the writer does to the queue, inside its transaction.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{BoxStream, TryStreamExt as _};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::command::Ask;
use super::failure::Failure;
use super::multi_insert::MultiInsert;
use super::queue_rows::{JobRow, delivery, job_columns, read_count};
use super::queue_state::QueueState;
use sspp_engine::adapter::CALL_BYTES;
use sspp_engine::{Admission, Delivery, NewJob, QueueError, Receipt, Settled, Settlement};
use sspp_events::Timestamp;

static INSERT: LazyLock<MultiInsert> =
    LazyLock::new(|| MultiInsert::new("INSERT INTO jobs (seq, event_id, payload, enqueued_at)", 4, ""));

/// A full queue is asked again after this time: long enough to let a worker take something out.
const FULL_RETRY: Duration = Duration::from_secs(1);

/// The lock is never held across an await, and nothing under it can leave it half changed.
pub(super) fn locked(state: &Mutex<QueueState>) -> std::sync::MutexGuard<'_, QueueState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes the jobs of all callers that still fit, and answers each.
pub(super) fn admit<'a>(
    state: &Mutex<QueueState>,
    asks: impl Iterator<Item = &'a mut Ask<Vec<NewJob>, Vec<Admission>, QueueError>>,
    limit: u64,
) -> Vec<NewJob> {
    let mut state = locked(state);
    let mut jobs = Vec::new();
    // A caller that got a timeout sends the event again, so jobs whose caller gave up are not taken.
    for ask in asks.filter(|ask| !ask.is_abandoned()) {
        let count = ask.work.len() as u64;
        let backlog = state.marks.total;
        if backlog.saturating_add(count) > limit {
            ask.answer(Err(QueueError::Full { backlog, limit, retry_after: FULL_RETRY }));
            continue;
        }
        state.marks.total += count;
        jobs.append(&mut ask.work);
        ask.answer(Ok(vec![Admission::Queued; usize::try_from(count).unwrap_or(0)]));
    }
    jobs
}

/// Whether one job more would be taken.
pub(super) fn has_room(state: &Mutex<QueueState>, limit: u64) -> Result<(), QueueError> {
    let backlog = locked(state).marks.total;
    if backlog >= limit {
        return Err(QueueError::Full { backlog, limit, retry_after: FULL_RETRY });
    }
    Ok(())
}

/// Numbers and stamps the jobs and inserts them in a transaction of their own.
pub(super) async fn enqueue(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    jobs: Vec<NewJob>,
    now: Timestamp,
) -> Result<(), Failure> {
    let (mut seq, jobs) = {
        let mut state = locked(state);
        let before = state.marks.last_seq;
        state.marks.last_seq += i64::try_from(jobs.len()).unwrap_or(i64::MAX);
        let stamped = jobs.into_iter().map(|job| (state.stamps.stamp(now, job.enqueued_at), job));
        (before, stamped.collect::<Vec<_>>())
    };
    let mut stretches = INSERT.stretches(&jobs).enumerate().peekable();
    while let Some((at, (mut text, stretch))) = stretches.next() {
        // Mostly there is one stretch, and the whole transaction is one text.
        if at == 0 {
            text.insert_str(0, "BEGIN IMMEDIATE;");
        }
        if stretches.peek().is_none() {
            text.push_str("COMMIT");
        }
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (enqueued_at, job) in stretch {
            seq += 1;
            query = query
                .bind(seq)
                .bind(job.event_id.as_uuid().into_bytes().to_vec())
                .bind(Vec::from(job.payload.clone()))
                .bind(enqueued_at.micros());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Takes jobs that are due: first those that come again, then those that were never delivered.
pub(super) async fn receive(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    max: usize,
    now: i64,
) -> Result<Vec<Delivery>, Failure> {
    let marks = locked(state).marks;
    let mut rows = Vec::new();
    let mut bytes = CALL_BYTES;
    if marks.earliest_due <= now {
        rows = take_due(connection, state, max, now, &mut bytes).await?;
    }
    let room = max - rows.len();
    if room > 0 && bytes > 0 && marks.delivered_to < marks.last_seq {
        let found = sqlx::query_as(concat!(
            "SELECT ",
            job_columns!(),
            " FROM jobs WHERE seq > ? ORDER BY seq LIMIT ?"
        ))
        .bind(marks.delivered_to)
        .bind(i64::try_from(room).unwrap_or(i64::MAX))
        .fetch(&mut *connection);
        let fresh = take_within(&mut bytes, found).await?;
        // Fewer than asked for though more would fit: nothing is left up to the last number.
        let through =
            fresh.last().filter(|_| fresh.len() == room || bytes == 0).map_or(marks.last_seq, |row| row.0);
        // The delivery is durable before a worker holds the payload: if it kills the process, the job comes back as a suspect.
        sqlx::query("UPDATE queue_state SET delivered_to = ?")
            .bind(through)
            .execute(&mut *connection)
            .await?;
        locked(state).marks.delivered_to = through;
        rows.extend(fresh);
    }
    deliver(state, rows, now, false)
}

/// Reads rows until there are no more or the bytes are used up, which then are 0; the last payload may exceed them.
async fn take_within(
    bytes: &mut usize,
    mut found: BoxStream<'_, sqlx::Result<JobRow>>,
) -> Result<Vec<JobRow>, Failure> {
    let mut rows = Vec::new();
    while *bytes > 0
        && let Some(row) = found.try_next().await?
    {
        *bytes = bytes.saturating_sub(row.2.len());
        rows.push(row);
    }
    Ok(rows)
}

async fn take_due(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    max: usize,
    now: i64,
    bytes: &mut usize,
) -> Result<Vec<JobRow>, Failure> {
    let found = sqlx::query_as(concat!(
        "SELECT ",
        job_columns!(),
        " FROM jobs WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?"
    ))
    .bind(now)
    .bind(i64::try_from(max).unwrap_or(i64::MAX))
    .fetch(&mut *connection);
    let rows = take_within(bytes, found).await?;
    let seqs: Vec<i64> = rows.iter().map(|row| row.0).collect();
    // Below the mark and without a due time: held, and a suspect if this process dies.
    sqlx::query("UPDATE jobs SET due_at = NULL WHERE seq IN (SELECT value FROM json_each(?))")
        .bind(json(&seqs))
        .execute(&mut *connection)
        .await?;
    let earliest: Option<i64> = sqlx::query_scalar("SELECT min(due_at) FROM jobs WHERE due_at IS NOT NULL")
        .fetch_one(connection)
        .await?;
    locked(state).marks.earliest_due = earliest.unwrap_or(i64::MAX);
    Ok(rows)
}

/// Delivers jobs again that were not settled or kept in time. The file already has them as held.
pub(super) async fn reclaim(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    max: usize,
    now: i64,
) -> Result<Vec<Delivery>, Failure> {
    let seqs = locked(state).expired(now, max);
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let found = sqlx::query_as(concat!(
        "SELECT ",
        job_columns!(),
        " FROM jobs WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq"
    ))
    .bind(json(&seqs))
    .fetch(connection);
    let rows = take_within(&mut { CALL_BYTES }, found).await?;
    deliver(state, rows, now, true)
}

fn deliver(
    state: &Mutex<QueueState>,
    rows: Vec<JobRow>,
    now: i64,
    suspect: bool,
) -> Result<Vec<Delivery>, Failure> {
    let mut state = locked(state);
    rows.into_iter()
        .map(|row| {
            let receipt = state.claim(row.0, now);
            delivery(row, receipt, suspect)
        })
        .collect()
}

/// Settles deliveries whose receipts are not stale.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    settlements: &[Settled],
    now: i64,
) -> Result<(), Failure> {
    let mut done = Vec::new();
    let mut again = Vec::new();
    {
        let mut state = locked(state);
        for settled in settlements {
            let Some(seq) = state.claimed(&settled.receipt) else { continue };
            state.release(seq);
            let (due, spent, postponed) = match settled.settlement {
                Settlement::Done => {
                    done.push(seq);
                    continue;
                }
                Settlement::Retry { delay } => (due_at(now, delay), 1, 0),
                Settlement::Postpone { delay } => (due_at(now, delay), 0, 1),
                Settlement::GiveBack => (0, 0, 0),
            };
            state.marks.earliest_due = state.marks.earliest_due.min(due);
            again.push([seq, due, spent, postponed]);
        }
        state.marks.total = state.marks.total.saturating_sub(done.len() as u64);
    }
    if !done.is_empty() {
        delete(connection, done).await?;
    }
    if !again.is_empty() {
        sqlx::query(
            "UPDATE jobs SET due_at = again.value ->> 1, attempts = attempts + (again.value ->> 2), \
             postponed = postponed + (again.value ->> 3) FROM json_each(?) AS again WHERE seq = again.value ->> 0",
        )
        .bind(json(&again))
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// A delay of zero is due at once, even if the clock steps back.
fn due_at(now: i64, delay: Duration) -> i64 {
    if delay.is_zero() {
        return 0;
    }
    now.saturating_add(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX))
}

async fn delete(connection: &mut SqliteConnection, mut seqs: Vec<i64>) -> Result<(), Failure> {
    seqs.sort_unstable();
    // Jobs are mostly settled in the stretches they were received in.
    let stretch = seqs.first().zip(seqs.last()).filter(|(first, last)| {
        usize::try_from(*last - *first).is_ok_and(|distance| distance + 1 == seqs.len())
    });
    let query = match stretch {
        Some((first, last)) => {
            sqlx::query("DELETE FROM jobs WHERE seq BETWEEN ? AND ?").bind(*first).bind(*last)
        }
        None => {
            sqlx::query("DELETE FROM jobs WHERE seq IN (SELECT value FROM json_each(?))").bind(json(&seqs))
        }
    };
    query.execute(connection).await?;
    Ok(())
}

/// Counts a run; a stale receipt has none.
pub(super) async fn begin_run(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    receipt: &Receipt,
) -> Result<u32, Failure> {
    let Some(seq) = locked(state).claimed(receipt) else { return Ok(0) };
    let runs: i64 = sqlx::query_scalar("UPDATE jobs SET runs = runs + 1 WHERE seq = ? RETURNING runs")
        .bind(seq)
        .fetch_one(connection)
        .await?;
    read_count(runs)
}

/// Forgets the runs.
pub(super) async fn end_run(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    receipt: &Receipt,
) -> Result<(), Failure> {
    let Some(seq) = locked(state).claimed(receipt) else { return Ok(()) };
    sqlx::query("UPDATE jobs SET runs = 0 WHERE seq = ?").bind(seq).execute(connection).await?;
    Ok(())
}

/// Gives back held jobs when the process ends in order: none of them is a suspect.
pub(super) async fn give_back_all(
    connection: &mut SqliteConnection,
    state: &Mutex<QueueState>,
    now: i64,
) -> Result<(), Failure> {
    let seqs = locked(state).in_hand(now);
    if !seqs.is_empty() {
        sqlx::query("UPDATE jobs SET due_at = 0 WHERE seq IN (SELECT value FROM json_each(?))")
            .bind(json(&seqs))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Numbers as a JSON array, which SQLite can join with.
fn json(numbers: &impl serde::Serialize) -> String {
    serde_json::to_string(numbers).unwrap_or_default()
}
