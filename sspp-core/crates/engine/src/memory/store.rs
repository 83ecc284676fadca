//! A store in memory.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::store_state::StoreState;
use crate::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, Durability, Erased, Erasure, Horizon,
    Housekeeping, Models, NewSignal, NumberedDeadLetter, Page, Record, Recorded, Signal, SignalFilter,
    SignalQuery, SignalStats, Signals, StoreError, StoreStatus, Total,
};
use sspp_events::{
    Clock, ContentDigest, DeadLetterId, EventId, ModelDigest, SignalId, SystemClock, Timestamp,
};
use sspp_scoring::ModelRecord;

/// A store in memory. Clones are handles on the same store; what is in it ends with the process.
///
/// ```
/// use sspp_core::{MemoryStore, Signals};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let store = MemoryStore::new();
/// assert_eq!(store.stats().await.unwrap().signals, 0);
/// # });
/// ```
#[derive(Debug, Clone)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<StoreState>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// An empty store that goes by a clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, StoreState> {
        // Nothing under the lock can leave it half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Signals for MemoryStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.state().record(batch)
    }

    async fn is_at_fault(&self, signal: &NewSignal, _payload: &Bytes) -> Result<bool, StoreError> {
        // It has no schema that could be at fault.
        Ok(StoreState::refusal(signal).is_some())
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
        Ok(if filter.single_dimension() { Total { count, exact: true } } else { Total::bounded(count) })
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        Ok(self.state().stats())
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        Ok(Horizon { last_id: SignalId::new(self.state().last_id), before: 0, from: 0 })
    }
}

#[async_trait]
impl DeadLetters for MemoryStore {
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        Ok(self.state().letters.get(id).cloned())
    }

    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        Ok(self.state().letters.latest(limit))
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        Ok(self.state().letters.list(query))
    }

    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError> {
        Ok(Total::bounded(self.state().letters.count(filter, after)))
    }

    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError> {
        Ok(self.state().letters.edit(id, held, payload, content))
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        Ok(self.state().letters.remove(id))
    }
}

#[async_trait]
impl Models for MemoryStore {
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        self.state().models.entry(model.digest).or_insert_with(|| model.clone());
        Ok(())
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        Ok(self.state().models.get(&digest).cloned())
    }
}

#[async_trait]
impl Housekeeping for MemoryStore {
    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.state().begin_erasure(erasure);
        Ok(())
    }

    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state().erased_up_to())
    }

    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError> {
        Ok(self.state().erase_step(max))
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        Ok(self.state().expire_signals(processed_before, max))
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        Ok(self.state().letters.expire(died_before, max))
    }
}

#[async_trait]
impl StoreStatus for MemoryStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_datetime(self.clock.now()))
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn durability(&self) -> Result<Durability, StoreError> {
        Ok(Durability::AtRisk(vec!["the store is in memory and ends with the process".to_owned()]))
    }
}
