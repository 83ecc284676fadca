//! Retention and erasure.

use async_trait::async_trait;

use super::erasure;
use super::expiry::{Expiry, Kind};
use crate::SqliteStore;
use crate::command::Command;
use crate::failure::Failure;
use crate::queue_rows::read_instant;
use sspp_engine::{Erased, Erasure, Housekeeping, StoreError};
use sspp_events::Timestamp;

impl SqliteStore {
    async fn expire(&self, expiry: Expiry) -> Result<u32, StoreError> {
        // The writer has other things to do: it is asked only when there is something.
        if !expiry.finds_some(&self.readers).await? {
            return Ok(0);
        }
        self.writer.ask(Command::Expire, expiry).await
    }
}

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
        Ok(last.map(read_instant).transpose()?)
    }

    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError> {
        // The writer has other things to do: it is asked only when there is something.
        let some: bool =
            sqlx::query_scalar(erasure::SOME).fetch_one(&self.readers).await.map_err(Failure::from)?;
        if !some {
            return Ok(None);
        }
        self.writer.ask(Command::EraseStep, max).await
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(Expiry { kind: Kind::Signals, before: processed_before, max }).await
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(Expiry { kind: Kind::DeadLetters, before: died_before, max }).await
    }
}
