//! The contract of [`SignalStore`], case by case.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "these functions are tests: they fail by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::StoreFixture;
use crate::testing::builders::{SignalBuilder, at, dead_letter, event_id, model, signal};
use crate::{
    AccountId, CursorKey, DeadLetterId, DeadLetterReason, EventType, FailureClass, NewSignal, Position,
    Random, Record, Recorded, Score, SeededRandom, Signal, SignalFilter, SignalId, SignalQuery, SignalStats,
    SignalStore, SignalType, SortBy, SortOrder, StoreError, Total, Units, UserId,
};

const ORDERS: [SortOrder; 2] = [SortOrder::Ascending, SortOrder::Descending];

async fn record_one(store: &Arc<dyn SignalStore>, record: Record) -> Recorded {
    let mut answers = store.record(vec![record]).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers.remove(0)
}

fn signal_id(recorded: Recorded) -> SignalId {
    match recorded {
        Recorded::Signal(id) => id,
        other => panic!("{other:?} is not a new signal"),
    }
}

fn random(source: &SeededRandom, below: u64) -> u64 {
    source.next_u64() % below
}

/// A signal whose columns vary, with few different values in each.
fn varied(number: u64, source: &SeededRandom) -> SignalBuilder {
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

async fn fill(store: &Arc<dyn SignalStore>, numbers: std::ops::Range<u64>, source: &SeededRandom) {
    let batch = numbers.map(|number| varied(number, source).record()).collect();
    store.record(batch).await.unwrap();
}

async fn all(store: &Arc<dyn SignalStore>, query: SignalQuery) -> Vec<Signal> {
    let page = store.signals(&SignalQuery { limit: 50_000, ..query }).await.unwrap();
    assert!(!page.more);
    page.items
}

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
        letter.detail = "größer, \"quoted\", and \u{1f600}".to_owned();
        let recorded = record_one(&store, Record::DeadLetter(letter.clone())).await;
        assert_eq!(recorded, Recorded::DeadLetter(letter.id));
        let mut changed = letter.clone();
        changed.detail = "another".to_owned();
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

fn refused(number: u64) -> Record {
    signal(number).score(10_000_100).record()
}

/// One bad record undoes its batch, whole; halves find it.
pub async fn refused_data_records_nothing(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    let batch = || {
        let mut batch: Vec<_> = (0..500).map(|number| signal(number).record()).collect();
        batch[321] = refused(321);
        batch.push(Record::DeadLetter(dead_letter(600)));
        batch
    };
    let error = store.record(batch()).await.unwrap_err();
    assert!(matches!(error, StoreError::Data { .. }), "{error}");
    assert_eq!(error.class(), FailureClass::Data);
    assert_eq!(store.stats().await.unwrap(), SignalStats::default());
    let mut suspects = batch();
    while suspects.len() > 1 {
        let half = suspects.split_off(suspects.len() / 2);
        if store.record(suspects.clone()).await.is_ok() {
            suspects = half;
        } else {
            store.record(half).await.unwrap();
        }
    }
    assert_eq!(suspects, [refused(321)]);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters, stats.score_units), (499, 1, 499 * 5_000));
}

/// A batch that is refused takes no other with it, though they come at the same time.
pub async fn refused_data_harms_no_other_batch(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    let tasks: Vec<_> = (0..40)
        .map(|number| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let bad = number % 4 == 0;
                let last = if bad { refused(number * 10 + 2) } else { signal(number * 10 + 2).record() };
                let batch = vec![signal(number * 10).record(), signal(number * 10 + 1).record(), last];
                assert_eq!(store.record(batch).await.is_err(), bad, "batch {number}");
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.score_units), (90, 90 * 5_000));
}

/// Eight pipelines that record the same events in different orders make one signal of each.
pub async fn concurrent_batches_count_each_event_once(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    let tasks: Vec<_> = (0..8_u64)
        .map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut new = 0;
                for round in 0..10 {
                    let mut numbers: Vec<u64> = (round * 20..round * 20 + 20).collect();
                    numbers.rotate_left(usize::try_from(task * 2).unwrap());
                    let batch = numbers.iter().map(|number| signal(*number).record()).collect();
                    let answers = store.record(batch).await.unwrap();
                    new += answers.iter().filter(|answer| matches!(answer, Recorded::Signal(_))).count();
                }
                new
            })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += task.await.unwrap();
    }
    assert_eq!(new, 200);
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.accounts, stats.users, stats.dead_letters), (200, 1, 1, 0));
    assert_eq!(all(&store, SignalQuery::default()).await.len(), 200);
}

/// What [`SignalStore::stats`] should say, counted from the rows; `None` where rows cannot tell.
async fn recount(store: &Arc<dyn SignalStore>) -> SignalStats {
    let mut stats = SignalStats::default();
    let (mut accounts, mut users) = (BTreeSet::new(), BTreeSet::new());
    for Signal { recorded, .. } in all(store, SignalQuery::default()).await {
        let NewSignal { accepted, signal_type, score, .. } = recorded;
        stats.signals += 1;
        stats.score_units += score.units().get();
        *stats.by_signal_type.entry(signal_type).or_default() += 1;
        *stats.by_event_type.entry(accepted.event.event_type).or_default() += 1;
        accounts.insert(accepted.event.account_id);
        users.insert(accepted.event.user_id);
    }
    (stats.accounts, stats.users) = (accounts.len() as u64, users.len() as u64);
    stats.dead_letters = store.recent_dead_letters(50_000).await.unwrap().len() as u64;
    stats.sort();
    stats
}

/// After any mixture of new, known, conflicting, dead and refused events the figures are those of the rows.
pub async fn stats_equal_a_recount(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    let source = SeededRandom::new(42);
    for _ in 0..60 {
        let batch: Vec<_> = (0..random(&source, 30))
            .map(|_| {
                let number = random(&source, 300);
                match random(&source, 40) {
                    0..4 => Record::DeadLetter(dead_letter(number)),
                    4 if random(&source, 4) == 0 => refused(number),
                    // Mostly the same content for the same number.
                    5..8 => varied(number, &source).record(),
                    _ => varied(number, &SeededRandom::new(number)).record(),
                }
            })
            .collect();
        // Refused batches are part of the mixture.
        let _ = store.record(batch).await;
        let stats = store.stats().await.unwrap();
        let expected = recount(&store).await;
        assert_eq!(stats, expected);
        let order = |stats: &SignalStats| stats.by_event_type.keys().cloned().collect::<Vec<_>>();
        assert_eq!(order(&stats), order(&expected), "the most frequent first");
    }
    let stats = store.stats().await.unwrap();
    assert!(stats.signals > 200 && stats.dead_letters > 10, "the mixture is one: {stats:?}");
}

/// Totals of one dimension are exact however many there are; others are counted up to 10,000.
pub async fn counts_are_exact_or_bounded(fixture: &mut dyn StoreFixture) {
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
pub async fn filters_select(fixture: &mut dyn StoreFixture) {
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
pub async fn lists_are_sorted(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    fill(&store, 0..200, &SeededRandom::new(2)).await;
    for (sort_by, order) in sorts() {
        for filter in [SignalFilter::default(), filters().remove(1), filters().remove(2)] {
            let rows = all(&store, SignalQuery { filter, sort_by, order, ..SignalQuery::default() }).await;
            let keys: Vec<_> = rows.iter().map(|signal| sort_by.key_of(signal)).collect();
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
pub async fn offsets_skip(fixture: &mut dyn StoreFixture) {
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
pub async fn pages_return_each_row_once(fixture: &mut dyn StoreFixture) {
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
                last = page.items.last().map(|signal| sort_by.key_of(signal)).or(last);
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

/// `processed_at` is raised where it would fall, also when the clock was set back.
pub async fn processed_at_never_falls(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    for (number, second) in [(1, 100), (2, 50), (3, 200), (4, 199)] {
        store.record(vec![signal(number).processed_at(at(second)).record()]).await.unwrap();
    }
    let rows = all(
        &store,
        SignalQuery { sort_by: SortBy::Id, order: SortOrder::Ascending, ..SignalQuery::default() },
    )
    .await;
    assert!(rows.iter().map(|signal| signal.recorded.processed_at).is_sorted());
    assert!(rows[3].recorded.processed_at >= at(199));
    assert_eq!(rows[1].recorded.accepted.received_at, at(50), "only this instant is raised");
}

/// A model is kept as it first came under its digest.
pub async fn models_are_kept_by_digest(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    assert_eq!(store.model(model(1).digest).await.unwrap(), None);
    store.put_model(&model(1)).await.unwrap();
    store.put_model(&model(2)).await.unwrap();
    let mut changed = model(1);
    changed.name = "another".to_owned();
    store.put_model(&changed).await.unwrap();
    assert_eq!(store.model(model(1).digest).await.unwrap(), Some(model(1)));
    assert_eq!(store.model(model(2).digest).await.unwrap(), Some(model(2)));
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

/// What was recorded is there after a crash, and ids go on growing.
pub async fn a_crash_loses_nothing(fixture: &mut dyn StoreFixture) {
    let store = fixture.store();
    fill(&store, 0..100, &SeededRandom::new(5)).await;
    record_one(&store, Record::DeadLetter(dead_letter(500))).await;
    store.put_model(&model(1)).await.unwrap();
    let before = (all(&store, SignalQuery::default()).await, store.stats().await.unwrap());
    drop(store);
    if !fixture.crash().await {
        return;
    }
    let store = fixture.store();
    assert_eq!((all(&store, SignalQuery::default()).await, store.stats().await.unwrap()), before);
    assert_eq!(store.model(model(1).digest).await.unwrap(), Some(model(1)));
    let highest = before.0[0].id;
    let again = varied(7, &SeededRandom::new(9)).record();
    assert!(matches!(record_one(&store, again).await, Recorded::Conflict(_) | Recorded::Duplicate(_)));
    assert!(signal_id(record_one(&store, signal(600).record()).await) > highest);
    record_one(&store, signal(500).record()).await;
    assert_eq!(
        store.dead_letter(dead_letter(500).id).await.unwrap(),
        None,
        "letters are known after a crash"
    );
}
