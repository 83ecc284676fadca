//! Retention and erasure.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use sqlx::QueryBuilder;

use super::{erasure, expiry};
use crate::PgStore;
use sspp_engine::{Erased, Erasure, Housekeeping, StoreError};
use sspp_events::Timestamp;

#[async_trait]
impl Housekeeping for PgStore {
    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let erasure = erasure.clone();
        self.sessions
            .with(|connection| async move { erasure::order(connection, &erasure).await }.boxed())
            .await
    }

    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = QueryBuilder::new("SELECT max(up_to) FROM erasures");
        let rows: Vec<(Option<DateTime<Utc>>,)> = self.rows(sql, None).await?;
        Ok(rows.first().and_then(|(last,)| *last).map(Timestamp::from_datetime))
    }

    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError> {
        self.sessions.with(|connection| async move { erasure::step(connection, max).await }.boxed()).await
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.sessions
            .with(|connection| {
                async move { expiry::signals(connection, processed_before, max).await }.boxed()
            })
            .await
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.sessions
            .with(|connection| {
                async move { expiry::dead_letters(connection, died_before, max).await }.boxed()
            })
            .await
    }
}
