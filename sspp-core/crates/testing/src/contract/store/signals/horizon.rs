//! Reading everything that is there, while more comes; and signals that were scored elsewhere.

use super::super::steps::{all, fill, record_one, signal_id};
use crate::builders::{at, signal};
use crate::contract::StoreFixture;
use sspp_engine::{CursorKey, Position, SignalQuery, Signals as _};
use sspp_events::{SeededRandom, SortBy, SortOrder};

/// A list up to a horizon does not change while more is recorded, in every order and in ranges of ids.
pub async fn a_horizon_is_a_list_that_does_not_grow(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let source = SeededRandom::new(21);
    assert_eq!(store.horizon().await.unwrap().last_id().get(), 0);
    fill(&store, 0..90, &source).await;
    let until = store.horizon().await.unwrap();
    let there: Vec<_> = all(&store, SignalQuery { sort_by: SortBy::Id, ..SignalQuery::default() }).await;
    let mut added = 90;
    for sort_by in SortBy::ALL {
        let (mut found, mut position) = (Vec::new(), Position::Offset(0));
        loop {
            let query = SignalQuery {
                sort_by,
                order: SortOrder::Ascending,
                position,
                limit: 13,
                until: Some(until),
                ..SignalQuery::default()
            };
            let page = store.signals(&query).await.unwrap();
            fill(&store, added..added + 5, &source).await;
            added += 5;
            position =
                page.items.last().map_or(position, |last| Position::After(CursorKey::of(last, sort_by)));
            found.extend(page.items);
            if !page.more {
                break;
            }
        }
        found.sort_by_key(|signal| std::cmp::Reverse(signal.id));
        assert_eq!(found, there, "{sort_by:?}");
    }
    let middle = there[40].id;
    let query =
        SignalQuery { until: Some(until.up_to(middle)), sort_by: SortBy::Id, ..SignalQuery::default() };
    assert_eq!(all(&store, query).await, there[40..]);
    let later = store.horizon().await.unwrap();
    let query = SignalQuery { until: Some(later), ..SignalQuery::default() };
    assert_eq!(all(&store, query).await.len() as u64, added, "a later list has more");
}

/// An import answers as recording does, and a signal's score, model and content are what they were.
pub async fn imported_signals_keep_what_they_say(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let old = || signal(1).processed_at(at(10));
    let answers = store.import(vec![old().record(), signal(2).processed_at(at(20)).record()]).await.unwrap();
    let kept = store.signal(signal_id(answers[0])).await.unwrap().unwrap();
    assert_eq!(kept.recorded, old().build());
    let again = store.import(vec![old().record()]).await.unwrap();
    assert_eq!(again, [sspp_engine::Recorded::Duplicate(kept.id)]);
    record_one(&store, signal(3).processed_at(at(900)).record()).await;
    let late = store.import(vec![signal(4).processed_at(at(30)).record()]).await.unwrap();
    let late = store.signal(signal_id(late[0])).await.unwrap().unwrap();
    assert_eq!(late.recorded.processed_at, at(30));
    assert_eq!(store.stats().await.unwrap(), super::super::steps::recount(&store).await);
}
