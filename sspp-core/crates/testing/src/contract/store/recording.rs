//! One record at a time: new, known, conflicting, dead.

use super::steps::{all, record_one, signal_id};
use crate::builders::{at, dead_letter, event_id, model, signal};
use crate::contract::StoreFixture;
use sspp_engine::{
    DeadLetterReason, FailureClass, NewDeadLetter, Record, Recorded, Signal, SignalFilter, SignalQuery,
    SignalStats, StoreError, Total,
};
use sspp_events::{DeadLetterId, SignalId, Timestamp};

/// Every member of a signal comes back as it was given.
pub async fn keeps_signals_as_they_came(fixture: &mut dyn StoreFixture) {
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
pub async fn the_same_content_is_a_duplicate(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    let id = signal_id(record_one(&store, signal(1).record()).await);
    let before = (store.signal(id).await.unwrap(), store.stats().await.unwrap());
    // Scored again later, perhaps by another model: the content is what counts.
    let again = signal(1).score(9_000).processed_at(at(500)).record();
    assert_eq!(record_one(&store, again).await, Recorded::Duplicate(id));
    assert_eq!((store.signal(id).await.unwrap(), store.stats().await.unwrap()), before);
}

/// Another event under a taken id becomes a dead letter of its own, once.
pub async fn other_content_is_a_conflict(fixture: &mut dyn StoreFixture) {
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
pub async fn a_batch_is_recorded_in_its_order(fixture: &mut dyn StoreFixture) {
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

/// Every member of a dead letter comes back, and a known one is not changed.
pub async fn keeps_dead_letters_as_they_came(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    for (number, reason) in (0..).zip(DeadLetterReason::ALL) {
        let mut letter = dead_letter(number);
        letter.reason = reason;
        letter.payload = (0..=255).collect();
        letter.detail = String::from("größer, \"quoted\", and \u{1f600}");
        let recorded = record_one(&store, Record::DeadLetter(letter.clone())).await;
        assert_eq!(recorded, Recorded::DeadLetter(letter.id));
        let mut changed = letter.clone();
        changed.detail = String::from("another");
        assert_eq!(record_one(&store, Record::DeadLetter(changed)).await, recorded);
        assert_eq!(store.dead_letter(letter.id).await.unwrap(), Some(letter));
    }
    assert_eq!(store.stats().await.unwrap().dead_letters, DeadLetterReason::ALL.len() as u64);
}

/// An event that is a signal is never a dead letter too.
pub async fn a_dead_letter_of_a_signal_is_a_duplicate(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    let id = signal_id(record_one(&store, signal(1).record()).await);
    assert_eq!(record_one(&store, Record::DeadLetter(dead_letter(1))).await, Recorded::Duplicate(id));
    assert_eq!(store.dead_letter(dead_letter(1).id).await.unwrap(), None);
    assert_eq!(store.stats().await.unwrap().dead_letters, 0);
}

/// A replayed event leaves the dead letters when it becomes a signal; the other letters stay.
pub async fn a_signal_replaces_its_dead_letter(fixture: &mut dyn StoreFixture) {
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
pub async fn an_id_belongs_to_the_content_that_came_first(fixture: &mut dyn StoreFixture) {
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
pub async fn a_dead_letter_harms_no_other_content(fixture: &mut dyn StoreFixture) {
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

/// A clock that ran years ahead for a while dates what was recorded then, and nothing later: lists by time have it first, and
/// what is old goes, however much of that stands before it.
pub async fn a_clock_that_was_wrong_dates_nothing_later(fixture: &mut dyn StoreFixture) {
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

/// A model is kept as it first came under its digest.
pub async fn models_are_kept_by_digest(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.model(model(1).digest).await.unwrap(), None);
    store.put_model(&model(1)).await.unwrap();
    store.put_model(&model(2)).await.unwrap();
    let mut changed = model(1);
    changed.name = String::from("another");
    store.put_model(&changed).await.unwrap();
    assert_eq!(store.model(model(1).digest).await.unwrap(), Some(model(1)));
    assert_eq!(store.model(model(2).digest).await.unwrap(), Some(model(2)));
}

/// A store that was restored from an older backup has forgotten models: no signal is recorded that nothing can explain.
pub async fn a_signal_without_its_model_is_not_recorded(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    let mut orphan = signal(2).build();
    orphan.model = model(7).digest;
    let orphan = Record::Signal { signal: orphan, payload: "x".into() };
    let batch = vec![signal(1).record(), orphan.clone(), Record::DeadLetter(dead_letter(3))];
    for import in [false, true] {
        let error =
            if import { store.import(batch.clone()).await } else { store.record(batch.clone()).await };
        let error = error.unwrap_err();
        assert!(matches!(error, StoreError::MissingModel { digest } if digest == model(7).digest), "{error}");
        assert_eq!(error.class(), FailureClass::Infrastructure);
        assert_eq!(store.stats().await.unwrap(), SignalStats::default());
    }
    store.put_model(&model(7)).await.unwrap();
    let answers = store.record(batch).await.unwrap();
    assert!(matches!(answers[..], [Recorded::Signal(_), Recorded::Signal(_), Recorded::DeadLetter(_)]));
}

/// The dead letters that were recorded last are listed first.
pub async fn recent_dead_letters_come_last_first(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    for number in [3, 1, 2] {
        record_one(&store, Record::DeadLetter(dead_letter(number))).await;
    }
    assert_eq!(store.recent_dead_letters(2).await.unwrap(), [dead_letter(2), dead_letter(1)]);
    assert_eq!(store.recent_dead_letters(100).await.unwrap().len(), 3);
}

/// Nothing there is no error.
pub async fn an_empty_store_answers(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    store.ping().await.unwrap();
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
