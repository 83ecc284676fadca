//! What the store tells about itself.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use sqlx::QueryBuilder;

use super::{ping, risks};
use crate::PgStore;
use crate::failure::Failure;
use sspp_engine::{Durability, StoreError, StoreStatus};
use sspp_events::Timestamp;

#[async_trait]
impl StoreStatus for PgStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        let rows: Vec<(DateTime<Utc>,)> =
            self.rows(QueryBuilder::new("SELECT clock_timestamp()"), None).await?;
        let (now,) = rows.first().ok_or_else(|| Failure::corrupt("the server gave no time"))?;
        Ok(Timestamp::from_datetime(*now))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let take_pages = self.pages.are_due();
        self.sessions.with(move |connection| ping::can_record(connection, take_pages).boxed()).await?;
        if take_pages {
            self.pages.were_taken();
        }
        Ok(())
    }

    async fn durability(&self) -> Result<Durability, StoreError> {
        self.sessions.with(|connection| risks::durability(connection).boxed()).await
    }
}
