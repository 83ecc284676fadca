//! Batches as a whole: refused, concurrent, and counted.

use super::super::steps::{all, fill, random, record_one, recount, signal_id, varied};
use crate::builders::{dead_letter, model, signal};
use crate::contract::StoreFixture;
use sspp_engine::{
    DeadLetters as _, FailureClass, Models as _, Record, Recorded, SignalQuery, SignalStats, Signals as _,
    StoreError,
};
use sspp_events::SeededRandom;
use std::sync::Arc;

fn refused(number: u64) -> Record {
    signal(number).score(10_000_100).record()
}

/// One bad record undoes its batch, whole; halves find it.
pub async fn refused_data_records_nothing(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let batch = || {
        let mut batch: Vec<_> = (0..500).map(|number| signal(number).record()).collect();
        batch[321] = refused(321);
        batch.push(Record::DeadLetter(dead_letter(600)));
        batch
    };
    let error = store.record(batch()).await.unwrap_err();
    assert!(matches!(error, StoreError::Data { .. }), "{error}");
    assert_eq!(error.class(), FailureClass::Data);
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
    let mut suspects = batch();
    while suspects.len() > 1 {
        let half = suspects.split_off(suspects.len() / 2);
        if store.record(suspects.clone()).await.is_ok() {
            suspects = half;
        } else {
            store.record(half).await.unwrap();
        }
    }
    assert_eq!(suspects, [refused(321)]);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters, stats.score_units), (499, 1, 499 * 5_000));
}

/// What a refused batch would have removed is still there, and is removed when the event is recorded after all.
pub async fn a_refused_batch_keeps_the_dead_letters(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    record_one(&store, Record::DeadLetter(dead_letter(1))).await;
    store.record(vec![signal(1).record(), refused(2)]).await.unwrap_err();
    assert_eq!(store.dead_letter(dead_letter(1).id).await.unwrap(), Some(dead_letter(1)));
    record_one(&store, signal(1).record()).await;
    assert_eq!(store.dead_letter(dead_letter(1).id).await.unwrap(), None);
}

/// A batch that is refused takes no other with it, though they come at the same time.
pub async fn refused_data_harms_no_other_batch(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let bad = number % 4 == 0;
                let last = if bad { refused(number * 10 + 2) } else { signal(number * 10 + 2).record() };
                let batch = vec![signal(number * 10).record(), signal(number * 10 + 1).record(), last];
                let recorded = store.record(batch).await;
                assert_eq!(recorded.is_err(), bad, "batch {number}: {recorded:?}");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.score_units), (90, 90 * 5_000));
}

/// Eight pipelines that record the same events in different orders make one signal of each.
pub async fn concurrent_batches_count_each_event_once(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let tasks: Vec<_> = (0..8_u64)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut new = 0;
                for round in 0..10 {
                    let mut numbers: Vec<u64> = (round * 20..round * 20 + 20).collect();
                    numbers.rotate_left(usize::try_from(task * 2).unwrap());
                    let batch = numbers.iter().map(|number| signal(*number).record()).collect();
                    let answers = store.record(batch).await.unwrap();
                    new += answers.iter().filter(|answer| matches!(answer, Recorded::Signal(_))).count();
                }
                new
            })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += task.await.unwrap();
    }
    assert_eq!(new, 200);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.accounts, stats.users, stats.dead_letters), (200, 1, 1, 0));
    assert_eq!(all(&store, SignalQuery::default()).await.len(), 200);
}

/// After any mixture of new, known, conflicting, dead and refused events the figures are those of the rows.
pub async fn stats_equal_a_recount(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let source = SeededRandom::new(42);
    for _ in 0..60 {
        let batch: Vec<_> = (0..random(&source, 30))
            .map(|_| {
                let number = random(&source, 300);
                match random(&source, 40) {
                    0..4 => Record::DeadLetter(dead_letter(number)),
                    4 if random(&source, 4) == 0 => refused(number),
                    // Mostly the same content for the same number.
                    5..8 => varied(number, &source).record(),
                    _ => varied(number, &SeededRandom::new(number)).record(),
                }
            })
            .collect();
        // Refused batches are part of the mixture.
        let _ = store.record(batch).await;
        let stats = store.stats().await.unwrap();
        let expected = recount(&store).await;
        assert_eq!(stats, expected);
        let order = |stats: &SignalStats| stats.by_event_type.keys().cloned().collect::<Vec<_>>();
        assert_eq!(order(&stats), order(&expected), "the most frequent first");
    }
    let stats = store.stats().await.unwrap();
    assert!(stats.signals > 200 && stats.dead_letters > 10, "the mixture is one: {stats:?}");
}

/// What was recorded is there after a crash, and ids continue growing.
pub async fn a_crash_loses_nothing(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    fill(&store, 0..100, &SeededRandom::new(5)).await;
    record_one(&store, Record::DeadLetter(dead_letter(500))).await;
    store.put_model(&model(1)).await.unwrap();
    let before = (all(&store, SignalQuery::default()).await, store.stats().await.unwrap());
    drop(store);
    if !fixture.crash().await {
        return;
    }
    let store = fixture.store();
    assert_eq!((all(&store, SignalQuery::default()).await, store.stats().await.unwrap()), before);
    assert_eq!(store.model(model(1).digest).await.unwrap(), Some(model(1)));
    let highest = before.0[0].id;
    let again = varied(7, &SeededRandom::new(9)).record();
    assert!(matches!(record_one(&store, again).await, Recorded::Conflict(_) | Recorded::Duplicate(_)));
    assert!(signal_id(record_one(&store, signal(600).record()).await) > highest);
    record_one(&store, signal(500).record()).await;
    assert_eq!(
        store.dead_letter(dead_letter(500).id).await.unwrap(),
        None,
        "letters are known after a crash"
    );
}
