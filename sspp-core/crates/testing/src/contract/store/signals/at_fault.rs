//! Whether a refused signal is at fault, or the store is.

use super::super::steps::{all, record_one, signal_id};
use crate::builders::{at, dead_letter, signal};
use crate::contract::StoreFixture;
use sspp_engine::{DeadLetters as _, NewSignal, Record, SignalQuery, Signals as _, StoreError};
use std::sync::Arc;

fn parts(record: Record) -> (NewSignal, bytes::Bytes) {
    match record {
        Record::Signal { signal, payload } => (signal, payload),
        Record::DeadLetter(letter) => panic!("{letter:?} is no signal"),
    }
}

/// A score that is too high is the signal's own fault, also on an empty store and under concurrent questions. A signal
/// that is taken is not at fault. No row of the attempt stays.
pub async fn a_refused_signal_is_at_fault_only_where_an_ordinary_one_is_taken(
    fixture: &mut impl StoreFixture,
) {
    let store = fixture.store();
    let (bad, payload) = parts(signal(9).score(10_000_100).processed_at(at(900)).record());
    assert!(store.is_at_fault(&bad, &payload).await.unwrap(), "beside a signal that is made up");
    let first = signal_id(record_one(&store, signal(1).record()).await);
    record_one(&store, Record::DeadLetter(dead_letter(2))).await;
    let before = (all(&store, SignalQuery::default()).await, store.stats().await.unwrap());

    let (good, _) = parts(signal(2).processed_at(at(900)).record());
    let (known, _) = parts(signal(1).record());
    let (other, _) = parts(signal(1).user("user_2").record());
    let asked = [(bad, true), (good, false), (known, false), (other, false)];
    let tasks: Vec<_> = (0..24)
        .map(|number| {
            let (store, payload) = (Arc::clone(&store), payload.clone());
            let (signal, at_fault) = asked[number % asked.len()].clone();
            tokio::spawn(async move {
                assert_eq!(store.is_at_fault(&signal, &payload).await.unwrap(), at_fault, "{signal:?}");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((all(&store, SignalQuery::default()).await, store.stats().await.unwrap()), before);
    assert_eq!(store.dead_letter(dead_letter(2).id).await.unwrap(), Some(dead_letter(2)));
    let next = signal_id(record_one(&store, signal(3).record()).await);
    assert!(next > first);
    let next = store.signal(next).await.unwrap().unwrap();
    assert_eq!(next.recorded.processed_at, at(3), "what was tried raises nothing");

    let (mut orphan, _) = parts(signal(4).record());
    orphan.model = crate::builders::model(7).digest;
    let outcome = store.is_at_fault(&orphan, &payload).await;
    assert!(!matches!(outcome, Ok(true)), "a model that is missing is no signal's fault: {outcome:?}");
    if let Err(error) = outcome {
        assert!(matches!(error, StoreError::MissingModel { .. }), "{error}");
    }
}
