//! Removing what is too old: looking for it, and what the writer does inside its transaction.

use sqlx::{SqliteConnection, SqlitePool};

use super::figures::Tallies;
use super::record::StoreState;
use crate::failure::Failure;
use sspp_events::Timestamp;

/// What is to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Signals,
    DeadLetters,
}

/// One step of removing: up to `max` rows from before an instant, the oldest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expiry {
    pub(crate) kind: Kind,
    pub(crate) before: Timestamp,
    pub(crate) max: u32,
}

/// Of a removed signal what its figures need.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct RemovedSignal {
    pub(crate) account_id: String,
    pub(crate) user_id: String,
    pub(crate) event_type: String,
    pub(crate) signal_type: String,
    pub(crate) score: i64,
}

const SOME_SIGNAL: &str = "SELECT EXISTS (SELECT 1 FROM signals WHERE processed_at < ? LIMIT ?)";
const SOME_LETTER: &str = "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE died_at < ? LIMIT ?)";
const REMOVE_SIGNALS: &str = "\
    DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE processed_at < ? ORDER BY processed_at LIMIT ?) \
    RETURNING account_id, user_id, event_type, signal_type, score";
const REMOVE_LETTERS: &str = "\
    DELETE FROM dead_letters WHERE seq IN ( \
        SELECT seq FROM dead_letters WHERE died_at < ? ORDER BY died_at LIMIT ?)";

impl Expiry {
    /// About how many rows it touches.
    pub(crate) fn rows(self) -> usize {
        usize::try_from(self.max).unwrap_or(usize::MAX)
    }

    /// Whether there is something to remove: asked of a reader.
    pub(crate) async fn finds_some(self, readers: &SqlitePool) -> Result<bool, Failure> {
        let sql = match self.kind {
            Kind::Signals => SOME_SIGNAL,
            Kind::DeadLetters => SOME_LETTER,
        };
        let query = sqlx::query_scalar(sql).bind(self.before.micros()).bind(i64::from(self.max));
        Ok(query.fetch_one(readers).await?)
    }
}

/// Removes it, figures included; returns how many rows went.
pub(crate) async fn expire(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    Expiry { kind, before, max }: Expiry,
) -> Result<u32, Failure> {
    let (max, before) = (i64::from(max), before.micros());
    let mut tallies = Tallies::default();
    match kind {
        Kind::Signals => {
            let removed: Vec<RemovedSignal> =
                sqlx::query_as(REMOVE_SIGNALS).bind(before).bind(max).fetch_all(&mut *connection).await?;
            for signal in &removed {
                tallies.remove(signal);
            }
            tallies.write(connection).await?;
            Ok(u32::try_from(removed.len()).unwrap_or(u32::MAX))
        }
        Kind::DeadLetters => {
            let query = sqlx::query(REMOVE_LETTERS).bind(before).bind(max);
            let removed = query.execute(&mut *connection).await?.rows_affected();
            let count = i64::try_from(removed).unwrap_or(i64::MAX);
            state.forget_letters(count);
            tallies.add_dead_letters(-count);
            tallies.write(connection).await?;
            Ok(u32::try_from(removed).unwrap_or(u32::MAX))
        }
    }
}
