//! Erasing an account or a user: what the writer does inside its transaction.

use std::sync::Arc;

use sqlx::SqliteConnection;

use super::figures::{count_newest, without_letters, without_signals};
use super::state::StoreState;
use crate::failure::Failure;
use crate::stamp::LastStamp;
use sspp_engine::{Erasable, Erased, Erasure};

/// Notes the order. What is received from now on has a later stamp.
pub(crate) async fn begin(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    stamps: &LastStamp,
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
    stamps.raise(erasure.up_to.micros());
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
    count_newest(connection, state).await?;
    let query = sqlx::query_as(signals_sql).bind(whom.name()).bind(last_signal).bind(i64::from(max));
    let removed = query.fetch_all(&mut *connection).await?;
    let signals = without_signals(connection, &removed).await?;
    let query = sqlx::query(letters_sql).bind(whom.name()).bind(last_letter).bind(i64::from(max));
    let letters = query.execute(&mut *connection).await?.rows_affected();
    without_letters(connection, state, letters).await?;
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
    DELETE FROM signals WHERE id IN (SELECT id FROM by_account WHERE account_id = ? AND id <= ? LIMIT ?) \
    RETURNING account_id, user_id, event_type, signal_type, score";
const REMOVE_SIGNALS_OF_USER: &str = "\
    DELETE FROM signals WHERE id IN (SELECT id FROM by_user WHERE user_id = ? AND id <= ? LIMIT ?) \
    RETURNING account_id, user_id, event_type, signal_type, score";
const REMOVE_LETTERS_OF_ACCOUNT: &str = "\
    DELETE FROM dead_letters WHERE seq IN ( \
        SELECT seq FROM dead_letters WHERE account_id = ? AND seq <= ? LIMIT ?)";
const REMOVE_LETTERS_OF_USER: &str = "\
    DELETE FROM dead_letters WHERE seq IN ( \
        SELECT seq FROM dead_letters WHERE user_id = ? AND seq <= ? LIMIT ?)";
