//! The contract of [`EventQueue`], case by case.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these functions are tests: they fail by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::QueueFixture;
use crate::testing::builders::{event_id, job};
use crate::{
    Admission, Delivery, EventId, EventQueue, FailureClass, JobState, NewJob, QueueDepth, QueueError,
    Receipt, Verdict,
};

/// How long to wait for what must come. Nothing waits this long unless the test is about to fail.
const SURELY: Duration = Duration::from_secs(10);
/// How long to wait for what must not come.
const BRIEFLY: Duration = Duration::from_millis(50);

fn jobs(numbers: std::ops::Range<u64>) -> Vec<NewJob> {
    numbers.map(job).collect()
}

fn ids(deliveries: &[Delivery]) -> BTreeSet<EventId> {
    deliveries.iter().map(|delivery| delivery.event_id).collect()
}

/// Receives until this many came.
async fn receive(queue: &Arc<dyn EventQueue>, count: usize) -> Vec<Delivery> {
    let mut all = Vec::new();
    while all.len() < count {
        let came = queue.receive(count - all.len(), SURELY).await.unwrap();
        assert!(!came.is_empty(), "{} of {count} jobs came", all.len());
        all.extend(came);
    }
    all
}

async fn nothing_comes(queue: &Arc<dyn EventQueue>) {
    assert_eq!(queue.receive(10, BRIEFLY).await.unwrap(), []);
}

async fn one(fixture: &dyn QueueFixture) -> (Arc<dyn EventQueue>, Delivery) {
    let queue = fixture.queue();
    queue.enqueue(jobs(1..2)).await.unwrap();
    let delivery = receive(&queue, 1).await.remove(0);
    (queue, delivery)
}

async fn pass_claim(fixture: &mut dyn QueueFixture) {
    let bound = fixture.claim_bound();
    fixture.pass(bound + bound / 10).await;
}

/// Ids, payload bytes and instants come out as they went in, unsuspected and with no attempt spent.
pub async fn delivers_what_was_enqueued(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let mut sent = jobs(0..3);
    sent[0].payload = bytes::Bytes::new();
    sent[1].payload = (0..=255).collect();
    sent[2].payload = vec![0xff; 256 * 1024].into();
    assert_eq!(queue.enqueue(sent.clone()).await.unwrap(), [Admission::Queued; 3]);
    let mut came = receive(&queue, 3).await;
    came.sort_by_key(|delivery| delivery.event_id);
    for (sent, came) in sent.iter().zip(&came) {
        assert_eq!(
            (came.event_id, &came.payload, came.enqueued_at),
            (sent.event_id, &sent.payload, sent.enqueued_at)
        );
        assert_eq!((came.attempts, came.suspect), (0, false));
    }
}

/// While a job is in hand nobody else gets it.
pub async fn delivers_each_job_to_one_receiver(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(0..200)).await.unwrap();
    let receivers: Vec<_> = (0..8)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                let mut mine = Vec::new();
                loop {
                    let came = queue.receive(7, BRIEFLY).await.unwrap();
                    if came.is_empty() {
                        return mine;
                    }
                    mine.extend(came);
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for receiver in receivers {
        all.extend(receiver.await.unwrap());
    }
    assert_eq!(all.len(), 200);
    assert_eq!(ids(&all).len(), 200);
}

/// `max` is an upper bound.
pub async fn receive_takes_no_more_than_asked_for(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    queue.enqueue(jobs(0..5)).await.unwrap();
    assert!((1..=3).contains(&queue.receive(3, SURELY).await.unwrap().len()));
    assert_eq!(queue.receive(0, SURELY).await.unwrap(), []);
}

/// A receiver that waits gets a job that comes while it waits.
pub async fn receive_wakes_when_a_job_arrives(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let waiting = tokio::spawn({
        let queue = Arc::clone(&queue);
        async move { queue.receive(1, SURELY).await.unwrap() }
    });
    tokio::task::yield_now().await;
    queue.enqueue(jobs(1..2)).await.unwrap();
    assert_eq!(waiting.await.unwrap()[0].event_id, event_id(1));
}

/// A receiver waits, but not for ever.
pub async fn receive_gives_up_after_its_wait(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let waited = tokio::time::timeout(SURELY, queue.receive(1, BRIEFLY)).await;
    assert_eq!(waited.expect("receive outlasts its wait").unwrap(), []);
    assert_eq!(queue.receive(1, Duration::ZERO).await.unwrap(), []);
}

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

/// After the claim bound, and not before, an unsettled job goes to whoever reclaims, and to nobody by receive.
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
    for verdict in [Verdict::GiveBack, Verdict::Retry { delay: Duration::ZERO }, Verdict::Done] {
        let settlement = crate::Settlement { receipt: receipt.clone(), verdict };
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
    assert_eq!((found.payload, found.enqueued_at), (job(1).payload, job(1).enqueued_at));
    let delivery = receive(&queue, 1).await.remove(0);
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
    }
    let recent = queue.recent(3).await.unwrap();
    let numbers: Vec<_> = recent.iter().map(|job| job.event_id).collect();
    assert_eq!(numbers, [event_id(4), event_id(3), event_id(2)]);
    assert_eq!(queue.recent(100).await.unwrap().len(), 5);
}

/// At its limit a queue takes no more and says when to ask again; it takes more when something has left it.
pub async fn a_full_queue_refuses(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let limit = fixture.max_backlog();
    queue.enqueue(jobs(0..limit)).await.unwrap();
    let before = queue.depth().await.unwrap().total();
    match queue.enqueue(jobs(limit..limit + 3)).await {
        Ok(admissions) => {
            assert!(admissions.iter().all(|answer| matches!(answer, Admission::Refused { .. })))
        }
        Err(error) => {
            assert!(matches!(error, QueueError::Full { .. }), "{error}");
            assert_eq!(error.class(), FailureClass::Infrastructure);
            assert!(error.retry_after() > Duration::ZERO);
        }
    }
    assert_eq!(queue.depth().await.unwrap().total(), before, "what was refused is not in the queue");
    let held = receive(&queue, 100).await;
    let retried: Vec<_> = held.iter().map(|delivery| delivery.event_id).collect();
    queue.settle(held.into_iter().map(Delivery::done).collect()).await.unwrap();
    // The same accounts again, so that the room is in the right shards.
    let numbers = (0..limit).filter(|number| retried.contains(&event_id(*number)));
    let admissions = queue.enqueue(numbers.map(job).collect()).await.unwrap();
    assert_eq!(admissions, vec![Admission::Queued; 100]);
}

/// Whoever stops waiting takes nothing with them.
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

/// Nothing to do is no error, and a receipt that no adapter wrote is a stale one.
pub async fn an_empty_call_does_nothing(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    assert_eq!(queue.enqueue(Vec::new()).await.unwrap(), []);
    queue.settle(Vec::new()).await.unwrap();
    queue.keep(Vec::new()).await.unwrap();
    assert_eq!(queue.reclaim(0).await.unwrap(), []);
    assert_eq!(queue.recent(0).await.unwrap(), []);
    queue.ping().await.unwrap();
    let unknown = Receipt::new("of another adapter");
    queue.keep(vec![unknown.clone()]).await.unwrap();
    queue.end_run(&unknown).await.unwrap();
    queue.settle(vec![crate::Settlement { receipt: unknown, verdict: Verdict::Done }]).await.unwrap();
}

/// After a crash everything is there: what was in hand as suspects, what waited and what was delayed as it was.
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
    let settlements = stale.map(|receipt| crate::Settlement { receipt, verdict: Verdict::Done }).collect();
    queue.settle(settlements).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 5, "receipts of before the crash are stale");
    queue.settle(suspects.into_iter().map(Delivery::done).collect()).await.unwrap();
    fixture.pass(delay).await;
    let delayed = receive(&queue, 2).await;
    assert!(delayed.iter().all(|delivery| delivery.attempts == 1 && !delivery.suspect));
    queue.settle(delayed.into_iter().map(Delivery::done).collect()).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

/// A run that nobody survived stays counted: that is what it is counted for.
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

/// 64 producers and 4 consumers at once: every acknowledged job is delivered, and settled once.
pub async fn many_producers_and_consumers_lose_nothing(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let settled = Arc::new(std::sync::Mutex::new(Vec::new()));
    let consumers: Vec<_> = (0..4)
        .map(|_| {
            let (queue, settled) = (Arc::clone(&queue), Arc::clone(&settled));
            tokio::spawn(async move {
                while settled.lock().unwrap().len() < 64 * 20 {
                    let came = queue.receive(50, BRIEFLY).await.unwrap();
                    let mine: Vec<_> = came.iter().map(|delivery| delivery.event_id).collect();
                    queue.settle(came.into_iter().map(Delivery::done).collect()).await.unwrap();
                    settled.lock().unwrap().extend(mine);
                }
            })
        })
        .collect();
    let producers: Vec<_> = (0..64)
        .map(|producer| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                for number in 0..20 {
                    queue.enqueue(vec![job(producer * 20 + number)]).await.unwrap();
                }
            })
        })
        .collect();
    for task in producers.into_iter().chain(consumers) {
        tokio::time::timeout(SURELY * 3, task).await.expect("every job is settled").unwrap();
    }
    let settled = settled.lock().unwrap().clone();
    assert_eq!((settled.len(), settled.iter().collect::<BTreeSet<_>>().len()), (1_280, 1_280));
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}
