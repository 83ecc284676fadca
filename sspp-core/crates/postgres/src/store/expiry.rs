//! Removing what is too old, in one transaction a step, while others record.
//!
//! Signals: the lock that recorders share, then rows that nobody else holds, then the figures in everybody's order. At its
//! rows a step waits for nobody, so it can be in no circle: recorders of the same event wait for it, other steps pass it by.
//! Dead letters: whoever changes them by themselves has the lock alone.

use sqlx::{AssertSqlSafe, PgConnection};

use super::figures::Tallies;
use super::record::LETTERS_LOCK;
use crate::failure::Failure;
use sspp_events::Timestamp;

/// Of a removed signal what its figures need.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct RemovedSignal {
    pub(crate) account_id: String,
    pub(crate) user_id: String,
    pub(crate) event_type: String,
    pub(crate) signal_type: String,
    pub(crate) score: i64,
}

/// An array of ids, since the server plans its reading by index whatever it thinks of their number.
const REMOVE_SIGNALS: &str = "\
    DELETE FROM signals WHERE id = ANY(ARRAY( \
        SELECT id FROM signals WHERE processed_at < $1 ORDER BY processed_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)) \
    RETURNING account_id, user_id, event_type, signal_type, score";

const SOME_LETTER: &str = "\
    SELECT coalesce(min(died_at) < $1, false) FROM dead_letters";

const REMOVE_LETTERS: &str = "\
    DELETE FROM dead_letters \
    WHERE seq = ANY(ARRAY(SELECT seq FROM dead_letters WHERE died_at < $1 ORDER BY died_at LIMIT $2))";

/// Removes signals, figures included; returns how many went. After a failure the connection is to be closed, which undoes it.
pub(crate) async fn signals(
    connection: &mut PgConnection,
    before: Timestamp,
    max: u32,
) -> Result<u32, Failure> {
    begin(connection, "pg_advisory_xact_lock_shared").await?;
    let removed: Vec<RemovedSignal> = sqlx::query_as(REMOVE_SIGNALS)
        .bind(before.to_datetime())
        .bind(i64::from(max))
        .fetch_all(&mut *connection)
        .await?;
    let mut tallies = Tallies::default();
    for signal in &removed {
        tallies.remove(signal);
    }
    tallies.write(connection).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(u32::try_from(removed.len()).unwrap_or(u32::MAX))
}

/// Removes dead letters, their count included; returns how many went. After a failure the connection is to be closed.
pub(crate) async fn dead_letters(
    connection: &mut PgConnection,
    before: Timestamp,
    max: u32,
) -> Result<u32, Failure> {
    let (before, max) = (before.to_datetime(), i64::from(max));
    // Recorders are held up only when there is something to remove.
    let some: bool = sqlx::query_scalar(SOME_LETTER).bind(before).fetch_one(&mut *connection).await?;
    if !some {
        return Ok(0);
    }
    begin(connection, "pg_advisory_xact_lock").await?;
    let query = sqlx::query(REMOVE_LETTERS).bind(before).bind(max);
    let removed = query.execute(&mut *connection).await?.rows_affected();
    let mut tallies = Tallies::default();
    tallies.add_dead_letters(-i64::try_from(removed).unwrap_or(i64::MAX));
    tallies.write(connection).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(u32::try_from(removed).unwrap_or(u32::MAX))
}

/// Begins a transaction with a lock on the dead letters: shared, or alone.
pub(crate) async fn begin(connection: &mut PgConnection, lock: &str) -> Result<(), Failure> {
    let sql = format!("BEGIN; SELECT {lock}({LETTERS_LOCK})");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}
