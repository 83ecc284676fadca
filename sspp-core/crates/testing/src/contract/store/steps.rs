//! Steps that the cases share.

use crate::builders::{SignalBuilder, at, signal};
use sspp_engine::{DeadLetters, NewSignal, Record, Recorded, Signal, SignalQuery, SignalStats, Signals};
use sspp_events::{Random, SeededRandom, SignalId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Records as an import does, so that the times are the test's own.
pub(super) async fn record_one(store: &Arc<impl Signals + ?Sized>, record: Record) -> Recorded {
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

pub(super) async fn fill(
    store: &Arc<impl Signals + ?Sized>,
    numbers: std::ops::Range<u64>,
    source: &SeededRandom,
) {
    let batch = numbers.map(|number| varied(number, source).record()).collect();
    store.import(batch).await.unwrap();
}

pub(super) async fn all(store: &Arc<impl Signals + ?Sized>, query: SignalQuery) -> Vec<Signal> {
    let page = store.signals(&SignalQuery { limit: 50_000, ..query }).await.unwrap();
    assert!(!page.more);
    page.items
}

/// What [`Signals::stats`] should say, counted from the rows; `None` where rows cannot tell.
pub(super) async fn recount(store: &Arc<impl Signals + DeadLetters + ?Sized>) -> SignalStats {
    let mut stats = SignalStats::default();
    let (mut accounts, mut users) = (BTreeSet::new(), BTreeSet::new());
    for Signal { recorded, .. } in all(store, SignalQuery::default()).await {
        let NewSignal { accepted, signal_type, score, .. } = recorded;
        stats.signals += 1;
        stats.score_units += score.units().get();
        *stats.by_signal_type.entry(signal_type).or_default() += 1;
        *stats.by_event_type.entry(accepted.event.event_type.clone()).or_default() += 1;
        accounts.insert(accepted.event.account_id.clone());
        users.insert(accepted.event.user_id.clone());
    }
    (stats.accounts, stats.users) = (accounts.len() as u64, users.len() as u64);
    stats.dead_letters = store.recent_dead_letters(50_000).await.unwrap().len() as u64;
    stats.sort();
    stats
}
