//! Retention, and the port's calls of erasure. The writer is asked only when a reader found something: it has other work.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::erasure;
use super::figures::{count_newest, without_letters, without_signals};
use super::state::StoreState;
use crate::SqliteStore;
use crate::command::{Command, Expiring, Expiry};
use crate::failure::Failure;
use sspp_engine::{Erased, Erasure, Housekeeping, StoreError};
use sspp_events::Timestamp;
use sspp_sql::StoredInstant as _;

const SOME_SIGNAL: &str = "SELECT EXISTS (SELECT 1 FROM signals WHERE processed_at < ? LIMIT ?)";
const SOME_LETTER: &str = "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE died_at < ? LIMIT ?)";
const REMOVE_SIGNALS: &str = "\
    DELETE FROM signals WHERE id IN (SELECT id FROM signals WHERE processed_at < ? ORDER BY processed_at LIMIT ?) \
    RETURNING account_id, user_id, event_type, signal_type, score";
const REMOVE_LETTERS: &str = "\
    DELETE FROM dead_letters WHERE seq IN ( \
        SELECT seq FROM dead_letters WHERE died_at < ? ORDER BY died_at LIMIT ?)";

#[async_trait]
impl Housekeeping for SqliteStore {
    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.writer.ask(Command::BeginErasure, erasure.clone()).await
    }

    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT max(up_to) FROM erasures")
            .fetch_one(&self.readers)
            .await
            .map_err(Failure::from)?;
        Ok(last.map(i64::timestamp).transpose()?)
    }

    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError> {
        let some: bool =
            sqlx::query_scalar(erasure::SOME).fetch_one(&self.readers).await.map_err(Failure::from)?;
        if some { self.writer.ask(Command::EraseStep, max).await } else { Ok(None) }
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(SOME_SIGNAL, Expiry { kind: Expiring::Signals, before: processed_before, max }).await
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(SOME_LETTER, Expiry { kind: Expiring::DeadLetters, before: died_before, max }).await
    }
}

impl SqliteStore {
    async fn expire(&self, some: &'static str, expiry: Expiry) -> Result<u32, StoreError> {
        let some = sqlx::query_scalar(some).bind(expiry.before.micros()).bind(i64::from(expiry.max));
        let some: bool = some.fetch_one(&self.readers).await.map_err(Failure::from)?;
        if some { self.writer.ask(Command::Expire, expiry).await } else { Ok(0) }
    }
}

/// Removes what is too old, figures included; returns how many rows were removed.
pub(crate) async fn expire(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    Expiry { kind, before, max }: Expiry,
) -> Result<u32, Failure> {
    let (max, before) = (i64::from(max), before.micros());
    match kind {
        Expiring::Signals => {
            count_newest(connection, state).await?;
            let removed =
                sqlx::query_as(REMOVE_SIGNALS).bind(before).bind(max).fetch_all(&mut *connection).await?;
            without_signals(connection, &removed).await
        }
        Expiring::DeadLetters => {
            let query = sqlx::query(REMOVE_LETTERS).bind(before).bind(max);
            let removed = query.execute(&mut *connection).await?.rows_affected();
            without_letters(connection, state, removed).await?;
            Ok(u32::try_from(removed).unwrap_or(u32::MAX))
        }
    }
}
