//! Steps that the cases share.

use crate::builders::{SignalBuilder, at, signal};
use sspp_engine::{Record, Recorded, Signal, SignalQuery, Store};
use sspp_events::{Random, SeededRandom, SignalId};
use std::sync::Arc;

/// Records as an import does, so that the times are the test's own.
pub(super) async fn record_one(store: &Arc<dyn Store>, record: Record) -> Recorded {
    let mut answers = store.import(vec![record]).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

pub(super) fn signal_id(recorded: Recorded) -> SignalId {
    match recorded {
        Recorded::Signal(id) => id,
        other => panic!("{other:?} is not a new signal"),
    }
}

pub(super) fn random(source: &SeededRandom, below: u64) -> u64 {
    source.next_u64() % below
}

/// A signal whose columns vary, with few different values in each.
pub(super) fn varied(number: u64, source: &SeededRandom) -> SignalBuilder {
    let types = ["email_sent", "email_opened", "call_made", "webinar"];
    let kinds = ["outreach", "engagement", "intent"];
    let pick = |from: &[&'static str]| from[usize::try_from(random(source, from.len() as u64)).unwrap()];
    signal(number)
        .account(&format!("acc_{}", random(source, 5)))
        .user(&format!("user_{}", random(source, 8)))
        .event_type(pick(&types))
        .signal_type(pick(&kinds))
        .score(i64::try_from(random(source, 12) * 1_000).unwrap())
        .timestamp(at(i64::try_from(random(source, 40)).unwrap()))
}

pub(super) async fn fill(store: &Arc<dyn Store>, numbers: std::ops::Range<u64>, source: &SeededRandom) {
    let batch = numbers.map(|number| varied(number, source).record()).collect();
    store.import(batch).await.unwrap();
}

pub(super) async fn all(store: &Arc<dyn Store>, query: SignalQuery) -> Vec<Signal> {
    let page = store.signals(&SignalQuery { limit: 50_000, ..query }).await.unwrap();
    assert!(!page.more);
    page.items
}
