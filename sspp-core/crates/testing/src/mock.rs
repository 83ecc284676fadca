//! mockall mocks of the ports: for tests of calls, and of failures that no adapter gives on demand.

use std::time::Duration;

use async_trait::async_trait;

use sspp_engine::{
    Admission, DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, Delivery, Durability, Erased,
    Erasure, EventQueue, Horizon, Housekeeping, Models, NewJob, NewSignal, NumberedDeadLetter, Page,
    QueueDepth, QueueError, QueuedJob, Receipt, Record, Recorded, Settled, Signal, SignalFilter, SignalQuery,
    SignalStats, Signals, StoreError, StoreStatus, Total,
};
use sspp_events::{ContentDigest, DeadLetterId, EventId, ModelDigest, SignalId, Timestamp};
use sspp_scoring::ModelRecord;

mockall::mock! {
    #[derive(Debug)]
    pub EventQueue {}

    #[async_trait]
    impl EventQueue for EventQueue {
        async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Admission>, QueueError>;
        async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError>;
        async fn reclaim(&self, max: usize) -> Result<Vec<Delivery>, QueueError>;
        async fn settle(&self, settlements: Vec<Settled>) -> Result<(), QueueError>;
        async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), QueueError>;
        async fn begin_run(&self, receipt: &Receipt) -> Result<u32, QueueError>;
        async fn end_run(&self, receipt: &Receipt) -> Result<(), QueueError>;
        async fn depth(&self) -> Result<QueueDepth, QueueError>;
        async fn job(&self, event_id: EventId) -> Result<Option<QueuedJob>, QueueError>;
        async fn recent(&self, limit: usize) -> Result<Vec<QueuedJob>, QueueError>;
        async fn ping(&self) -> Result<(), QueueError>;
        async fn fence(&self, at_least: Option<Timestamp>) -> Result<Timestamp, QueueError>;
        async fn now(&self) -> Result<Timestamp, QueueError>;
        fn claim_bound(&self) -> Duration;
        async fn durability(&self) -> Result<Durability, QueueError>;
    }
}

mockall::mock! {
    #[derive(Debug)]
    pub Store {}

    #[async_trait]
    impl Signals for Store {
        async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError>;
        async fn is_at_fault(&self, signal: &NewSignal, payload: &bytes::Bytes) -> Result<bool, StoreError>;
        async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError>;
        async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError>;
        async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError>;
        async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError>;
        async fn stats(&self) -> Result<SignalStats, StoreError>;
        async fn receive(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError>;
        async fn import(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError>;
        async fn horizon(&self) -> Result<Horizon, StoreError>;
    }

    #[async_trait]
    impl DeadLetters for Store {
        async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError>;
        async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError>;
        async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError>;
        async fn count_dead_letters(&self, filter: &DeadLetterFilter, after: Option<i64>) -> Result<Total, StoreError>;
        async fn edit_dead_letter(
            &self,
            id: DeadLetterId,
            held: &[u8],
            payload: bytes::Bytes,
            content: ContentDigest,
        ) -> Result<bool, StoreError>;
        async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError>;
    }

    #[async_trait]
    impl Models for Store {
        async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError>;
        async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError>;
    }

    #[async_trait]
    impl Housekeeping for Store {
        async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError>;
        async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError>;
        async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError>;
        async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError>;
        async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError>;
    }

    #[async_trait]
    impl StoreStatus for Store {
        async fn now(&self) -> Result<Timestamp, StoreError>;
        async fn ping(&self) -> Result<(), StoreError>;
        async fn durability(&self) -> Result<Durability, StoreError>;
    }
}
