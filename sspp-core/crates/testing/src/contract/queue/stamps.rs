//! When jobs were enqueued, by the queue's clock alone.

use super::steps::{jobs, nothing_comes, receive};
use crate::builders::{at, event_id, job};
use crate::contract::QueueFixture;
use sspp_engine::{EventQueue, NewJob};
use sspp_events::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// A line that no test's queue has reached: years ahead of every clock.
fn far_ahead() -> Timestamp {
    Timestamp::parse("2100-01-01T00:00:00.000001Z").unwrap()
}

async fn stamps(queue: &Arc<dyn EventQueue>, numbers: std::ops::Range<u64>) -> Vec<Timestamp> {
    let count = usize::try_from(numbers.end - numbers.start).unwrap();
    queue.enqueue(jobs(numbers)).await.unwrap();
    let held = receive(queue, count).await;
    let stamps = held.iter().map(|delivery| delivery.enqueued_at).collect();
    queue.settle(held.into_iter().map(sspp_engine::Delivery::done).collect()).await.unwrap();
    stamps
}

/// What was enqueued before a line has a stamp up to it, what is enqueued after it a later one, in every shard; also where
/// the line is ahead of the clock, which is the same as a clock that was set back since.
pub async fn a_fence_parts_what_came_before_from_what_comes_after(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let mut numbers = 0..40;
    let mut last = None;
    for at_least in [None, None, Some(at(0)), Some(far_ahead()), None, Some(far_ahead()), Some(at(0)), None] {
        let before = stamps(&queue, numbers.clone()).await;
        let fence = queue.fence(at_least).await.unwrap();
        numbers = numbers.end..numbers.end + 40;
        let after = stamps(&queue, numbers.clone()).await;
        numbers = numbers.end..numbers.end + 40;
        assert!(at_least.is_none_or(|least| least <= fence), "{at_least:?} {fence}");
        assert!(last.is_none_or(|last| last <= fence), "{last:?} {fence}");
        assert!(before.iter().all(|stamp| *stamp <= fence), "{before:?} {fence}");
        assert!(after.iter().all(|stamp| fence < *stamp), "{fence} {after:?}");
        last = Some(fence);
    }
    nothing_comes(&queue).await;
}

/// The first stamp stays with the job, however often it comes again; how often it was postponed is counted.
pub async fn a_stamp_stays_with_its_job(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(1..2)).await.unwrap();
    let delivery = receive(&queue, 1).await.remove(0);
    let first = delivery.enqueued_at;
    let delay = fixture.claim_bound() / 10;
    queue.settle(vec![delivery.give_back()]).await.unwrap();
    for (attempts, postponed) in [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)] {
        let delivery = receive(&queue, 1).await.remove(0);
        assert_eq!((delivery.attempts, delivery.postponed), (attempts, postponed));
        assert_eq!(delivery.enqueued_at, first);
        let again = if attempts > postponed { delivery.postpone(delay) } else { delivery.retry(delay) };
        queue.settle(vec![again]).await.unwrap();
        assert_eq!(queue.job(event_id(1)).await.unwrap().unwrap().enqueued_at, first);
        fixture.pass(delay * 2).await;
    }
}

/// A replay keeps the stamp that it gives, unless that is later than the queue's own: then a line parts it like any other.
pub async fn a_stamp_that_is_given_counts(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let old = NewJob { enqueued_at: Some(at(-1_000)), ..job(1) };
    let ahead = NewJob { enqueued_at: Some(far_ahead()), ..job(2) };
    queue.enqueue(vec![old, ahead]).await.unwrap();
    let fence = queue.fence(None).await.unwrap();
    let mut held = receive(&queue, 2).await;
    held.sort_by_key(|delivery| delivery.event_id);
    assert_eq!(held[0].enqueued_at, at(-1_000));
    assert!(held[1].enqueued_at <= fence, "{} {fence}", held[1].enqueued_at);
    let delay = fixture.claim_bound() / 10;
    queue.settle(held.into_iter().map(|delivery| delivery.retry(delay)).collect()).await.unwrap();
    fixture.pass(delay * 2).await;
    let mut held = receive(&queue, 2).await;
    held.sort_by_key(|delivery| delivery.event_id);
    assert_eq!(held[0].enqueued_at, at(-1_000));
    assert!(held[1].enqueued_at <= fence, "{} {fence}", held[1].enqueued_at);
}

/// What waits at a crash keeps its stamp, and later ones come after it.
pub async fn stamps_go_on_after_a_crash(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.fence(Some(far_ahead())).await.unwrap();
    queue.enqueue(jobs(1..2)).await.unwrap();
    let before = queue.job(event_id(1)).await.unwrap().unwrap().enqueued_at;
    drop(queue);
    if !fixture.crash().await {
        return;
    }
    let queue = fixture.queue();
    assert_eq!(queue.job(event_id(1)).await.unwrap().unwrap().enqueued_at, before);
    queue.enqueue(jobs(2..3)).await.unwrap();
    let after = queue.job(event_id(2)).await.unwrap().unwrap().enqueued_at;
    assert!(before <= after && far_ahead() < after, "{before} {after}");
}

/// The queue tells its clock, which continues.
pub async fn a_clock_is_shown(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let before = queue.now().await.unwrap();
    fixture.pass(Duration::from_millis(20)).await;
    assert!(before < queue.now().await.unwrap());
}
