//! A store that fails on demand, for tests of what stands in front of it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
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

/// A port of a faulty store: calls that are handed on, and those that are written out.
macro_rules! port {
    ($port:ident { $($call:ident($($given:ident: $of:ty),*) -> $answer:ty;)* } $($written:tt)*) => {
        #[async_trait]
        impl<S: $port + ?Sized> $port for FaultyStore<S> {
            $(async fn $call(&self, $($given: $of),*) -> Result<$answer, StoreError> {
                self.through()?.$call($($given),*).await
            })*

            $($written)*
        }
    };
}

/// Decides, before each batch is recorded, whether it fails; `None` lets the store behind have it.
type Fault = Box<dyn FnMut(&[Record]) -> Option<StoreError> + Send>;

/// A store in front of another one: recording fails as the test says, and while [`FaultyStore::cut`] is on nothing works.
pub struct FaultyStore<S: ?Sized = dyn Store> {
    inner: Arc<S>,
    fault: Mutex<Fault>,
    cut: AtomicBool,
    frozen: AtomicBool,
    models_kept: AtomicU32,
    times_asked: AtomicU32,
}

impl<S: ?Sized> FaultyStore<S> {
    /// Puts faults in front of a store.
    pub fn new(inner: Arc<S>, fault: impl FnMut(&[Record]) -> Option<StoreError> + Send + 'static) -> Self {
        Self {
            inner,
            fault: Mutex::new(Box::new(fault)),
            cut: false.into(),
            frozen: false.into(),
            models_kept: 0.into(),
            times_asked: 0.into(),
        }
    }

    /// Cuts the connection to the store, or makes it again.
    pub fn cut(&self, cut: bool) {
        self.cut.store(cut, SeqCst);
    }

    /// From now on recording never answers.
    pub fn freeze(&self) {
        self.frozen.store(true, SeqCst);
    }

    /// How often a model was kept.
    pub fn models_kept(&self) -> u32 {
        self.models_kept.load(SeqCst)
    }

    /// How often it was asked for its time, whether it answered or not.
    pub fn times_asked(&self) -> u32 {
        self.times_asked.load(SeqCst)
    }

    fn through(&self) -> Result<&S, StoreError> {
        if self.cut.load(SeqCst) {
            return Err(StoreError::Unavailable { reason: "the test cut the connection".to_owned() });
        }
        Ok(&*self.inner)
    }

    async fn through_fault(&self, batch: &[Record]) -> Result<&S, StoreError> {
        if self.frozen.load(SeqCst) {
            std::future::pending::<()>().await;
        }
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

port! {
    Signals {
        signal(id: SignalId) -> Option<Signal>;
        signal_of_event(event_id: EventId) -> Option<Signal>;
        signals(query: &SignalQuery) -> Page<Signal>;
        count(filter: &SignalFilter) -> Total;
        stats() -> SignalStats;
        import(batch: Vec<Record>) -> Vec<Recorded>;
        horizon() -> Horizon;
    }

    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.through_fault(&batch).await?.record(batch).await
    }

    async fn receive(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.through_fault(&batch).await?.receive(batch).await
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
}

port! {
    DeadLetters {
        dead_letter(id: DeadLetterId) -> Option<DeadLetter>;
        recent_dead_letters(limit: u32) -> Vec<DeadLetter>;
        dead_letters(query: &DeadLetterQuery) -> Page<NumberedDeadLetter>;
        count_dead_letters(filter: &DeadLetterFilter, after: Option<i64>) -> Total;
        edit_dead_letter(id: DeadLetterId, held: &[u8], payload: bytes::Bytes, content: ContentDigest) -> bool;
        remove_dead_letter(id: DeadLetterId) -> bool;
    }
}

port! {
    Models {
        model(digest: ModelDigest) -> Option<ModelRecord>;
    }

    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        let store = self.through()?;
        self.models_kept.fetch_add(1, SeqCst);
        store.put_model(model).await
    }
}

port! {
    Housekeeping {
        begin_erasure(erasure: &Erasure) -> ();
        erased_up_to() -> Option<Timestamp>;
        erase_step(max: u32) -> Option<Erased>;
        expire_signals(processed_before: Timestamp, max: u32) -> u32;
        expire_dead_letters(died_before: Timestamp, max: u32) -> u32;
    }
}

port! {
    StoreStatus {
        ping() -> ();
        durability() -> Durability;
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.times_asked.fetch_add(1, SeqCst);
        self.through()?.now().await
    }
}
