//! What becomes of a delivery by its settlement.

use super::steps::{jobs, nothing_comes, one, pass_claim, receive};
use crate::builders::{event_id, job};
use crate::contract::QueueFixture;
use sspp_engine::{JobState, QueueDepth};
use std::time::Duration;

/// A job that is done is gone.
pub async fn done_removes_the_job(fixture: &mut dyn QueueFixture) {
    let (queue, delivery) = one(fixture).await;
    queue.settle(vec![delivery.done()]).await.unwrap();
    pass_claim(fixture).await;
    nothing_comes(&queue).await;
    assert_eq!(queue.reclaim(10).await.unwrap(), []);
    assert_eq!(queue.depth().await.unwrap(), QueueDepth::default());
}

/// Retry counts an attempt and keeps its delay.
pub async fn retry_comes_again_later_with_an_attempt_spent(fixture: &mut dyn QueueFixture) {
    let (queue, delivery) = one(fixture).await;
    let delay = fixture.claim_bound();
    queue.settle(vec![delivery.retry(delay)]).await.unwrap();
    nothing_comes(&queue).await;
    fixture.pass(delay + delay / 10).await;
    let again = receive(&queue, 1).await.remove(0);
    assert_eq!((again.attempts, again.suspect), (1, false));
    assert_eq!((again.event_id, again.payload.clone()), (event_id(1), job(1).payload));
    queue.settle(vec![again.retry(Duration::ZERO)]).await.unwrap();
    assert_eq!(receive(&queue, 1).await[0].attempts, 2);
}

/// Postpone keeps its delay and counts nothing.
pub async fn postpone_comes_again_later_with_no_attempt_spent(fixture: &mut dyn QueueFixture) {
    let (queue, delivery) = one(fixture).await;
    let delay = fixture.claim_bound();
    queue.settle(vec![delivery.postpone(delay)]).await.unwrap();
    nothing_comes(&queue).await;
    fixture.pass(delay + delay / 10).await;
    let again = receive(&queue, 1).await.remove(0);
    assert_eq!((again.attempts, again.suspect), (0, false));
}

/// A delay of nothing is none.
pub async fn no_delay_comes_again_at_once(fixture: &mut dyn QueueFixture) {
    let (queue, delivery) = one(fixture).await;
    queue.settle(vec![delivery.postpone(Duration::ZERO)]).await.unwrap();
    assert_eq!(receive(&queue, 1).await.len(), 1);
}

/// What is given back is as if it had not been delivered.
pub async fn give_back_comes_again_at_once_unsuspected(fixture: &mut dyn QueueFixture) {
    let (queue, delivery) = one(fixture).await;
    let first = delivery.receipt.clone();
    queue.settle(vec![delivery.give_back()]).await.unwrap();
    assert_eq!(queue.job(event_id(1)).await.unwrap().unwrap().state, JobState::Waiting);
    pass_claim(fixture).await;
    assert_eq!(queue.reclaim(10).await.unwrap(), []);
    let again = receive(&queue, 1).await.remove(0);
    assert_eq!((again.attempts, again.suspect), (0, false));
    assert_ne!(again.receipt, first, "a delivery has a receipt of its own");
}

/// A settlement may be sent again after its answer was lost.
pub async fn settling_twice_is_safe(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(0..2)).await.unwrap();
    let mut held = receive(&queue, 2).await;
    let settlements = vec![held.remove(0).done(), held.remove(0).retry(fixture.claim_bound())];
    queue.settle(settlements.clone()).await.unwrap();
    queue.settle(settlements).await.unwrap();
    let depth = queue.depth().await.unwrap();
    assert_eq!(depth, QueueDepth { waiting: 0, active: 0, delayed: 1 });
    let left = queue.recent(10).await.unwrap();
    assert_eq!((left.len(), left[0].attempts), (1, 1), "one attempt is spent once");
}
