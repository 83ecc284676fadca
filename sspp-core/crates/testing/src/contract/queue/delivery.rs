//! Enqueueing and receiving: every job reaches one receiver.

use super::steps::{BRIEFLY, SURELY, ids, jobs, receive};
use crate::builders::{event_id, job};
use crate::contract::QueueFixture;
use sspp_engine::{Admission, Delivery, FailureClass, QueueError, Receipt, Settlement};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

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
        assert_eq!((came.event_id, &came.payload), (sent.event_id, &sent.payload));
        assert_eq!((came.attempts, came.postponed, came.suspect), (0, 0, false));
    }
}

/// While a receiver holds a job, no other receiver gets it.
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

/// Large payloads come in several calls, and all of them come: new ones, those that come again, and reclaimed ones.
pub async fn a_call_takes_only_so_many_bytes(fixture: &mut dyn QueueFixture) {
    const PAYLOAD: usize = 250 * 1024;
    let within = |came: &[Delivery]| {
        let bytes: usize = came.iter().map(|delivery| delivery.payload.len()).sum();
        assert!(
            !came.is_empty() && bytes <= sspp_engine::adapter::CALL_BYTES + PAYLOAD,
            "{} came",
            came.len()
        );
    };
    let queue = fixture.queue();
    let mut sent = jobs(0..100);
    for job in &mut sent {
        job.payload = vec![b'x'; PAYLOAD].into();
    }
    queue.enqueue(sent).await.unwrap();
    let came = queue.receive(100, SURELY).await.unwrap();
    within(&came);
    queue.settle(came.into_iter().map(Delivery::give_back).collect()).await.unwrap();
    let mut all = Vec::new();
    while all.len() < 100 {
        let came = queue.receive(100, SURELY).await.unwrap();
        within(&came);
        all.extend(came);
    }
    assert_eq!(ids(&all).len(), 100);
    super::steps::pass_claim(fixture).await;
    let mut all = Vec::new();
    while all.len() < 100 {
        let came = queue.reclaim(100).await.unwrap();
        within(&came);
        all.extend(came);
    }
    assert_eq!(ids(&all).len(), 100);
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

/// At its limit a queue takes no more and says when to ask again; it takes more when something has left it.
pub async fn a_full_queue_refuses(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    let limit = fixture.max_backlog();
    let enqueued = queue.enqueue(jobs(0..limit)).await.map(drop);
    let (held, pinged) = (queue.depth().await.unwrap().total(), queue.ping().await);
    assert!(
        enqueued.is_ok() && matches!(pinged, Err(QueueError::Full { .. })),
        "the fixture's max_backlog is {limit}; the queue holds {held} of so many jobs: they were answered with {enqueued:?}, and a \
         ping, which has to say that it is full, with {pinged:?}"
    );
    queue.can_settle().await.unwrap();
    let before = queue.depth().await.unwrap().total();
    match queue.enqueue(jobs(limit..limit + 3)).await {
        Ok(admissions) => {
            assert!(admissions.iter().all(|answer| matches!(answer, Admission::Refused { .. })));
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

/// Nothing to do is no error, and a receipt that no adapter wrote is a stale one.
pub async fn an_empty_call_does_nothing(fixture: &mut dyn QueueFixture) {
    let queue = fixture.queue();
    assert_eq!(queue.enqueue(Vec::new()).await.unwrap(), []);
    queue.settle(Vec::new()).await.unwrap();
    queue.keep(Vec::new()).await.unwrap();
    assert_eq!(queue.reclaim(0).await.unwrap(), []);
    assert_eq!(queue.recent(0).await.unwrap(), []);
    queue.ping().await.unwrap();
    queue.can_settle().await.unwrap();
    let unknown = Receipt::new("of another adapter");
    queue.keep(vec![unknown.clone()]).await.unwrap();
    queue.end_run(&unknown).await.unwrap();
    queue
        .settle(vec![sspp_engine::Settled { receipt: unknown, settlement: Settlement::Done }])
        .await
        .unwrap();
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
