//! Steps that the cases share.

use crate::builders::job;
use crate::contract::QueueFixture;
use sspp_engine::{Delivery, EventQueue, NewJob};
use sspp_events::EventId;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for what must come. Nothing waits this long unless the test is about to fail.
pub(super) const SURELY: Duration = Duration::from_secs(10);
/// How long to wait for what must not come.
pub(super) const BRIEFLY: Duration = Duration::from_millis(50);

pub(super) fn jobs(numbers: std::ops::Range<u64>) -> Vec<NewJob> {
    numbers.map(job).collect()
}

pub(super) fn ids(deliveries: &[Delivery]) -> BTreeSet<EventId> {
    deliveries.iter().map(|delivery| delivery.event_id).collect()
}

/// Receives until this many came.
pub(super) async fn receive(queue: &Arc<dyn EventQueue>, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let came = queue.receive(count - all.len(), SURELY).await.unwrap();
        assert!(!came.is_empty(), "{} of {count} jobs came", all.len());
        all.extend(came);
    }
    all
}

pub(super) async fn nothing_comes(queue: &Arc<dyn EventQueue>) {
    assert_eq!(queue.receive(10, BRIEFLY).await.unwrap(), []);
}

pub(super) async fn one(fixture: &dyn QueueFixture) -> (Arc<dyn EventQueue>, Delivery) {
    let queue = fixture.queue();
    queue.enqueue(jobs(1..2)).await.unwrap();
    let delivery = receive(&queue, 1).await.remove(0);
    (queue, delivery)
}

pub(super) async fn pass_claim(fixture: &mut dyn QueueFixture) {
    let bound = fixture.claim_bound();
    fixture.pass(bound + bound / 10).await;
}
