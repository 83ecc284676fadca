//! Erasure: what goes, what stays, and what does not come back.

use super::super::dead_letters::letter_of;
use super::super::steps::{all, fill, record_one, recount, varied};
use crate::builders::{at, event_id, signal};
use crate::contract::StoreFixture;
use sspp_engine::{
    DeadLetters as _, Erasable, Erased, Erasure, Housekeeping as _, NewDeadLetter, Record, Recorded,
    SignalQuery, Signals as _, Store, StoreStatus as _,
};
use sspp_events::{AccountId, SeededRandom, UserId};
use std::sync::Arc;

fn account(id: &str, seconds: i64) -> Erasure {
    Erasure { whom: Erasable::Account(AccountId::new(id).unwrap()), up_to: at(seconds) }
}

/// Works until nothing is left to erase.
async fn complete(store: &Arc<impl Store + ?Sized>, max: u32) -> Erased {
    let mut gone = Erased::default();
    while let Some(step) = store.erase_step(max).await.unwrap() {
        assert!(step.signals <= max && step.dead_letters <= max);
        gone.signals += step.signals;
        gone.dead_letters += step.dead_letters;
        assert_eq!(store.stats().await.unwrap(), recount(store).await);
    }
    gone
}

/// Every signal and dead letter of the account goes, and nothing of others; the figures follow every step.
pub async fn an_erased_account_is_gone_and_others_stay(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    fill(&store, 0..200, &SeededRandom::new(11)).await;
    for number in 300..312_u64 {
        let letter = letter_of(number, if number % 2 == 0 { "acc_1" } else { "acc_2" }, "call_made");
        record_one(&store, Record::DeadLetter(letter)).await;
    }
    assert_eq!(store.erase_step(10).await.unwrap(), None, "no erasure was begun");
    let whole = all(&store, SignalQuery::default()).await;
    let of_account = |id: &str| {
        whole.iter().filter(|signal| signal.recorded.accepted.event.account_id.as_str() == id).count()
    };
    let expected = of_account("acc_1");
    assert!(expected > 20 && expected < 200);
    store.begin_erasure(&account("acc_1", 10_000)).await.unwrap();
    let gone = complete(&store, 7).await;
    assert_eq!(gone, Erased { signals: u32::try_from(expected).unwrap(), dead_letters: 6 });
    let left = all(&store, SignalQuery::default()).await;
    assert_eq!(left.len(), 200 - expected);
    assert!(left.iter().all(|signal| signal.recorded.accepted.event.account_id.as_str() != "acc_1"));
    let letters = store.recent_dead_letters(100).await.unwrap();
    assert!(letters.iter().all(|letter| letter.facts().account_id.unwrap().as_str() == "acc_2"));
    assert_eq!(letters.len(), 6);
    // A user goes in every account.
    store
        .begin_erasure(&Erasure { whom: Erasable::User(UserId::new("user_3").unwrap()), up_to: at(10_000) })
        .await
        .unwrap();
    assert!(complete(&store, 1_000).await.signals > 3);
    let left = all(&store, SignalQuery::default()).await;
    assert!(left.iter().all(|signal| signal.recorded.accepted.event.user_id.as_str() != "user_3"));
    // Again: nothing is left, and no harm done.
    store.begin_erasure(&account("acc_1", 10_000)).await.unwrap();
    assert_eq!(complete(&store, 7).await, Erased::default());
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
}

/// No clock decides what goes of what the store has: of a host that was ahead, or behind.
pub async fn an_erasure_takes_what_was_recorded_before_whatever_its_times(
    fixture: &mut impl StoreFixture<Store: Store>,
) {
    let store = fixture.store();
    assert_eq!(store.erased_up_to().await.unwrap(), None);
    for (number, second) in [(1, -1_000), (2, 0), (3, 600_000)] {
        record_one(&store, signal(number).processed_at(at(second)).record()).await;
        let letter =
            NewDeadLetter { enqueued_at: at(second), ..letter_of(number + 10, "acc_1", "call_made") };
        record_one(&store, Record::DeadLetter(letter)).await;
    }
    store.begin_erasure(&account("acc_1", 50)).await.unwrap();
    // Received after it, and recorded before a step is done.
    let later = || signal(4).processed_at(at(51));
    record_one(&store, later().record()).await;
    assert_eq!(complete(&store, 2).await, Erased { signals: 3, dead_letters: 3 });
    let left = all(&store, SignalQuery::default()).await;
    assert_eq!(left.iter().map(|signal| &signal.recorded).collect::<Vec<_>>(), [&later().build()]);
    assert!(store.now().await.unwrap() >= at(0), "it has a clock");
}

/// What was received before comes back by no way; what is received later is a new beginning.
pub async fn what_was_erased_does_not_come_back(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    record_one(&store, signal(1).record()).await;
    store.begin_erasure(&account("acc_1", 50)).await.unwrap();
    // From now on, whether its rows are gone yet or not.
    assert_eq!(record_one(&store, signal(2).record()).await, Recorded::Erased);
    complete(&store, 10).await;
    let late = || signal(3).processed_at(at(51));
    let letter = |number| Record::DeadLetter(letter_of(number, "acc_1", "call_made"));
    let batch = vec![
        signal(1).record(),
        signal(4).account("acc_2").record(),
        late().record(),
        letter(5),
        // The same id with other content: a conflict would keep what was erased.
        Record::Signal { signal: signal(3).build(), payload: letter_of(3, "acc_1", "x").payload },
    ];
    let answers = store.record(batch.clone()).await.unwrap();
    assert_eq!((answers[0], answers[3], answers[4]), (Recorded::Erased, Recorded::Erased, Recorded::Erased));
    assert!(matches!((answers[1], answers[2]), (Recorded::Signal(_), Recorded::Signal(_))), "{answers:?}");
    assert_eq!(store.import(vec![batch[0].clone()]).await.unwrap(), [Recorded::Erased]);
    let later = NewDeadLetter {
        enqueued_at: at(60),
        payload: b"{\"accountId\":\"acc_1\"}".as_slice().into(),
        ..letter_of(6, "acc_1", "x")
    };
    assert!(matches!(record_one(&store, Record::DeadLetter(later)).await, Recorded::DeadLetter(_)));
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (2, 1));
    // Again, by a queue whose clock is behind: what was recorded in between goes, and the later instant counts.
    assert_eq!(store.erased_up_to().await.unwrap(), Some(at(50)));
    store.begin_erasure(&account("acc_1", 10)).await.unwrap();
    assert_eq!(complete(&store, 10).await, Erased { signals: 1, dead_letters: 1 });
    assert_eq!(store.erased_up_to().await.unwrap(), Some(at(50)));
    assert_eq!(record_one(&store, signal(2).record()).await, Recorded::Erased);
    record_one(&store, late().record()).await;
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
    drop(store);
    if !fixture.crash().await {
        return;
    }
    let store = fixture.store();
    assert_eq!(record_one(&store, signal(2).record()).await, Recorded::Erased, "after a crash too");
    assert!(store.signal_of_event(event_id(3)).await.unwrap().is_some());
}

/// Recording continues meanwhile: afterwards nothing of the account is there that was received before.
pub async fn erasing_while_recording_leaves_nothing(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    let recorders: Vec<_> = (0..4_u64)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for round in 0..12_u64 {
                    let first = (task * 12 + round) * 20;
                    let source = SeededRandom::new(first);
                    let mut batch: Vec<_> =
                        (first..first + 20).map(|number| varied(number, &source).record()).collect();
                    if round % 4 == task {
                        let letter = letter_of(10_000 + first, "acc_1", "call_made");
                        batch.push(Record::DeadLetter(letter));
                    }
                    store.record(batch).await.unwrap();
                }
            })
        })
        .collect();
    let eraser = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..5 {
                store.begin_erasure(&account("acc_1", 100_000)).await.unwrap();
                while store.erase_step(5).await.unwrap().is_some() {
                    tokio::task::yield_now().await;
                }
            }
        })
    };
    for recorder in recorders {
        recorder.await.unwrap();
    }
    eraser.await.unwrap();
    while store.erase_step(50).await.unwrap().is_some() {}
    let left = all(&store, SignalQuery::default()).await;
    assert!(left.len() > 500);
    assert!(left.iter().all(|signal| signal.recorded.accepted.event.account_id.as_str() != "acc_1"));
    assert_eq!(store.recent_dead_letters(100).await.unwrap(), []);
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
}
