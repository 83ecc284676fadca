//! A store that fails on demand, for tests of what stands in front of it.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use sspp_engine::adapter::ordinary;
use sspp_engine::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, Durability, Erased, Erasure, Horizon,
    Housekeeping, Models, NewSignal, NumberedDeadLetter, Page, Record, Recorded, Signal, SignalFilter,
    SignalQuery, SignalStats, Signals, Store, StoreError, StoreStatus, Total,
};
use sspp_events::{ContentDigest, DeadLetterId, EventId, ModelDigest, SignalId, Timestamp};
use sspp_scoring::ModelRecord;

/// Decides, before each batch is recorded, whether it fails; `None` lets the store behind have it.
type Fault = Box<dyn FnMut(&[Record]) -> Option<StoreError> + Send>;

/// A store in front of another one: recording fails as the test says, and while [`FaultyStore::cut`] is on nothing works.
pub struct FaultyStore<S: ?Sized = dyn Store> {
    inner: Arc<S>,
    fault: Mutex<Fault>,
    cut: std::sync::atomic::AtomicBool,
    models_kept: std::sync::atomic::AtomicU32,
    times_asked: std::sync::atomic::AtomicU32,
}

impl<S: ?Sized> FaultyStore<S> {
    /// Puts faults in front of a store.
    pub fn new(inner: Arc<S>, fault: impl FnMut(&[Record]) -> Option<StoreError> + Send + 'static) -> Self {
        Self {
            inner,
            fault: Mutex::new(Box::new(fault)),
            cut: false.into(),
            models_kept: 0.into(),
            times_asked: 0.into(),
        }
    }

    /// Cuts the connection to the store, or makes it again.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, std::sync::atomic::Ordering::SeqCst);
    }

    /// How often a model was kept.
    pub fn models_kept(&self) -> u32 {
        self.models_kept.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// How often it was asked for its time, whether it answered or not.
    pub fn times_asked(&self) -> u32 {
        self.times_asked.load(std::sync::atomic::Ordering::SeqCst)
    }

    fn through(&self) -> Result<&S, StoreError> {
        if self.cut.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(StoreError::Unavailable { reason: "the test cut the connection".to_owned() });
        }
        Ok(&*self.inner)
    }

    fn through_fault(&self, batch: &[Record]) -> Result<&S, StoreError> {
        let store = self.through()?;
        let fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner)(batch);
        fault.map_or(Ok(store), Err)
    }
}

impl<S: std::fmt::Debug + ?Sized> std::fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultyStore").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
impl<S: Signals + ?Sized> Signals for FaultyStore<S> {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.through_fault(&batch)?.record(batch).await
    }

    async fn receive(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.through_fault(&batch)?.receive(batch).await
    }

    async fn is_at_fault(&self, signal: &NewSignal, payload: &bytes::Bytes) -> Result<bool, StoreError> {
        let store = self.through()?;
        let refuses = |signal: &NewSignal| {
            let record = Record::Signal { signal: signal.clone(), payload: payload.clone() };
            self.fault.lock().unwrap_or_else(PoisonError::into_inner)(&[record])
        };
        if refuses(signal).is_none() {
            return store.is_at_fault(signal, payload).await;
        }
        let refusals = ordinary(signal, None, EventId::from_uuid(uuid::Uuid::max())).iter().find_map(refuses);
        refusals.map_or(Ok(true), |error| Err(StoreError::Setup { reason: error.to_string() }))
    }

    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError> {
        self.through()?.signal(id).await
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        self.through()?.signal_of_event(event_id).await
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        self.through()?.signals(query).await
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        self.through()?.count(filter).await
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        self.through()?.stats().await
    }

    async fn import(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.through()?.import(batch).await
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        self.through()?.horizon().await
    }
}

#[async_trait]
impl<S: DeadLetters + ?Sized> DeadLetters for FaultyStore<S> {
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        self.through()?.dead_letter(id).await
    }

    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.through()?.recent_dead_letters(limit).await
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        self.through()?.dead_letters(query).await
    }

    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError> {
        self.through()?.count_dead_letters(filter, after).await
    }

    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: bytes::Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError> {
        self.through()?.edit_dead_letter(id, held, payload, content).await
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        self.through()?.remove_dead_letter(id).await
    }
}

#[async_trait]
impl<S: Models + ?Sized> Models for FaultyStore<S> {
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        let store = self.through()?;
        self.models_kept.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        store.put_model(model).await
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        self.through()?.model(digest).await
    }
}

#[async_trait]
impl<S: Housekeeping + ?Sized> Housekeeping for FaultyStore<S> {
    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.through()?.begin_erasure(erasure).await
    }

    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError> {
        self.through()?.erased_up_to().await
    }

    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError> {
        self.through()?.erase_step(max).await
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.through()?.expire_signals(processed_before, max).await
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.through()?.expire_dead_letters(died_before, max).await
    }
}

#[async_trait]
impl<S: StoreStatus + ?Sized> StoreStatus for FaultyStore<S> {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.times_asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.through()?.now().await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.through()?.ping().await
    }

    async fn durability(&self) -> Result<Durability, StoreError> {
        self.through()?.durability().await
    }
}
