//! Claims: which receiver holds a job, for how long, and what remains when it dies.

use super::steps::{BRIEFLY, SURELY, ids, jobs, nothing_comes, one, pass_claim, receive};
use crate::builders::job;
use crate::contract::QueueFixture;
use sspp_engine::{Delivery, Settlement};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// After the claim bound, and not before, an unsettled job goes to a caller of `reclaim`, and never to `receive`.
pub async fn unsettled_jobs_are_reclaimed_as_suspects(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(0..5)).await.unwrap();
    receive(&queue, 5).await;
    assert_eq!(queue.reclaim(10).await.unwrap(), [], "the bound is not over");
    pass_claim(fixture).await;
    nothing_comes(&queue).await;
    let mut taken = queue.reclaim(2).await.unwrap();
    assert!((1..=2).contains(&taken.len()));
    while taken.len() < 5 {
        let more = queue.reclaim(10).await.unwrap();
        assert!(!more.is_empty(), "{} of 5 jobs were reclaimed", taken.len());
        taken.extend(more);
    }
    assert_eq!(ids(&taken).len(), 5);
    assert!(taken.iter().all(|delivery| delivery.suspect && delivery.attempts == 0));
    assert_eq!(queue.reclaim(10).await.unwrap(), [], "they are in new hands");
    queue.settle(taken.into_iter().map(Delivery::done).collect()).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

/// Keeping renews the claim, of those that are kept.
pub async fn kept_jobs_are_not_reclaimed(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(0..2)).await.unwrap();
    let held = receive(&queue, 2).await;
    for _ in 0..3 {
        let step = fixture.claim_bound() * 6 / 10;
        fixture.pass(step).await;
        queue.keep(vec![held[0].receipt.clone()]).await.unwrap();
    }
    let taken = queue.reclaim(10).await.unwrap();
    assert_eq!(ids(&taken), BTreeSet::from([held[1].event_id]));
}

/// The receipt of a job that was reclaimed does nothing, and is no error.
pub async fn stale_receipts_do_nothing(fixture: &mut dyn QueueFixture) {
    let (queue, slow) = one(fixture).await;
    pass_claim(fixture).await;
    let holder = queue.reclaim(1).await.unwrap().remove(0);
    assert_ne!(slow.receipt, holder.receipt);
    let receipt = slow.receipt.clone();
    for settlement in [Settlement::GiveBack, Settlement::Retry { delay: Duration::ZERO }, Settlement::Done] {
        let settlement = sspp_engine::Settled { receipt: receipt.clone(), settlement };
        queue.settle(vec![settlement]).await.unwrap();
        nothing_comes(&queue).await;
    }
    queue.begin_run(&receipt).await.unwrap();
    assert_eq!(queue.begin_run(&holder.receipt).await.unwrap(), 1, "a stale run is not counted");
    queue.end_run(&receipt).await.unwrap();
    assert_eq!(queue.begin_run(&holder.receipt).await.unwrap(), 2, "a stale end forgets nothing");
    fixture.pass(fixture.claim_bound() * 6 / 10).await;
    queue.keep(vec![receipt]).await.unwrap();
    fixture.pass(fixture.claim_bound() * 6 / 10).await;
    let again = queue.reclaim(1).await.unwrap();
    assert_eq!(again.len(), 1, "a stale keep renews nothing");
    queue.settle(vec![holder.done()]).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 1);
}

/// Runs add up over deliveries until one ends.
pub async fn runs_are_counted_until_they_end(fixture: &mut dyn QueueFixture) {
    let (queue, first) = one(fixture).await;
    assert_eq!(queue.begin_run(&first.receipt).await.unwrap(), 1);
    pass_claim(fixture).await;
    let second = queue.reclaim(1).await.unwrap().remove(0);
    assert_eq!(queue.begin_run(&second.receipt).await.unwrap(), 2);
    queue.end_run(&second.receipt).await.unwrap();
    assert_eq!(queue.begin_run(&second.receipt).await.unwrap(), 1);
}

/// A caller that stops waiting takes no job with it.
pub async fn a_dropped_receive_loses_nothing(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    for number in 0..20 {
        let waiting = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.receive(1, SURELY).await.unwrap() }
        });
        queue.enqueue(vec![job(number)]).await.unwrap();
        waiting.abort();
        if let Ok(came) = waiting.await {
            queue.settle(came.into_iter().map(Delivery::give_back).collect()).await.unwrap();
        }
    }
    let mut found = BTreeSet::new();
    for _ in 0..3 {
        pass_claim(fixture).await;
        let mut came = queue.receive(20, BRIEFLY).await.unwrap();
        came.extend(queue.reclaim(20).await.unwrap());
        found.extend(ids(&came));
        queue.settle(came.into_iter().map(Delivery::done).collect()).await.unwrap();
    }
    assert_eq!(found.len(), 20);
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

/// After a crash everything is there: what was in progress as suspects, what waited and what was delayed as it was.
pub async fn a_crash_loses_nothing(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(0..10)).await.unwrap();
    let mut held = receive(&queue, 8).await;
    let delay = fixture.claim_bound() * 3;
    let mut settlements: Vec<_> = held.drain(..2).map(Delivery::done).collect();
    settlements.extend(held.drain(..2).map(|delivery| delivery.retry(delay)));
    settlements.extend(held.drain(..1).map(Delivery::give_back));
    queue.settle(settlements).await.unwrap();
    drop(queue);
    if !fixture.crash().await {
        return;
    }
    let queue = fixture.queue();
    assert_eq!(queue.depth().await.unwrap().total(), 8);
    let came = receive(&queue, 3).await;
    assert!(came.iter().all(|delivery| !delivery.suspect), "what waited is not suspect");
    nothing_comes(&queue).await;
    queue.settle(came.into_iter().map(Delivery::done).collect()).await.unwrap();
    pass_claim(fixture).await;
    let mut suspects = Vec::new();
    while suspects.len() < 3 {
        let taken = queue.reclaim(10).await.unwrap();
        assert!(!taken.is_empty(), "{} of 3 suspects came", suspects.len());
        suspects.extend(taken);
    }
    assert!(suspects.iter().all(|delivery| delivery.suspect));
    assert_eq!(ids(&suspects), ids(&held), "those that were in hand");
    let stale = held.iter().map(|delivery| delivery.receipt.clone());
    let settlements =
        stale.map(|receipt| sspp_engine::Settled { receipt, settlement: Settlement::Done }).collect();
    queue.settle(settlements).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 5, "receipts of before the crash are stale");
    queue.settle(suspects.into_iter().map(Delivery::done).collect()).await.unwrap();
    fixture.pass(delay).await;
    let delayed = receive(&queue, 2).await;
    assert!(delayed.iter().all(|delivery| delivery.attempts == 1 && !delivery.suspect));
    queue.settle(delayed.into_iter().map(Delivery::done).collect()).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

/// A run in which the process died stays counted, so that the event is found.
pub async fn runs_survive_a_crash(fixture: &mut dyn QueueFixture) {
    let (queue, first) = one(fixture).await;
    queue.begin_run(&first.receipt).await.unwrap();
    drop(queue);
    for deaths in 1..=2 {
        if !fixture.crash().await {
            return;
        }
        pass_claim(fixture).await;
        let queue = fixture.queue();
        let suspect = queue.reclaim(1).await.unwrap().remove(0);
        assert!(suspect.suspect);
        assert_eq!(queue.begin_run(&suspect.receipt).await.unwrap(), deaths + 1);
    }
}
