//! One record at a time: new, known, conflicting, dead.

use super::super::steps::{all, record_one, signal_id};
use crate::builders::{at, dead_letter, event_id, signal};
use crate::contract::StoreFixture;
use sspp_engine::{
    DeadLetterReason, DeadLetters as _, Record, Recorded, Signal, SignalFilter, SignalQuery, SignalStats,
    Signals as _, Total,
};
use sspp_events::{DeadLetterId, SignalId};

/// Every member of a signal comes back as it was given.
pub async fn keeps_signals_as_they_came(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let plain = signal(1).build();
    let rich = signal(2)
        .account("konto \u{1f600} 'quoted\" \\")
        .from_source("crm", "order-4711")
        .metadata(r#"{"b":1,"a":[1e308,"\u00e9 é"],  "nested":{"x":null}}"#)
        .timestamp(at(-86_400))
        .processed_at(at(10))
        .score(10_000_000)
        .build();
    for recorded in [plain, rich] {
        let event_id = recorded.accepted.event_id;
        let record = Record::Signal { signal: recorded.clone(), payload: "x".into() };
        let id = signal_id(record_one(&store, record).await);
        assert!(id.get() > 0);
        let expected = Some(Signal { id, recorded });
        assert_eq!(store.signal(id).await.unwrap(), expected);
        assert_eq!(store.signal_of_event(event_id).await.unwrap(), expected);
    }
}

/// Recording the same again changes nothing and names the first.
pub async fn the_same_content_is_a_duplicate(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let id = signal_id(record_one(&store, signal(1).record()).await);
    let before = (store.signal(id).await.unwrap(), store.stats().await.unwrap());
    // Scored again later, perhaps by another model: the content is what counts.
    let again = signal(1).score(9_000).processed_at(at(500)).record();
    assert_eq!(record_one(&store, again).await, Recorded::Duplicate(id));
    assert_eq!((store.signal(id).await.unwrap(), store.stats().await.unwrap()), before);
}

/// Another event under a taken id becomes a dead letter of its own, once.
pub async fn other_content_is_a_conflict(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let first = signal_id(record_one(&store, signal(1).record()).await);
    let other = signal(1).user("user_2");
    let id = DeadLetterId::of_conflict(event_id(1), other.clone().build().content);
    for _ in 0..2 {
        assert_eq!(record_one(&store, other.clone().record()).await, Recorded::Conflict(id));
    }
    let letter = store.dead_letter(id).await.unwrap().unwrap();
    assert_eq!((letter.reason, letter.event_id), (DeadLetterReason::EventIdConflict, event_id(1)));
    assert_eq!(letter.payload, format!("payload of {}", event_id(1)));
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.users, stats.dead_letters), (1, 1, 1));
    assert_eq!(store.signal_of_event(event_id(1)).await.unwrap().unwrap().id, first);
}

/// What comes first in a batch is first.
pub async fn a_batch_is_recorded_in_its_order(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let other = signal(1).user("user_2");
    let conflict = DeadLetterId::of_conflict(event_id(1), other.clone().build().content);
    let batch = vec![
        signal(1).record(),
        signal(1).record(),
        other.record(),
        Record::DeadLetter(dead_letter(1)),
        Record::DeadLetter(dead_letter(2)),
        Record::DeadLetter(dead_letter(2)),
        signal(2).record(),
        signal(3).record(),
    ];
    let answers = store.record(batch).await.unwrap();
    let (one, two, three) = (signal_id(answers[0]), signal_id(answers[6]), signal_id(answers[7]));
    assert!(one < two && two < three);
    let letter = Recorded::DeadLetter(dead_letter(2).id);
    assert_eq!(
        answers[1..6],
        [Recorded::Duplicate(one), Recorded::Conflict(conflict), Recorded::Duplicate(one), letter, letter]
    );
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (3, 1), "the signal replaced the dead letter");
}

/// An event that is a signal is never a dead letter too.
pub async fn a_dead_letter_of_a_signal_is_a_duplicate(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let id = signal_id(record_one(&store, signal(1).record()).await);
    assert_eq!(record_one(&store, Record::DeadLetter(dead_letter(1))).await, Recorded::Duplicate(id));
    assert_eq!(store.dead_letter(dead_letter(1).id).await.unwrap(), None);
    assert_eq!(store.stats().await.unwrap().dead_letters, 0);
}

/// A replayed event leaves the dead letters when it becomes a signal; the other letters stay.
pub async fn a_signal_replaces_its_dead_letter(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    for number in 1..=2 {
        record_one(&store, Record::DeadLetter(dead_letter(number))).await;
    }
    signal_id(record_one(&store, signal(1).record()).await);
    assert_eq!(store.dead_letter(dead_letter(1).id).await.unwrap(), None);
    assert_eq!(store.dead_letter(dead_letter(2).id).await.unwrap(), Some(dead_letter(2)));
    assert_eq!(store.stats().await.unwrap().dead_letters, 1);
}

/// A signal with other content than its dead letter is a conflict, and the letter stays until its own content comes.
pub async fn an_id_belongs_to_the_content_that_came_first(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let mut first = dead_letter(1);
    first.content = Some(signal(1).build().content);
    record_one(&store, Record::DeadLetter(first.clone())).await;
    let other = signal(1).user("user_2");
    let id = DeadLetterId::of_conflict(event_id(1), other.clone().build().content);
    for _ in 0..2 {
        let batch = vec![signal(2).record(), other.clone().record(), other.clone().record()];
        let answers = store.record(batch).await.unwrap();
        assert_eq!(answers[1..], [Recorded::Conflict(id); 2]);
    }
    assert_eq!(store.dead_letter(first.id).await.unwrap().as_ref(), Some(&first));
    let letter = store.dead_letter(id).await.unwrap().unwrap();
    assert_eq!(
        (letter.reason, letter.content),
        (DeadLetterReason::EventIdConflict, Some(other.build().content))
    );
    signal_id(record_one(&store, signal(1).record()).await);
    assert_eq!(store.dead_letter(first.id).await.unwrap(), None);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (2, 1));
}

/// A dead letter under the id of other content, dead or alive, is kept under an id of its own, once.
pub async fn a_dead_letter_harms_no_other_content(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let letter = |user: &str, payload: &'static str, decoded: bool| {
        let content = decoded.then(|| signal(1).user(user).build().content);
        sspp_engine::NewDeadLetter { content, payload: payload.into(), ..dead_letter(1) }
    };
    let first = letter("user_1", "a", true);
    let own = Recorded::DeadLetter(first.id);
    let other = letter("user_2", "b", true);
    let raw = letter("", "c", false);
    let conflict = |letter: &sspp_engine::NewDeadLetter| Recorded::Conflict(letter.as_conflict().id);
    for (given, expected) in [
        (first.clone(), own),
        (letter("user_1", "a, enqueued again", true), own),
        (letter("", "a", false), own),
        (other.clone(), conflict(&other)),
        (other.clone(), conflict(&other)),
        (raw.clone(), conflict(&raw)),
        (raw.clone(), conflict(&raw)),
    ] {
        assert_eq!(record_one(&store, Record::DeadLetter(given)).await, expected);
    }
    assert_eq!(store.dead_letter(first.id).await.unwrap(), Some(first));
    for kept in [other.as_conflict(), raw.as_conflict()] {
        assert_eq!(store.dead_letter(kept.id).await.unwrap(), Some(kept));
    }
    assert_eq!(store.stats().await.unwrap().dead_letters, 3);
    signal_id(record_one(&store, signal(1).record()).await);
    let third = letter("user_3", "d", true);
    assert_eq!(record_one(&store, Record::DeadLetter(third.clone())).await, conflict(&third));
    assert_eq!(store.stats().await.unwrap().dead_letters, 3);
}

/// Nothing there is no error.
pub async fn an_empty_store_answers(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.record(Vec::new()).await.unwrap(), []);
    for id in [0, -1, 1, i64::MAX, i64::MIN] {
        assert_eq!(store.signal(SignalId::new(id)).await.unwrap(), None);
    }
    assert_eq!(store.signal_of_event(event_id(1)).await.unwrap(), None);
    assert_eq!(store.dead_letter(dead_letter(1).id).await.unwrap(), None);
    assert_eq!(all(&store, SignalQuery::default()).await, []);
    assert_eq!(store.count(&SignalFilter::default()).await.unwrap(), Total { count: 0, exact: true });
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
}
