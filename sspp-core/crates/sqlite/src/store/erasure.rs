//! Erasing an account or a user: what the writer does inside its transaction.

use std::sync::Arc;

use sqlx::SqliteConnection;

use super::dead_letters::without;
use super::housekeeping::without_signals;
use super::record::StoreState;
use crate::failure::Failure;
use crate::queue_rows::read_instant;
use sspp_engine::recording::Erasures;
use sspp_engine::{Erasable, Erased, Erasure, ErasureDigest};

/// Reads all erasures from the file.
pub(super) async fn load(connection: &mut SqliteConnection) -> sqlx::Result<Arc<Erasures>> {
    let rows: Vec<(String, Vec<u8>, i64)> =
        sqlx::query_as("SELECT kind, digest, up_to FROM erasures").fetch_all(connection).await?;
    let mut erasures = Erasures::default();
    for (kind, digest, up_to) in rows {
        if let (Ok(sha256), Ok(up_to)) = (digest.try_into(), read_instant(up_to)) {
            erasures.add(ErasureDigest { is_account: kind == "account", sha256 }, up_to);
        }
    }
    Ok(Arc::new(erasures))
}

/// Notes the order.
pub(crate) async fn begin(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    erasure: &Erasure,
) -> Result<(), Failure> {
    let digest = erasure.whom.digest();
    sqlx::query(
        "INSERT INTO erasures (kind, digest, up_to, name, last_signal, last_letter) \
         VALUES (?, ?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM dead_letters)) \
         ON CONFLICT (kind, digest) DO UPDATE SET up_to = max(up_to, excluded.up_to), name = excluded.name, \
         last_signal = excluded.last_signal, last_letter = excluded.last_letter",
    )
    .bind(digest.kind())
    .bind(digest.sha256.to_vec())
    .bind(erasure.up_to.micros())
    .bind(erasure.whom.name())
    .bind(state.last_id)
    .execute(connection)
    .await?;
    Arc::make_mut(&mut state.erasures).add(digest, erasure.up_to);
    Ok(())
}

/// Whether an erasure is not complete.
pub(super) const SOME: &str = "SELECT EXISTS (SELECT 1 FROM erasures WHERE name IS NOT NULL)";

/// Removes a stretch of the oldest erasure that is not complete.
pub(crate) async fn step(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    max: u32,
) -> Result<Option<Erased>, Failure> {
    let open: Option<(String, Vec<u8>, String, i64, i64)> = sqlx::query_as(
        "SELECT kind, digest, name, last_signal, last_letter FROM erasures WHERE name IS NOT NULL ORDER BY up_to LIMIT 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some((kind, digest, name, last_signal, last_letter)) = open else { return Ok(None) };
    let whom = Erasable::read(&kind, name)
        .ok_or_else(|| Failure::corrupt("an erasure is of neither an account nor a user"))?;
    let (signals_sql, letters_sql) = match &whom {
        Erasable::Account(_) => (REMOVE_SIGNALS_OF_ACCOUNT, REMOVE_LETTERS_OF_ACCOUNT),
        Erasable::User(_) => (REMOVE_SIGNALS_OF_USER, REMOVE_LETTERS_OF_USER),
    };
    let query = sqlx::query_as(signals_sql).bind(whom.name()).bind(last_signal).bind(i64::from(max));
    let removed = query.fetch_all(&mut *connection).await?;
    let signals = without_signals(connection, &removed).await?;
    let query = sqlx::query(letters_sql).bind(whom.name()).bind(last_letter).bind(i64::from(max));
    let letters = query.execute(&mut *connection).await?.rows_affected();
    without(connection, state, letters).await?;
    let gone = Erased { signals, dead_letters: u32::try_from(letters).unwrap_or(u32::MAX) };
    if gone.signals < max && gone.dead_letters < max {
        sqlx::query("UPDATE erasures SET name = NULL WHERE kind = ? AND digest = ?")
            .bind(kind)
            .bind(digest)
            .execute(connection)
            .await?;
    }
    Ok(Some(gone))
}

const REMOVE_SIGNALS_OF_ACCOUNT: &str = "\
    DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE account_id = ? AND id <= ? LIMIT ?) \
    RETURNING account_id, user_id, event_type, signal_type, score";
const REMOVE_SIGNALS_OF_USER: &str = "\
    DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE user_id = ? AND id <= ? LIMIT ?) \
    RETURNING account_id, user_id, event_type, signal_type, score";
const REMOVE_LETTERS_OF_ACCOUNT: &str = "\
    DELETE FROM dead_letters WHERE seq IN ( \
        SELECT seq FROM dead_letters WHERE account_id = ? AND seq <= ? LIMIT ?)";
const REMOVE_LETTERS_OF_USER: &str = "\
    DELETE FROM dead_letters WHERE seq IN ( \
        SELECT seq FROM dead_letters WHERE user_id = ? AND seq <= ? LIMIT ?)";
