//! Removing what is too old, and the figures after it.

use super::super::steps::{all, fill, random, record_one, recount, signal_id, varied};
use crate::builders::{at, dead_letter, event_id, signal};
use crate::contract::StoreFixture;
use sspp_engine::{
    DeadLetters as _, Housekeeping as _, NewDeadLetter, Record, Recorded, SignalFilter, SignalQuery,
    SignalStats, Signals as _, Store, StoreError, StoreStatus as _, Total,
};
use sspp_events::{AccountId, SeededRandom, Timestamp};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn seconds(number: u64) -> Timestamp {
    at(i64::try_from(number).unwrap())
}

/// Signals go from before the instant, the oldest first, and no more than asked for.
pub async fn old_signals_expire_oldest_first(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    fill(&store, 0..50, &SeededRandom::new(6)).await;
    let left = async || -> Vec<i64> {
        let mut left: Vec<_> = all(&store, SignalQuery::default()).await;
        left.reverse();
        left.iter()
            .map(|signal| (signal.recorded.processed_at.micros() - at(0).micros()) / 1_000_000)
            .collect()
    };
    assert_eq!(store.expire_signals(at(0), 10).await.unwrap(), 0, "nothing is from before the first");
    assert_eq!(store.expire_signals(at(30), 0).await.unwrap(), 0, "nothing was asked for");
    assert_eq!(store.expire_signals(at(30), 12).await.unwrap(), 12);
    assert_eq!(left().await, (12..50).collect::<Vec<_>>());
    assert_eq!(store.expire_signals(at(30), 1_000).await.unwrap(), 18);
    assert_eq!(left().await, (30..50).collect::<Vec<_>>());
    assert_eq!(store.expire_signals(at(30), 1_000).await.unwrap(), 0);
    assert_eq!(store.expire_signals(at(1_000), u32::MAX).await.unwrap(), 20);
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
    // What is gone is gone by every way there was to it, and ids continue growing.
    assert_eq!(store.signal_of_event(event_id(7)).await.unwrap(), None);
    let first = signal_id(record_one(&store, signal(60).record()).await);
    assert!(first.get() > 50, "{first:?}");
    assert_eq!(store.signal(first).await.unwrap().unwrap().recorded, signal(60).build());
    let second = signal_id(record_one(&store, signal(7).processed_at(at(70)).record()).await);
    assert_eq!(store.signal_of_event(event_id(7)).await.unwrap().unwrap().id, second, "it counts again");
    assert_eq!(store.stats().await.unwrap().signals, 2);
}

/// After every step the figures are those of the rows that are left.
pub async fn stats_equal_a_recount_after_expiry(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    let source = SeededRandom::new(7);
    let mut number = 0;
    while number < 300 {
        fill(&store, number..number + 40, &source).await;
        record_one(&store, Record::DeadLetter(dead_letter(1_000 + number))).await;
        number += 40;
        for _ in 0..3 {
            let before = seconds(random(&source, number));
            store.expire_signals(before, u32::try_from(random(&source, 15)).unwrap()).await.unwrap();
            assert_eq!(store.stats().await.unwrap(), recount(&store).await);
        }
    }
    while store.expire_signals(seconds(number), 7).await.unwrap() > 0 {
        assert_eq!(store.stats().await.unwrap(), recount(&store).await);
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.accounts, stats.users, stats.score_units), (0, 0, 0, 0));
    assert!(stats.by_event_type.is_empty() && stats.by_signal_type.is_empty(), "{stats:?}");
}

/// An account, a user and a type count as long as they have a signal, and again when they have one again.
pub async fn names_without_signals_are_no_longer_counted(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    let old = signal(1).account("acc_old").user("user_old").event_type("webinar").signal_type("intent");
    store.import(vec![old.clone().record(), signal(2).record(), signal(3).record()]).await.unwrap();
    let figures = async || {
        let stats = store.stats().await.unwrap();
        (stats.accounts, stats.users, stats.by_event_type.len(), stats.by_signal_type.len())
    };
    let of_account = async || {
        let account_id = AccountId::new("acc_old").ok();
        store.count(&SignalFilter { account_id, ..SignalFilter::default() }).await.unwrap()
    };
    assert_eq!(figures().await, (2, 2, 2, 2));
    assert_eq!(store.expire_signals(at(3), 1).await.unwrap(), 1);
    assert_eq!(figures().await, (1, 1, 1, 1));
    assert_eq!(of_account().await, Total { count: 0, exact: true });
    assert_eq!(store.expire_signals(at(3), 1).await.unwrap(), 1);
    assert_eq!(figures().await, (1, 1, 1, 1), "the account has another signal");
    record_one(&store, old.processed_at(at(4)).record()).await;
    assert_eq!(figures().await, (2, 2, 2, 2));
    assert_eq!(of_account().await, Total { count: 1, exact: true });
}

/// Dead letters go from before the instant, the oldest first; their count follows, signals stay.
pub async fn old_dead_letters_expire(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    record_one(&store, signal(100).record()).await;
    // The third is of a clock that ran ahead; it holds up no other.
    for (number, died) in [(1, 10), (2, 20), (3, 9_000), (4, 30), (5, 40), (6, 500)] {
        let letter = sspp_engine::NewDeadLetter { died_at: at(died), ..dead_letter(number) };
        record_one(&store, Record::DeadLetter(letter)).await;
    }
    let left = async || {
        let letters = store.recent_dead_letters(100).await.unwrap();
        assert_eq!(store.stats().await.unwrap().dead_letters, letters.len() as u64);
        letters.iter().rev().map(|letter| letter.event_id).collect::<Vec<_>>()
    };
    let of = |numbers: &[u64]| numbers.iter().map(|number| event_id(*number)).collect::<Vec<_>>();
    assert_eq!(store.expire_dead_letters(at(10), 100).await.unwrap(), 0);
    assert_eq!(store.expire_dead_letters(at(100), 0).await.unwrap(), 0);
    assert_eq!(store.expire_dead_letters(at(100), 1).await.unwrap(), 1);
    assert_eq!(left().await, of(&[2, 3, 4, 5, 6]));
    assert_eq!(store.expire_dead_letters(at(100), 2).await.unwrap(), 2);
    assert_eq!(left().await, of(&[3, 5, 6]));
    assert_eq!(store.expire_dead_letters(at(100), 3).await.unwrap(), 1);
    assert_eq!(store.expire_dead_letters(at(100), 3).await.unwrap(), 0);
    assert_eq!(left().await, of(&[3, 6]));
    assert_eq!(store.dead_letter(dead_letter(1).id).await.unwrap(), None);
    // The event may die again, or become a signal after all.
    record_one(&store, Record::DeadLetter(dead_letter(1))).await;
    signal_id(record_one(&store, signal(2).processed_at(at(200)).record()).await);
    assert_eq!(left().await, of(&[3, 6, 1]));
    assert_eq!(store.expire_dead_letters(at(10_000), u32::MAX).await.unwrap(), 3);
    assert_eq!((left().await, store.stats().await.unwrap().signals), (vec![], 2));
}

/// An empty store has nothing to remove.
pub async fn nothing_expires_where_nothing_is(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    store.ping().await.unwrap();
    assert_eq!(store.expire_signals(at(1_000), 1_000).await.unwrap(), 0);
    assert_eq!(store.expire_dead_letters(at(1_000), 1_000).await.unwrap(), 0);
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
}

/// What expired is gone after a crash too, and what was left is there.
pub async fn what_expired_stays_gone_after_a_crash(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    fill(&store, 0..40, &SeededRandom::new(8)).await;
    record_one(&store, Record::DeadLetter(dead_letter(500))).await;
    assert_eq!(store.expire_signals(at(40), 40).await.unwrap(), 40);
    assert_eq!(store.expire_dead_letters(at(61), 40).await.unwrap(), 1);
    drop(store);
    if !fixture.crash().await {
        return;
    }
    let store = fixture.store();
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
    assert!(signal_id(record_one(&store, signal(600).record()).await).get() > 40, "no id is used twice");
    record_one(&store, Record::DeadLetter(dead_letter(500))).await;
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
}

/// Records until it is recorded: the one failure there may be is that a known event expired meanwhile.
async fn record_surely(store: &Arc<impl Store + ?Sized>, batch: Vec<Record>) -> u64 {
    loop {
        match store.import(batch.clone()).await {
            Ok(answers) => {
                return answers.iter().filter(|answer| matches!(answer, Recorded::Signal(_))).count() as u64;
            }
            Err(StoreError::Contention { reason }) if reason.contains("expired") => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Recorders of the same events in different orders, dead letters among them, and several that remove: every signal that
/// came went or is there, and the figures are those of the rows.
pub async fn expiring_while_recording_keeps_the_figures(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    let recorders: Vec<_> = (0..4_u64)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut new = 0;
                for round in 0..15 {
                    let mut numbers: Vec<u64> = (round * 20..round * 20 + 20).collect();
                    numbers.rotate_left(usize::try_from(task * 5).unwrap());
                    let mut batch: Vec<Record> = numbers
                        .iter()
                        .map(|number| varied(*number, &SeededRandom::new(*number)).record())
                        .collect();
                    if round % 3 == task % 3 {
                        let letter = dead_letter(round * 20 + task);
                        batch.insert(10, Record::DeadLetter(letter));
                        batch.push(Record::DeadLetter(dead_letter(2_000 + task * 100 + round)));
                    }
                    new += record_surely(&store, batch).await;
                }
                new
            })
        })
        .collect();
    let recorded = Arc::new(AtomicBool::new(false));
    let expirers: Vec<_> = (0..3_u64)
        .map(|task| {
            let (store, recorded) = (Arc::clone(&store), Arc::clone(&recorded));
            tokio::spawn(async move {
                let source = SeededRandom::new(task);
                let mut gone = 0;
                let mut steps = 0;
                // Some steps after all is recorded too: then there is something to remove however the tasks took turns.
                while steps < 20 || !recorded.load(Ordering::SeqCst) {
                    steps += 1;
                    let before = seconds(random(&source, 300));
                    gone += u64::from(store.expire_signals(before, 9).await.unwrap());
                    if random(&source, 3) == 0 {
                        store.expire_dead_letters(at(61), 2).await.unwrap();
                    }
                    tokio::task::yield_now().await;
                }
                gone
            })
        })
        .collect();
    let (mut new, mut gone) = (0, 0);
    for recorder in recorders {
        new += recorder.await.unwrap();
    }
    recorded.store(true, Ordering::SeqCst);
    for expirer in expirers {
        gone += expirer.await.unwrap();
    }
    let stats = store.stats().await.unwrap();
    assert_eq!(stats, recount(&store).await);
    assert_eq!(stats.signals + gone, new);
    assert!(gone > 20, "{gone} of {new} went");
    while store.expire_signals(at(10_000), 50).await.unwrap() > 0 {}
    while store.expire_dead_letters(at(10_000), 50).await.unwrap() > 0 {}
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
}

/// A clock that ran years ahead for a while dates what was recorded then, and nothing later: lists by time have it first, and
/// what is old goes, however much of that stands before it.
pub async fn a_clock_that_was_wrong_dates_nothing_later(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    let ahead = Timestamp::parse("2100-01-01").unwrap();
    for number in 1..=3 {
        record_one(&store, signal(number).processed_at(ahead).record()).await;
        let letter = NewDeadLetter { died_at: ahead, ..dead_letter(100 + number) };
        record_one(&store, Record::DeadLetter(letter)).await;
    }
    record_one(&store, signal(4).processed_at(at(100)).record()).await;
    store.record(vec![signal(5).processed_at(at(50)).record()]).await.unwrap();
    record_one(&store, Record::DeadLetter(NewDeadLetter { died_at: at(100), ..dead_letter(104) })).await;
    let rows = all(&store, SignalQuery::default()).await;
    assert!(rows.iter().rev().map(|signal| signal.recorded.processed_at).is_sorted());
    let newest: Vec<_> = rows.iter().take(3).map(|signal| signal.recorded.accepted.event_id).collect();
    assert_eq!(newest, [event_id(3), event_id(2), event_id(1)]);
    assert!(rows[3..].iter().all(|signal| signal.recorded.processed_at < ahead), "{rows:#?}");
    assert_eq!(store.expire_signals(ahead, 1).await.unwrap(), 1);
    assert_eq!(store.expire_signals(ahead, 1).await.unwrap(), 1);
    assert_eq!(store.expire_signals(ahead, 1).await.unwrap(), 0);
    assert_eq!(store.expire_dead_letters(ahead, 1).await.unwrap(), 1);
    assert_eq!(store.expire_dead_letters(ahead, 1).await.unwrap(), 0);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (3, 3));
}
