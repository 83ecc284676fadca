//! What is a fault of the schema, or of the store, and what is an event's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use chrono::TimeDelta;
use sspp_core::*;

use super::{Bench, event_id, is, refused};

fn fails_event_3(batch: &[Record]) -> Option<StoreError> {
    let bad = batch.iter().any(|record| is(record, 3) && matches!(record, Record::Signal { .. }));
    bad.then(|| StoreError::Other { reason: "unheard of".to_owned() })
}

#[tokio::test(start_paused = true)]
async fn an_event_that_fails_alone_gets_three_attempts() {
    let bench = Bench::new(fails_event_3);
    bench.enqueue_events(0..8).await;
    let running = bench.start();
    for attempt in 1..=2 {
        let delayed = QueueDepth { delayed: 1, ..QueueDepth::default() };
        bench.queue_is("the failed event waits for its next attempt", delayed).await;
        assert_eq!(bench.queue.job(event_id(3)).await.unwrap().unwrap().attempts, attempt);
        bench.clock.advance(TimeDelta::minutes(5));
        // Mates that prove the store works.
        bench.enqueue_events(u64::from(attempt) * 100..u64::from(attempt) * 100 + 8).await;
    }
    bench.queue_is_empty().await;
    let letter = bench.dead_letter(3).await.unwrap();
    assert_eq!((letter.reason, letter.attempts), (DeadLetterReason::AttemptsExhausted, 3));
    assert_eq!((bench.signals().await, bench.memory.stats().await.unwrap().dead_letters), (23, 1));
    bench.finish(running).await;
}

/// An event that is alone is held against an ordinary signal.
#[tokio::test(start_paused = true)]
async fn an_event_that_fails_alone_gets_three_attempts_too() {
    let bench = Bench::new(fails_event_3);
    bench.enqueue_events(3..4).await;
    let running = bench.start();
    for attempt in 1..=2 {
        let delayed = QueueDepth { delayed: 1, ..QueueDepth::default() };
        bench.queue_is("it waits for its next attempt", delayed).await;
        assert_eq!(bench.queue.job(event_id(3)).await.unwrap().unwrap().attempts, attempt);
        bench.clock.advance(TimeDelta::minutes(5));
    }
    bench.queue_is_empty().await;
    assert_eq!(bench.dead_letter(3).await.unwrap().reason, DeadLetterReason::AttemptsExhausted);
    bench.finish(running).await;
}

fn is_ordinary(record: &Record) -> bool {
    matches!(record, Record::Signal { signal, .. } if signal.accepted.event.account_id.as_str() == "sspp_probe")
}

/// The schema refuses every signal, for a reason of class data or an unclear one: all wait, none is dead-lettered,
/// in a batch or alone, after any other records.
#[tokio::test(start_paused = true)]
async fn a_schema_that_refuses_everything_dead_letters_nothing() {
    let unclear = || StoreError::Other { reason: "a trigger raised".to_owned() };
    for refusal in [refused as fn() -> StoreError, unclear] {
        for events in [1, 40] {
            let left = Arc::new(AtomicU32::new(0));
            let failing = Arc::clone(&left);
            let mut refuses = false;
            let bench = Bench::new(move |batch| {
                // An ordinary signal meets the schema that the suspect met.
                if !is_ordinary(&batch[0]) {
                    let signals = batch.iter().any(|record| matches!(record, Record::Signal { .. }));
                    refuses = signals && failing.load(Ordering::SeqCst) > 0;
                    failing.fetch_sub(u32::from(refuses), Ordering::SeqCst);
                }
                refuses.then(refusal)
            });
            let running = bench.start();
            bench.enqueue_events(1_000..1_010).await;
            bench.queue_is_empty().await;
            left.store(12, Ordering::SeqCst);
            bench.enqueue_events(0..events).await;
            bench.queue_is_empty().await;
            assert_eq!(left.load(Ordering::SeqCst), 0);
            let stats = bench.memory.stats().await.unwrap();
            assert_eq!((stats.signals, stats.dead_letters), (events + 10, 0));
            bench.finish(running).await;
        }
    }
}

/// A fault of the schema that comes and goes between two tries is no event's fault.
#[tokio::test(start_paused = true)]
async fn a_schema_that_is_repaired_while_it_is_looked_at_dead_letters_nothing() {
    let mut calls = 0;
    let bench = Bench::new(move |_| {
        calls += 1;
        (calls < 12 && calls % 2 == 1).then(refused)
    });
    bench.enqueue_events(0..1).await;
    let running = bench.start();
    bench.queue_is_empty().await;
    bench.enqueue_events(10..30).await;
    bench.queue_is_empty().await;
    assert_eq!((bench.signals().await, bench.memory.stats().await.unwrap().dead_letters), (21, 0));
    bench.finish(running).await;
}

/// A dead letter that the store does not take is no reason to lose its event, or to hold up others.
#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_refused_waits() {
    let letters_refused = Arc::new(AtomicBool::new(true));
    let refusing = Arc::clone(&letters_refused);
    let bench = Bench::new(move |batch| {
        let letter = batch.iter().any(|record| matches!(record, Record::DeadLetter(_)));
        let bad = batch.iter().any(|record| is(record, 3) && matches!(record, Record::Signal { .. }));
        (bad || letter && refusing.load(Ordering::SeqCst)).then(refused)
    });
    bench.enqueue_events(0..8).await;
    let running = bench.start();
    bench.queue_is("one waits", QueueDepth { delayed: 1, ..QueueDepth::default() }).await;
    assert_eq!((bench.signals().await, bench.memory.stats().await.unwrap().dead_letters), (7, 0));
    letters_refused.store(false, Ordering::SeqCst);
    bench.clock.advance(TimeDelta::minutes(2));
    bench.queue_is_empty().await;
    assert_eq!(bench.dead_letter(3).await.unwrap().reason, DeadLetterReason::Rejected);
    bench.finish(running).await;
}

/// The store was restored from a backup that is older than the model: it is kept again before anything is recorded.
#[tokio::test(start_paused = true)]
async fn a_model_that_the_store_lost_is_kept_again() {
    let digest = ScoringModel::embedded_default().digest();
    let lost = Arc::new(AtomicBool::new(false));
    let losing = Arc::clone(&lost);
    let bench = Bench::new(move |_| {
        losing.swap(false, Ordering::SeqCst).then_some(StoreError::MissingModel { digest })
    });
    let running = bench.start();
    bench.enqueue_events(0..5).await;
    bench.queue_is_empty().await;
    lost.store(true, Ordering::SeqCst);
    let before = bench.store.models_kept();
    bench.enqueue_events(5..10).await;
    bench.queue_is_empty().await;
    assert_eq!(bench.store.models_kept(), before + 1);
    assert_eq!(bench.signals().await, 10);
    bench.finish(running).await;
}
