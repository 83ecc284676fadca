//! A store in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::store_state::StoreState;
use crate::{
    DeadLetter, DeadLetterId, EventId, ModelDigest, ModelRecord, Page, Record, Recorded, Signal,
    SignalFilter, SignalId, SignalQuery, SignalStats, SignalStore, StoreError, Timestamp, Total,
};

/// A store in memory. Clones are handles on the same store; what is in it ends with the process.
///
/// ```
/// use sspp_core::{MemorySignalStore, SignalStore};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemorySignalStore::new();
/// assert_eq!(store.stats().await.unwrap().signals, 0);
/// # });
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemorySignalStore {
    state: Arc<Mutex<StoreState>>,
}

impl MemorySignalStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, StoreState> {
        // Nothing under the lock can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SignalStore for MemorySignalStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.state().record(batch)
    }

    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError> {
        Ok(self.state().signal(id))
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        Ok(self.state().signal_of_event(event_id))
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        Ok(self.state().list(query))
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        let count = self.state().count(filter);
        let exact = filter.single_dimension() || count <= Total::COUNTED_UP_TO;
        Ok(Total { count: if exact { count } else { Total::COUNTED_UP_TO }, exact })
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        Ok(self.state().stats())
    }

    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        Ok(self.state().letters.get(&id).cloned())
    }

    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(self.state().letters.values().rev().take(limit).cloned().collect())
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        Ok(self.state().expire_signals(processed_before, max))
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        Ok(self.state().expire_letters(died_before, max))
    }

    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        self.state().models.entry(model.digest).or_insert_with(|| model.clone());
        Ok(())
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        Ok(self.state().models.get(&digest).cloned())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
