//! Dead letters by themselves: searched, edited, removed.

use super::steps::{record_one, recount};
use crate::builders::{at, dead_letter, event_id, signal};
use crate::contract::StoreFixture;
use bytes::Bytes;
use sspp_engine::{
    DeadLetterCursor, DeadLetterFilter, DeadLetterQuery, DeadLetterReason, DeadLetters as _, Envelope,
    NewDeadLetter, Record, Recorded, Signals, Total,
};
use sspp_events::{ContentDigest, Event, EventType, SortOrder};
use std::sync::Arc;

fn envelope(number: u64, account: &str, event_type: &str) -> Envelope {
    let event = Event::builder(account, "user_1", event_type, "2026-01-01").build().unwrap();
    Envelope { event_id: event_id(number), event }
}

/// The dead letter of a real event.
pub(super) fn letter_of(number: u64, account: &str, event_type: &str) -> NewDeadLetter {
    let envelope = envelope(number, account, event_type);
    NewDeadLetter {
        content: Some(ContentDigest::of(&envelope.event)),
        payload: envelope.encode(),
        died_at: at(60 + i64::try_from(number).unwrap()),
        ..dead_letter(number)
    }
}

async fn fill(store: &Arc<impl Signals + ?Sized>) -> Vec<NewDeadLetter> {
    let types = ["call_made", "email_sent", "webinar"];
    let mut letters = Vec::new();
    for number in 0..30_u64 {
        let at = usize::try_from(number).unwrap();
        let mut letter = letter_of(number, &format!("acc_{}", at % 4), types[at % 3]);
        letter.reason = DeadLetterReason::ALL[at % 6];
        if number % 10 == 9 {
            letter.payload = Bytes::from_static(b"\xff no envelope");
            letter.content = None;
        }
        letters.push(letter);
    }
    store.import(letters.iter().cloned().map(Record::DeadLetter).collect()).await.unwrap();
    letters
}

/// A filter lets through what it says, in both directions, page by page, and is counted.
pub async fn dead_letters_are_filtered_and_paged(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let letters = fill(&store).await;
    let none = DeadLetterFilter::default;
    let filters = [
        none(),
        DeadLetterFilter { reason: Some(DeadLetterReason::CrashLoop), ..none() },
        DeadLetterFilter { event_type: Some(EventType::CALL_MADE), ..none() },
        DeadLetterFilter { from: Some(at(70)), ..none() },
        DeadLetterFilter { to: Some(at(70)), ..none() },
        DeadLetterFilter {
            from: Some(at(65)),
            to: Some(at(85)),
            event_type: EventType::new("webinar").ok(),
            ..none()
        },
        DeadLetterFilter { reason: Some(DeadLetterReason::EventIdConflict), ..none() },
    ];
    for filter in filters {
        let passes = |letter: &&NewDeadLetter| filter.matches(letter);
        let mut expected: Vec<_> = letters.iter().filter(passes).cloned().collect();
        for order in [SortOrder::Ascending, SortOrder::Descending] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let query = DeadLetterQuery { filter: filter.clone(), order, after, limit: 4 };
                let page = store.dead_letters(&query).await.unwrap();
                assert!(page.items.len() == 4 || !page.more);
                if let (SortOrder::Ascending, Some(first)) = (order, page.items.first()) {
                    let left = expected.len() - found.len();
                    let total = Total { count: left as u64, exact: true };
                    assert_eq!(
                        store.count_dead_letters(&filter, Some(first.number - 1)).await.unwrap(),
                        total
                    );
                }
                after = page.items.last().map(|item| item.number).or(after);
                found.extend(page.items.into_iter().map(|item| item.letter));
                if !page.more {
                    break;
                }
                let cursor = DeadLetterCursor { order, number: after.unwrap() };
                assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
            assert_eq!(found, expected, "{filter:?} {order:?}");
            let total = Total { count: expected.len() as u64, exact: true };
            assert_eq!(store.count_dead_letters(&filter, None).await.unwrap(), total);
            expected.reverse();
        }
    }
}

/// An edited letter is the same letter with another payload, found by what that says; it becomes that signal and no other.
pub async fn an_edited_dead_letter_has_another_content(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let letters = fill(&store).await;
    let broken = &letters[9];
    let edited = letter_of(9, "acc_edited", "demo_completed");
    let (payload, content) = (edited.payload.clone(), edited.content.unwrap());
    let edit =
        async |held: &[u8]| store.edit_dead_letter(broken.id, held, payload.clone(), content).await.unwrap();
    assert!(!edit(b"another").await, "another edit came first");
    assert_eq!(store.dead_letter(broken.id).await.unwrap().as_ref(), Some(broken));
    assert!(edit(&broken.payload).await);
    assert!(!edit(&broken.payload).await);
    let kept = store.dead_letter(broken.id).await.unwrap().unwrap();
    assert_eq!(kept, NewDeadLetter { payload: payload.clone(), content: Some(content), ..broken.clone() });
    let event_type = EventType::new("demo_completed").ok();
    let filter = DeadLetterFilter { event_type, ..DeadLetterFilter::default() };
    let found = store.dead_letters(&DeadLetterQuery { filter, ..DeadLetterQuery::default() }).await.unwrap();
    assert_eq!(found.items.into_iter().map(|item| item.letter).collect::<Vec<_>>(), [kept]);
    // What was on its way under the former content is not what the letter is about any more.
    let former = record_one(&store, signal(9).account("acc_former").record()).await;
    assert!(matches!(former, Recorded::Conflict(_)), "{former:?}");
    let event = envelope(9, "acc_edited", "demo_completed").received(at(9));
    let mut now = signal(9).build();
    (now.accepted, now.content) = (event.into(), content);
    let now = record_one(&store, Record::Signal { signal: now, payload }).await;
    assert!(matches!(now, Recorded::Signal(_)), "{now:?}");
    assert_eq!(store.dead_letter(broken.id).await.unwrap(), None);
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
    assert!(!store.edit_dead_letter(broken.id, b"", Bytes::new(), content).await.unwrap(), "it is gone");
}

/// A letter that is removed is gone once, and the figures follow.
pub async fn a_dead_letter_is_removed_once(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let letters = fill(&store).await;
    assert!(store.remove_dead_letter(letters[3].id).await.unwrap());
    assert!(!store.remove_dead_letter(letters[3].id).await.unwrap());
    assert_eq!(store.dead_letter(letters[3].id).await.unwrap(), None);
    assert_eq!(store.stats().await.unwrap().dead_letters, 29);
    assert_eq!(store.stats().await.unwrap(), recount(&store).await);
    // Its event may come again, as the last.
    record_one(&store, Record::DeadLetter(letters[3].clone())).await;
    let last = store.dead_letters(&DeadLetterQuery { limit: 1, ..DeadLetterQuery::default() }).await.unwrap();
    assert_eq!((last.items[0].letter.clone(), last.more), (letters[3].clone(), true));
}

/// Every member of a dead letter comes back, and a known one is not changed.
pub async fn keeps_dead_letters_as_they_came(fixture: &mut impl StoreFixture) {
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

/// The dead letters that were recorded last are listed first.
pub async fn recent_dead_letters_come_last_first(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    for number in [3, 1, 2] {
        record_one(&store, Record::DeadLetter(dead_letter(number))).await;
    }
    assert_eq!(store.recent_dead_letters(2).await.unwrap(), [dead_letter(2), dead_letter(1)]);
    assert_eq!(store.recent_dead_letters(100).await.unwrap().len(), 3);
}
