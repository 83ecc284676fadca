//! The duty that finishes erasures, in small steps, until no row is left.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::duty::Duty;
use crate::{Store, StoreError};

/// How many signals, and how many dead letters, a step removes at most.
const STEP: u32 = 500;
/// How long to rest after a step, at least; after a longer one it rests as long as that took.
const PAUSE: Duration = Duration::from_millis(20);
/// How often to look for erasures that other processes began.
const EVERY: Duration = Duration::from_secs(30);

/// Works on the erasures that were [begun](crate::Housekeeping::begin_erasure) for about so long; answers whether all are complete.
///
/// ```
/// use sspp_core::{SqliteStore, erase_some};
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let within = std::time::Duration::from_millis(100);
/// assert!(erase_some(&SqliteStore::in_memory().await.unwrap(), within).await.unwrap());
/// # });
/// ```
pub async fn erase_some(store: &dyn Store, within: Duration) -> Result<bool, StoreError> {
    let deadline = Instant::now() + within;
    while store.erase_step(STEP).await?.is_some() {
        if Instant::now() >= deadline {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The duty that finishes erasures, so that an erasure survives the process that it was begun in.
pub(super) struct Erasing {
    store: Arc<dyn Store>,
    begun: Arc<Notify>,
    /// Removed since the last line in the log.
    signals: u64,
    dead_letters: u64,
}

impl Erasing {
    pub(super) const fn new(store: Arc<dyn Store>, begun: Arc<Notify>) -> Self {
        Self { store, begun, signals: 0, dead_letters: 0 }
    }
}

#[async_trait]
impl Duty for Erasing {
    fn name(&self) -> &'static str {
        "looking for unfinished erasures"
    }

    async fn round(&mut self) -> Result<(), StoreError> {
        loop {
            let began = Instant::now();
            let Some(gone) = self.store.erase_step(STEP).await? else { break };
            self.signals += u64::from(gone.signals);
            self.dead_letters += u64::from(gone.dead_letters);
            tokio::time::sleep(began.elapsed().max(PAUSE)).await;
        }
        let (signals, dead_letters) = (mem::take(&mut self.signals), mem::take(&mut self.dead_letters));
        if signals + dead_letters > 0 {
            tracing::info!(signals, dead_letters, "erased the account or user");
        }
        Ok(())
    }

    async fn rest(&self) {
        // Notified or not, it looks again.
        let _ = tokio::time::timeout(EVERY, self.begun.notified()).await;
    }
}
