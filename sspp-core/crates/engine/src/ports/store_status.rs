//! The port through which a store tells its time, and whether it can record.

use async_trait::async_trait;

use super::{Durability, StoreError};
use sspp_events::Timestamp;

/// What a store tells about itself. A pipeline asks none of it, so an adapter for a pipeline alone need not have it.
#[async_trait]
pub trait StoreStatus: Send + Sync + std::fmt::Debug {
    /// What the store's clock shows: by it the times of processing are given and ages are counted.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Whether the store can record now. What refuses a signal refuses this too: a full disk, a server or file that is only
    /// read, a missing right.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Whether what the store recorded survives a crash of its server, as far as the server tells.
    async fn durability(&self) -> Result<Durability, StoreError>;
}
