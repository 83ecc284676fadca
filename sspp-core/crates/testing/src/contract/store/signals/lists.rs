//! Lists and totals: filtered, sorted, in pages.

use super::super::steps::{all, fill};
use crate::builders::{at, signal};
use crate::contract::StoreFixture;
use sspp_engine::{CursorKey, Position, SignalFilter, SignalQuery, Signals as _, Total};
use sspp_events::{
    AccountId, EventType, Score, SeededRandom, SignalId, SignalType, SortBy, SortOrder, Units, UserId,
};
use std::collections::{BTreeMap, BTreeSet};

/// Totals of one dimension are exact however many there are; others are counted up to 10,000.
pub async fn counts_are_exact_or_bounded(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    for batch in 0..21 {
        let signals = (batch * 500..batch * 500 + 500).map(|number| signal(number).record());
        store.record(signals.collect()).await.unwrap();
    }
    store.record(vec![signal(20_000).account("acc_2").event_type("demo_completed").record()]).await.unwrap();
    let account = |id: &str| SignalFilter { account_id: AccountId::new(id).ok(), ..SignalFilter::default() };
    let exactly = |count| Total { count, exact: true };
    let cases = [
        (SignalFilter::default(), exactly(10_501)),
        (account("acc_1"), exactly(10_500)),
        (account("acc_2"), exactly(1)),
        (account("acc_3"), exactly(0)),
        (SignalFilter { user_id: UserId::new("user_1").ok(), ..SignalFilter::default() }, exactly(10_501)),
        (SignalFilter { event_type: Some(EventType::CALL_MADE), ..SignalFilter::default() }, exactly(10_500)),
        (
            SignalFilter { signal_type: Some(SignalType::ENGAGEMENT), ..SignalFilter::default() },
            exactly(10_501),
        ),
        (SignalFilter { signal_type: Some(SignalType::INTENT), ..SignalFilter::default() }, exactly(0)),
        (SignalFilter { to: Some(at(10_000)), ..SignalFilter::default() }, exactly(10_000)),
        (SignalFilter { to: Some(at(10_001)), ..account("acc_1") }, Total { count: 10_000, exact: false }),
        (SignalFilter { event_type: EventType::new("demo_completed").ok(), ..account("acc_1") }, exactly(0)),
    ];
    for (filter, expected) in cases {
        assert_eq!(store.count(&filter).await.unwrap(), expected, "{filter:?}");
    }
}

fn filters() -> Vec<SignalFilter> {
    let score = |units| Some(Score::rounded(Units::new(units)));
    let none = SignalFilter::default;
    let account = || SignalFilter { account_id: AccountId::new("acc_1").ok(), ..none() };
    let user = || SignalFilter { user_id: UserId::new("user_3").ok(), ..none() };
    vec![
        none(),
        account(),
        user(),
        SignalFilter { event_type: Some(EventType::CALL_MADE), ..none() },
        SignalFilter { signal_type: Some(SignalType::INTENT), ..none() },
        SignalFilter { from: Some(at(10)), ..none() },
        SignalFilter { to: Some(at(10)), ..none() },
        SignalFilter { min_score: score(6_000), ..none() },
        SignalFilter { max_score: score(6_000), ..none() },
        SignalFilter { from: Some(at(5)), to: Some(at(20)), ..account() },
        SignalFilter { from: Some(at(5)), min_score: score(2_000), max_score: score(8_000), ..user() },
        SignalFilter {
            user_id: UserId::new("user_3").ok(),
            event_type: Some(EventType::CALL_MADE),
            ..account()
        },
        SignalFilter { account_id: AccountId::new("unknown").ok(), ..none() },
    ]
}

/// A filter lets through what [`SignalFilter::matches`] does.
pub async fn filters_select(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    fill(&store, 0..400, &SeededRandom::new(1)).await;
    let everything = all(&store, SignalQuery::default()).await;
    assert_eq!(everything.len(), 400);
    for filter in filters() {
        let expected: Vec<_> = everything.iter().filter(|signal| filter.matches(signal)).cloned().collect();
        for sort_by in SortBy::ALL {
            let mut found =
                all(&store, SignalQuery { filter: filter.clone(), sort_by, ..SignalQuery::default() }).await;
            found.sort_by_key(|signal| std::cmp::Reverse(signal.id));
            assert_eq!(found, expected, "{filter:?} by {sort_by:?}");
        }
        let total = Total { count: expected.len() as u64, exact: true };
        assert_eq!(store.count(&filter).await.unwrap(), total, "{filter:?}");
    }
}

/// Lists are sorted by their column, equals by id, both in the direction asked for.
pub async fn lists_are_sorted(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    fill(&store, 0..200, &SeededRandom::new(2)).await;
    for (sort_by, order) in sorts() {
        for filter in [SignalFilter::default(), filters().remove(1), filters().remove(2)] {
            let rows = all(&store, SignalQuery { filter, sort_by, order, ..SignalQuery::default() }).await;
            let keys: Vec<_> = rows.iter().map(|signal| CursorKey::of(signal, sort_by)).collect();
            let sorted = match order {
                SortOrder::Ascending => keys.is_sorted(),
                SortOrder::Descending => keys.iter().rev().is_sorted(),
            };
            assert!(sorted && rows.len() > 10, "{sort_by:?} {order:?}");
        }
    }
}

fn sorts() -> impl Iterator<Item = (SortBy, SortOrder)> {
    SortBy::ALL.into_iter().flat_map(|sort_by| ORDERS.map(|order| (sort_by, order)))
}

/// An offset skips rows of the same list, and `more` says whether rows follow.
pub async fn offsets_skip(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    fill(&store, 0..25, &SeededRandom::new(3)).await;
    for (sort_by, order) in sorts() {
        let query = |offset, limit| SignalQuery {
            sort_by,
            order,
            position: Position::Offset(offset),
            limit,
            ..SignalQuery::default()
        };
        let whole = all(&store, query(0, 100)).await;
        for (offset, limit, more) in [
            (0, 10, true),
            (10, 10, true),
            (20, 10, false),
            (15, 10, false),
            (25, 1, false),
            (9_999, 5, false),
            (0, 25, false),
            (0, 24, true),
        ] {
            let page = store.signals(&query(offset, limit)).await.unwrap();
            let from = usize::try_from(offset).unwrap().min(25);
            let to = (from + usize::try_from(limit).unwrap()).min(25);
            assert_eq!((page.items.as_slice(), page.more), (&whole[from..to], more), "{offset} {limit}");
        }
    }
}

/// Following the cursor returns every row that was there at the start once, in every order, while rows are added.
pub async fn pages_return_each_row_once(fixture: &mut impl StoreFixture) {
    let store = fixture.store();
    let source = SeededRandom::new(4);
    let mut added = 150;
    fill(&store, 0..added, &source).await;
    for (sort_by, order) in sorts() {
        for filter in [SignalFilter::default(), filters().remove(1), filters().remove(9)] {
            let query = SignalQuery { filter, sort_by, order, ..SignalQuery::default() };
            let at_start: BTreeSet<_> =
                all(&store, query.clone()).await.iter().map(|signal| signal.id).collect();
            let mut seen: BTreeMap<SignalId, u32> = BTreeMap::new();
            let mut last: Option<CursorKey> = None;
            loop {
                let position = last.map_or(Position::Offset(0), Position::After);
                let page =
                    store.signals(&SignalQuery { position, limit: 13, ..query.clone() }).await.unwrap();
                assert!(page.items.len() == 13 || !page.more);
                for signal in &page.items {
                    *seen.entry(signal.id).or_default() += 1;
                }
                last = page.items.last().map(|signal| CursorKey::of(signal, sort_by)).or(last);
                // A list by growing ids runs after rows that are added for ever; it need not.
                if added < 1_000 {
                    fill(&store, added..added + 3, &source).await;
                    added += 3;
                }
                if !page.more {
                    break;
                }
            }
            assert!(seen.values().all(|times| *times == 1), "twice: {sort_by:?} {order:?}");
            assert!(at_start.iter().all(|id| seen.contains_key(id)), "missed: {sort_by:?} {order:?}");
        }
    }
}

const ORDERS: [SortOrder; 2] = [SortOrder::Ascending, SortOrder::Descending];
