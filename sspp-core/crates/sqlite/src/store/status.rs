//! What the store tells about itself.

use async_trait::async_trait;

use crate::SqliteStore;
use crate::command::Command;
use crate::failure::Failure;
use sspp_engine::{Durability, StoreError, StoreStatus};
use sspp_events::Timestamp;

#[async_trait]
impl StoreStatus for SqliteStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.stamps.or_later(Timestamp::from_datetime(self.clock.now())))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.ask(Command::Ping, ()).await?;
        sqlx::query("SELECT 1").execute(&self.readers).await.map_err(Failure::from)?;
        Ok(())
    }

    async fn durability(&self) -> Result<Durability, StoreError> {
        if self.in_memory {
            return Ok(Durability::AtRisk(vec![
                "the store is in memory and ends with the process".to_owned(),
            ]));
        }
        // What it leans on was read back when the file was opened.
        Ok(Durability::Durable)
    }
}
