//! Another program: every type that it has to name is named through this crate alone.

use std::sync::Arc;
use std::time::Duration;

use sspp_core::async_trait::async_trait;
use sspp_core::bytes::Bytes;
use sspp_core::chrono::{DateTime, TimeDelta, Utc};
use sspp_core::indexmap::IndexMap;
use sspp_core::serde_json::Value;
use sspp_core::serde_json::value::RawValue;
use sspp_core::tokio::sync::watch;
use sspp_core::tokio_util::sync::CancellationToken;
use sspp_core::uuid::Uuid;
use sspp_core::{
    Admission, Clock, Delivery, Durability, Envelope, Event, EventId, EventQueue, GroupRule, Horizon,
    MemoryEventQueue, MemoryStore, ModelDigest, ModelRecord, Models, NewJob, NewSignal, Page, Pipeline,
    PipelineConfig, QueueDepth, QueueError, QueuedJob, Random, Receipt, Record, Recorded, ScoringModel,
    Settled, Signal, SignalFilter, SignalId, SignalQuery, SignalStats, Signals, StoreError, Timestamp, Total,
};

#[derive(Debug)]
struct OwnClock;

impl Clock for OwnClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }
}

#[derive(Debug)]
struct OwnRandom;

impl Random for OwnRandom {
    fn next_u64(&self) -> u64 {
        4
    }
}

/// A queue that counts what it is given.
#[derive(Debug)]
struct OwnQueue {
    inner: MemoryEventQueue,
    queued: watch::Sender<usize>,
}

#[async_trait]
impl EventQueue for OwnQueue {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Admission>, QueueError> {
        self.queued.send_modify(|count| *count += jobs.len());
        self.inner.enqueue(jobs).await
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        self.inner.receive(max, wait).await
    }

    async fn reclaim(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.inner.reclaim(max).await
    }

    async fn settle(&self, settlements: Vec<Settled>) -> Result<(), QueueError> {
        self.inner.settle(settlements).await
    }

    async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.inner.keep(receipts).await
    }

    async fn begin_run(&self, receipt: &Receipt) -> Result<u32, QueueError> {
        self.inner.begin_run(receipt).await
    }

    async fn end_run(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.inner.end_run(receipt).await
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        self.inner.depth().await
    }

    async fn job(&self, event_id: EventId) -> Result<Option<QueuedJob>, QueueError> {
        self.inner.job(event_id).await
    }

    async fn recent(&self, limit: usize) -> Result<Vec<QueuedJob>, QueueError> {
        self.inner.recent(limit).await
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.inner.ping().await
    }

    async fn fence(&self, at_least: Option<Timestamp>) -> Result<Timestamp, QueueError> {
        self.inner.fence(at_least).await
    }

    async fn now(&self) -> Result<Timestamp, QueueError> {
        self.inner.now().await
    }

    fn claim_bound(&self) -> Duration {
        self.inner.claim_bound()
    }

    async fn durability(&self) -> Result<Durability, QueueError> {
        self.inner.durability().await
    }
}

/// A store of signals and models alone: no dead letters to read, no housekeeping.
#[derive(Debug, Default)]
struct OwnStore(MemoryStore);

#[async_trait]
impl Signals for OwnStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.0.record(batch).await
    }

    async fn is_at_fault(&self, signal: &NewSignal, payload: &Bytes) -> Result<bool, StoreError> {
        self.0.is_at_fault(signal, payload).await
    }

    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError> {
        self.0.signal(id).await
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        self.0.signal_of_event(event_id).await
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        self.0.signals(query).await
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        self.0.count(filter).await
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        self.0.stats().await
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        self.0.horizon().await
    }
}

#[async_trait]
impl Models for OwnStore {
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        self.0.put_model(model).await
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        self.0.model(digest).await
    }
}

#[tokio::test]
async fn a_pipeline_runs_over_a_queue_signals_and_models_of_another_program() {
    let (clock, random) = (Arc::new(OwnClock), Arc::new(OwnRandom));
    let (queued, mut seen) = watch::channel(0);
    let queue = Arc::new(OwnQueue { inner: MemoryEventQueue::new(clock.clone()), queued });
    let (store, model) = (Arc::new(OwnStore::default()), ScoringModel::embedded_default());
    let groups: &IndexMap<String, GroupRule> = &model.account().groups;
    assert_eq!(groups.len(), 3);

    let event =
        Event::builder("acc_1", "user_1", "call_made", "2024-10-04").metadata(r#"{"a":1}"#).build().unwrap();
    let raw: &RawValue = event.metadata.as_raw();
    assert_eq!(raw.get().parse::<Value>().unwrap()["a"], 1);
    let envelope = Envelope::new(event, clock.now(), &*random);
    let id: Uuid = envelope.event_id.as_uuid();
    let payload: Bytes = envelope.encode();
    assert_eq!(Envelope::decode(&payload).unwrap().event_id, EventId::from_uuid(id));

    let pipeline = Pipeline::new(
        queue.clone(),
        store.clone(),
        store.clone(),
        model,
        clock,
        random,
        PipelineConfig::default(),
    );
    let store_away: watch::Receiver<bool> = pipeline.store_away();
    let stop = CancellationToken::new();
    let running = tokio::spawn(pipeline.run(stop.clone()));
    queue.enqueue(vec![envelope.job(None)]).await.unwrap();
    seen.wait_for(|count| *count == 1).await.unwrap();
    sspp_core::testing::eventually("it is a signal", async || {
        store.signal_of_event(EventId::from_uuid(id)).await.unwrap().is_some()
    })
    .await;
    assert!(!*store_away.borrow());
    stop.cancel();
    running.await.unwrap();
}
