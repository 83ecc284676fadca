//! What the store tells about itself.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;

use super::{ping, risks};
use crate::PgStore;
use sspp_engine::{Durability, StoreError, StoreStatus};
use sspp_events::Timestamp;

#[async_trait]
impl StoreStatus for PgStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = "SELECT clock_timestamp()";
                    let now: DateTime<Utc> = sqlx::query_scalar(sql).fetch_one(connection).await?;
                    Ok(Timestamp::from_datetime(now))
                }
                .boxed()
            })
            .await
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
