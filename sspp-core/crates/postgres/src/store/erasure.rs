//! Erasing an account or a user.
//!
//! The order is written under the letters' lock. Recording takes it too, so every transaction either ended before, and its
//! rows are found by the steps, or sees the order. Steps take rows that no other transaction holds, as retention does.

use sqlx::PgConnection;

use super::expiry::without_signals;
use super::figures;
use super::record::{ALONE, TOGETHER, begin_with};
use crate::failure::Failure;
use sspp_engine::recording::Figures;
use sspp_engine::{Erasable, Erased, Erasure};

/// Writes the order, and up to where things were recorded before it. After a failure the connection is to be closed.
pub(super) async fn order(connection: &mut PgConnection, erasure: &Erasure) -> Result<(), Failure> {
    let digest = erasure.whom.digest();
    begin_with(connection, ALONE).await?;
    sqlx::query(
        "INSERT INTO erasures AS e (kind, digest, up_to, name, last_signal, last_letter) VALUES ($1, $2, $3, $4, \
         coalesce((SELECT max(id) FROM signals), 0), coalesce((SELECT max(seq) FROM dead_letters), 0)) \
         ON CONFLICT (kind, digest) DO UPDATE SET up_to = greatest(e.up_to, excluded.up_to), name = excluded.name, \
         last_signal = excluded.last_signal, last_letter = excluded.last_letter",
    )
    .bind(digest.kind())
    .bind(digest.sha256.as_slice())
    .bind(erasure.up_to.to_datetime())
    .bind(erasure.whom.name())
    .execute(&mut *connection)
    .await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(())
}

/// The statements of one kind of erasure.
struct Statements {
    signals: &'static str,
    letters: &'static str,
    /// Done when no row is left that others may hold, and the order was not repeated meanwhile.
    complete: &'static str,
}

macro_rules! statements {
    ($column:literal) => {
        Statements {
            signals: concat!(
                "DELETE FROM signals WHERE id = ANY(ARRAY(SELECT id FROM signals WHERE ",
                $column,
                " = $1 AND id <= $2 ORDER BY processed_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)) ",
                "RETURNING account_id, user_id, event_type, signal_type, score"
            ),
            letters: concat!(
                "DELETE FROM dead_letters WHERE seq = ANY(ARRAY(SELECT seq FROM dead_letters WHERE ",
                $column,
                " = $1 AND seq <= $2 LIMIT $3))"
            ),
            complete: concat!(
                "UPDATE erasures SET name = NULL WHERE kind = $4 AND digest = $5 AND last_signal = $2 AND last_letter = $3 ",
                "AND NOT EXISTS (SELECT 1 FROM signals WHERE ",
                $column,
                " = $1 AND id <= $2) AND NOT EXISTS (SELECT 1 FROM dead_letters WHERE ",
                $column,
                " = $1 AND seq <= $3)"
            ),
        }
    };
}

const OF_ACCOUNT: Statements = statements!("account_id");
const OF_USER: Statements = statements!("user_id");

/// Removes a stretch of the oldest erasure that is not complete. After a failure the connection is to be closed.
pub(super) async fn step(connection: &mut PgConnection, max: u32) -> Result<Option<Erased>, Failure> {
    let open: Option<(String, Vec<u8>, String, i64, i64)> = sqlx::query_as(
        "SELECT kind, digest, name, last_signal, last_letter FROM erasures WHERE name IS NOT NULL ORDER BY up_to LIMIT 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some((kind, digest, name, last_signal, last_letter)) = open else { return Ok(None) };
    let whom = Erasable::read(&kind, name)
        .ok_or_else(|| Failure::corrupt("an erasure is of neither an account nor a user"))?;
    let statements = match &whom {
        Erasable::Account(_) => &OF_ACCOUNT,
        Erasable::User(_) => &OF_USER,
    };
    let max = i64::from(max);
    begin_with(connection, TOGETHER).await?;
    let query = sqlx::query_as(statements.signals).bind(whom.name()).bind(last_signal).bind(max);
    let removed = query.fetch_all(&mut *connection).await?;
    let signals = without_signals(connection, &removed).await?;
    begin_with(connection, ALONE).await?;
    let query = sqlx::query(statements.letters).bind(whom.name()).bind(last_letter).bind(max);
    let letters = query.execute(&mut *connection).await?.rows_affected();
    figures::write(Figures::without_letters(letters), connection).await?;
    sqlx::query(statements.complete)
        .bind(whom.name())
        .bind(last_signal)
        .bind(last_letter)
        .bind(kind)
        .bind(digest)
        .execute(&mut *connection)
        .await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(Some(Erased { signals, dead_letters: u32::try_from(letters).unwrap_or(u32::MAX) }))
}
