//! What can be seen of the jobs in the queue.

use super::steps::{jobs, receive};
use crate::builders::{event_id, job};
use crate::contract::QueueFixture;
use sspp_engine::{EventQueue, JobState, QueueDepth};
use std::sync::Arc;

/// Every job is in one state.
pub async fn depth_counts_every_state(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(0..9)).await.unwrap();
    let mut held = receive(&queue, 5).await;
    let delay = fixture.claim_bound() * 2;
    queue.settle(held.drain(..3).map(|delivery| delivery.retry(delay)).collect()).await.unwrap();
    let depth = queue.depth().await.unwrap();
    assert_eq!(depth, QueueDepth { waiting: 4, active: 2, delayed: 3 });
    fixture.pass(delay + delay / 10).await;
    // The three are due now; whether an adapter calls that waiting before somebody asks is its own affair.
    assert_eq!(queue.depth().await.unwrap().total(), 9);
    assert_eq!(receive(&queue, 7).await.len(), 7);
}

/// A job is found while it is in the queue, in every state.
pub async fn a_job_is_found_by_its_event(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let state =
        async |queue: &Arc<dyn EventQueue>| queue.job(event_id(1)).await.unwrap().map(|job| job.state);
    assert_eq!(state(&queue).await, None);
    queue.enqueue(jobs(1..2)).await.unwrap();
    let found = queue.job(event_id(1)).await.unwrap().unwrap();
    assert_eq!((found.event_id, found.state, found.attempts), (event_id(1), JobState::Waiting, 0));
    assert_eq!(found.payload, job(1).payload);
    let delivery = receive(&queue, 1).await.remove(0);
    assert_eq!(delivery.enqueued_at, found.enqueued_at);
    assert_eq!(state(&queue).await, Some(JobState::Active));
    let delay = fixture.claim_bound();
    queue.settle(vec![delivery.retry(delay)]).await.unwrap();
    let found = queue.job(event_id(1)).await.unwrap().unwrap();
    assert_eq!((found.state, found.attempts), (JobState::Delayed, 1));
    fixture.pass(delay + delay / 10).await;
    let delivery = receive(&queue, 1).await.remove(0);
    assert_eq!(state(&queue).await, Some(JobState::Active));
    queue.settle(vec![delivery.done()]).await.unwrap();
    assert_eq!(state(&queue).await, None);
}

/// An event id may be in the queue more than once, by a client's retry; asked for, the last is shown, and each is settled by itself.
pub async fn the_latest_job_of_an_event_is_found(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let mut twice = vec![job(1), job(1)];
    twice[1].payload = "the second".into();
    for job in twice {
        queue.enqueue(vec![job]).await.unwrap();
    }
    assert_eq!(queue.job(event_id(1)).await.unwrap().unwrap().payload, "the second");
    let mut held = receive(&queue, 2).await;
    queue.settle(vec![held.remove(0).done()]).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 1);
}

/// Recent jobs are listed from the last one back.
pub async fn recent_lists_the_last_enqueued_first(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    for number in 0..5 {
        queue.enqueue(vec![job(number)]).await.unwrap();
        // A queue of several shards tells the order as finely as its clock.
        fixture.pass(std::time::Duration::from_millis(2)).await;
    }
    let recent = queue.recent(3).await.unwrap();
    let numbers: Vec<_> = recent.iter().map(|job| job.event_id).collect();
    assert_eq!(numbers, [event_id(4), event_id(3), event_id(2)]);
    assert_eq!(queue.recent(100).await.unwrap().len(), 5);
}
