//! Removing what is too old, in one transaction a step, while others record.
//!
//! Signals: the lock that recorders share, then rows that no other transaction holds, then the figures in the order of all
//! writers. A step waits for no row, so it can be in no circle: recorders of the same event wait for it, other steps skip its rows.
//! Dead letters: a change of them alone takes the lock alone.

use sqlx::PgConnection;

use super::figures;
use super::record::{ALONE, TOGETHER, begin_with};
use crate::failure::Failure;
use sspp_engine::recording::Figures;
use sspp_events::Timestamp;
use sspp_sql::RemovedSignal;

/// An array of ids, so the server always reads by index, however many rows it expects.
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
pub(super) async fn signals(
    connection: &mut PgConnection,
    before: Timestamp,
    max: u32,
) -> Result<u32, Failure> {
    begin_with(connection, TOGETHER).await?;
    let query = sqlx::query_as(REMOVE_SIGNALS).bind(before.to_datetime()).bind(i64::from(max));
    let removed = query.fetch_all(&mut *connection).await?;
    without_signals(connection, &removed).await
}

/// Removes dead letters, their count included; returns how many went. After a failure the connection is to be closed.
pub(super) async fn dead_letters(
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
    begin_with(connection, ALONE).await?;
    let query = sqlx::query(REMOVE_LETTERS).bind(before).bind(max);
    let removed = query.execute(&mut *connection).await?.rows_affected();
    figures::write(Figures::without_letters(removed), connection).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(u32::try_from(removed).unwrap_or(u32::MAX))
}

/// Corrects the figures after some signals were removed, and commits; returns how many.
pub(super) async fn without_signals(
    connection: &mut PgConnection,
    removed: &[RemovedSignal],
) -> Result<u32, Failure> {
    figures::write(Figures::without_signals(removed), connection).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(u32::try_from(removed.len()).unwrap_or(u32::MAX))
}
