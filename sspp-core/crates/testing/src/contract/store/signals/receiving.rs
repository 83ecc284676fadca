//! Events that are received now: the store stamps them. Otherwise the rules of recording hold.

use super::super::dead_letters::letter_of;
use super::super::steps::{all, recount, signal_id};
use crate::builders::{at, dead_letter, event_id, model, signal};
use crate::contract::StoreFixture;
use sspp_engine::{
    DeadLetters, Erasable, Erasure, Housekeeping as _, NewDeadLetter, Record, Recorded, SignalQuery, Signals,
    Store, StoreError, StoreStatus as _,
};
use sspp_events::{AccountId, DeadLetterId, Timestamp};
use std::sync::Arc;

async fn receive(store: &Arc<impl Signals + ?Sized>, record: Record) -> Recorded {
    let mut answers = store.receive(vec![record]).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

/// When the event of a number was received, and processed.
async fn stamps(store: &Arc<impl Signals + ?Sized>, number: u64) -> (Timestamp, Timestamp) {
    let signal = store.signal_of_event(event_id(number)).await.unwrap().unwrap();
    (signal.recorded.accepted.received_at, signal.recorded.processed_at)
}

/// A duplicate, a conflict, a dead letter and a refusal are what they are when an event is recorded.
pub async fn what_is_received_is_judged_as_what_is_recorded(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let other = signal(1).user("user_2");
    let conflict = DeadLetterId::of_conflict(event_id(1), other.clone().build().content);
    let letter = || Record::DeadLetter(dead_letter(2));
    let batch = vec![signal(1).record(), signal(1).record(), other.record(), letter(), letter()];
    let answers = store.receive(batch.clone()).await.unwrap();
    let first = signal_id(answers[0]);
    let own = Recorded::DeadLetter(dead_letter(2).id);
    assert_eq!(answers[1..], [Recorded::Duplicate(first), Recorded::Conflict(conflict), own, own]);
    let again = store.receive(batch).await.unwrap();
    assert_eq!(again[0], Recorded::Duplicate(first));
    assert_eq!(again[1..], answers[1..]);
    assert_eq!(receive(&store, Record::DeadLetter(dead_letter(1))).await, Recorded::Duplicate(first));
    // The signal replaces its letter.
    signal_id(receive(&store, signal(2).record()).await);
    assert_eq!(store.dead_letter(dead_letter(2).id).await.unwrap(), None);

    let before = (all(&store, SignalQuery::default()).await, store.stats().await.unwrap());
    let refused = vec![signal(3).record(), signal(4).score(10_000_100).record()];
    let error = store.receive(refused).await.unwrap_err();
    assert!(matches!(error, StoreError::Data { .. }), "{error}");
    let mut orphan = signal(5).build();
    orphan.model = model(7).digest;
    let orphan = Record::Signal { signal: orphan, payload: "x".into() };
    let error = store.receive(vec![signal(3).record(), orphan]).await.unwrap_err();
    assert!(matches!(error, StoreError::MissingModel { .. }), "{error}");
    assert_eq!((all(&store, SignalQuery::default()).await, store.stats().await.unwrap()), before);
    signal_id(receive(&store, signal(3).record()).await);
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
    assert_eq!(store.receive(Vec::new()).await.unwrap(), []);
}

/// The store's clock dates what is received, whatever the records say, and its present is never before what it dated.
pub async fn what_is_received_has_the_stores_stamp(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    let far = [Timestamp::parse("1999-01-01").unwrap(), Timestamp::parse("2100-01-01").unwrap()];
    let mut last = store.now().await.unwrap();
    for (number, of_the_record) in [(1, far[0]), (2, far[1]), (3, far[0])] {
        let letter = NewDeadLetter {
            enqueued_at: of_the_record,
            died_at: of_the_record,
            ..letter_of(number + 10, "acc_1", "call_made")
        };
        let batch =
            vec![signal(number).processed_at(of_the_record).record(), Record::DeadLetter(letter.clone())];
        store.receive(batch).await.unwrap();
        let kept = store.dead_letter(letter.id).await.unwrap().unwrap();
        let (received, processed) = stamps(&store, number).await;
        let now = store.now().await.unwrap();
        for stamp in [received, processed, kept.enqueued_at, kept.died_at] {
            assert!(last <= stamp && stamp <= now, "{last} {stamp} {now}");
        }
        last = now;
    }
    // Its id is taken: the letter that says so is received now too.
    let other = signal(1).user("user_2").processed_at(far[0]);
    let answer = receive(&store, other.record()).await;
    let Recorded::Conflict(id) = answer else { panic!("{answer:?}") };
    let kept = store.dead_letter(id).await.unwrap().unwrap();
    assert!(kept.enqueued_at >= last && kept.died_at >= last, "{kept:?}");
}

/// An erasure takes what came before it was begun. What is received later is kept, though the erasure reaches to an instant that
/// the store's clock has not come to, and though the record says that it was received before.
pub async fn what_is_received_after_an_erasure_began_is_kept(fixture: &mut impl StoreFixture<Store: Store>) {
    let store = fixture.store();
    let letter = |number| Record::DeadLetter(letter_of(number, "acc_1", "call_made"));
    store.receive(vec![signal(1).record(), letter(11)]).await.unwrap();
    let up_to = Timestamp::from_micros(store.now().await.unwrap().micros() + 3_600_000_000).unwrap();
    let whom = Erasable::Account(AccountId::new("acc_1").unwrap());
    store.begin_erasure(&Erasure { whom, up_to }).await.unwrap();
    let answers = store.receive(vec![signal(2).record(), letter(12), signal(2).record()]).await.unwrap();
    assert!(
        matches!(answers[..], [Recorded::Signal(_), Recorded::DeadLetter(_), Recorded::Duplicate(_)]),
        "{answers:?}"
    );
    let recorded = store.record(vec![signal(3).record(), letter(13)]).await.unwrap();
    assert_eq!(recorded, [Recorded::Erased; 2], "what is recorded was received before");
    assert!(stamps(&store, 2).await.0 > up_to);
    let refused = signal(6).score(10_000_100).build();
    assert!(store.is_at_fault(&refused, &"x".into()).await.unwrap(), "no erasure hides a fault");
    while store.erase_step(10).await.unwrap().is_some() {}
    let left = all(&store, SignalQuery::default()).await;
    assert_eq!(
        left.iter().map(|signal| signal.recorded.accepted.event_id).collect::<Vec<_>>(),
        [event_id(2)]
    );
    let letters = store.recent_dead_letters(10).await.unwrap();
    assert_eq!(letters.iter().map(|letter| letter.event_id).collect::<Vec<_>>(), [event_id(12)]);
    assert!(letters[0].enqueued_at > up_to, "or a replay of it would be erased");
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
    drop(store);
    if !fixture.crash().await {
        return;
    }
    let store = fixture.store();
    signal_id(receive(&store, signal(4).record()).await);
    assert!(stamps(&store, 4).await.0 > up_to, "after a crash too");
    assert_eq!(store.record(vec![signal(5).processed_at(at(0)).record()]).await.unwrap(), [Recorded::Erased]);
}
