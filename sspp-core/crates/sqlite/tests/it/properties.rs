//! Any sequence of records leaves figures that equal a count of the rows.

use std::time::Duration;

use proptest::prelude::*;
use sqlx::Connection as _;
use sspp_core::testing::builders::{dead_letter, signal};
use sspp_core::testing::contract::StoreFixture as _;
use sspp_core::{
    Erasable, Erasure, Record, Signal, SignalFilter, SignalId, SignalQuery, SortBy, Store, Timestamp, Total,
};

use super::fixture::{fixture, fixture_with};

fn any_record() -> impl Strategy<Value = Record> {
    let content = (0_u64..30, 0..3, 0..3, 0_i64..4);
    prop_oneof![
        8 => content.prop_map(|(number, account, user, score)| signal(number)
            .account(&format!("acc {account} \"\\\u{1f600}'"))
            .user(&format!("\u{e9}\u{2028}{user}"))
            .score(score * 2_500)
            .record()),
        2 => (0_u64..30).prop_map(|number| Record::DeadLetter(dead_letter(number))),
        // Refused by the store: its whole batch must leave no trace.
        1 => (0_u64..30).prop_map(|number| signal(number).score(20_000_000).record()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn statistics_equal_a_recount(
        batches in prop::collection::vec(prop::collection::vec(any_record(), 1..12), 1..12),
        crash_after in 0_usize..12,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async move {
            let mut fixture = fixture().await;
            for (at, batch) in batches.into_iter().enumerate() {
                if at == crash_after {
                    fixture.crash().await;
                }
                let _ = fixture.store().record(batch).await;
            }
            let stats = fixture.store().stats().await.unwrap();
            let query = SignalQuery { limit: 1_000, ..SignalQuery::default() };
            let rows = fixture.store().signals(&query).await.unwrap().items;
            let distinct = |of: fn(&sspp_core::Event) -> String| {
                let names = rows.iter().map(|row| of(&row.recorded.accepted.event));
                names.collect::<std::collections::BTreeSet<_>>().len() as u64
            };
            assert_eq!(stats.signals, rows.len() as u64);
            assert_eq!(stats.accounts, distinct(|event| event.account_id.to_string()));
            assert_eq!(stats.users, distinct(|event| event.user_id.to_string()));
            assert_eq!(stats.score_units, rows.iter().map(|row| row.recorded.score.units().get()).sum::<i64>());
            let letters = fixture.store().recent_dead_letters(1_000).await.unwrap();
            assert_eq!(stats.dead_letters, letters.len() as u64);
        });
    }
}

/// More than one stretch of signals that are counted together, and crashes with a part of the next one not counted.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_many_signals_outlast_crashes() {
    let mut fixture = fixture().await;
    let account = |number: u64| format!("acc_{}", number % 7);
    for first in [0, 700, 1_400] {
        let batch = (first..first + 700).map(|number| signal(number).account(&account(number)).record());
        fixture.store().record(batch.collect()).await.unwrap();
        fixture.crash().await;
    }
    let stats = fixture.store().stats().await.unwrap();
    assert_eq!((stats.signals, stats.accounts), (2_100, 7));
    let filter = SignalFilter { account_id: Some(account(3).parse().unwrap()), ..SignalFilter::default() };
    assert_eq!(fixture.store().count(&filter).await.unwrap(), Total { count: 300, exact: true });
}

#[derive(Debug, Clone)]
enum Step {
    Record(Vec<(u64, u8, u8, i64)>),
    Crash,
    Expire(u32),
    Erase(u8),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => prop::collection::vec((0_u64..200, 0_u8..3, 0_u8..4, 0_i64..20), 1..12).prop_map(Step::Record),
        1 => Just(Step::Crash),
        1 => (1_u32..6).prop_map(Step::Expire),
        1 => (0_u8..3).prop_map(Step::Erase),
    ]
}

fn name(number: u8) -> String {
    format!("name {number}")
}

fn minute(number: i64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + number * 60_000_000).unwrap()
}

async fn take(step: Step, fixture: &mut super::fixture::Fixture) {
    let store = fixture.store();
    match step {
        Step::Record(rows) => {
            let row = |(number, account, user, at)| {
                let row = signal(number).account(&name(account)).user(&name(user)).timestamp(minute(at));
                row.processed_at(minute(100 - at)).record()
            };
            store.record(rows.into_iter().map(row).collect()).await.unwrap();
        }
        Step::Crash => {
            fixture.crash().await;
        }
        Step::Expire(max) => {
            store.expire_signals(minute(90), max).await.unwrap();
        }
        Step::Erase(account) => {
            let whom = Erasable::Account(name(account).parse().unwrap());
            store.begin_erasure(&Erasure { whom, up_to: minute(-1) }).await.unwrap();
            while store.erase_step(2).await.unwrap().is_some() {}
        }
    }
}

async fn ids(store: &dyn Store, filter: &SignalFilter, sort_by: SortBy) -> Vec<SignalId> {
    let query = SignalQuery { filter: filter.clone(), sort_by, limit: 1_000, ..SignalQuery::default() };
    store.signals(&query).await.unwrap().items.iter().map(|row| row.id).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever part of the signals the indexes have.
    #[test]
    fn lists_have_each_signal_once_in_their_order(steps in prop::collection::vec(any_step(), 1..20)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async move {
            let mut fixture = fixture().await;
            for step in steps {
                take(step, &mut fixture).await;
                let store = fixture.store();
                let all = SignalQuery { limit: 1_000, sort_by: SortBy::Id, ..SignalQuery::default() };
                let all = store.signals(&all).await.unwrap().items;
                let none = SignalFilter::default;
                let filters = [
                    none(),
                    SignalFilter { account_id: Some(name(1).parse().unwrap()), ..none() },
                    SignalFilter { user_id: Some(name(2).parse().unwrap()), ..none() },
                    SignalFilter { from: Some(minute(5)), to: Some(minute(12)), ..none() },
                    SignalFilter { user_id: Some(name(0).parse().unwrap()), from: Some(minute(9)), ..none() },
                ];
                for filter in filters {
                    let fits = |row: &&Signal| {
                        let event = &row.recorded.accepted.event;
                        filter.account_id.as_ref().is_none_or(|id| *id == event.account_id)
                            && filter.user_id.as_ref().is_none_or(|id| *id == event.user_id)
                            && filter.from.is_none_or(|from| from <= event.timestamp)
                            && filter.to.is_none_or(|to| event.timestamp < to)
                    };
                    let mut rows: Vec<_> = all.iter().filter(fits).collect();
                    assert_eq!(store.count(&filter).await.unwrap().count, rows.len() as u64, "{filter:?}");
                    rows.sort_by_key(|row| std::cmp::Reverse((row.recorded.processed_at, row.id)));
                    let expected: Vec<_> = rows.iter().map(|row| row.id).collect();
                    assert_eq!(ids(&*store, &filter, SortBy::ProcessedAt).await, expected, "{filter:?}");
                    rows.sort_by_key(|row| std::cmp::Reverse((row.recorded.accepted.event.timestamp, row.id)));
                    let expected: Vec<_> = rows.iter().map(|row| row.id).collect();
                    assert_eq!(ids(&*store, &filter, SortBy::Timestamp).await, expected, "{filter:?}");
                }
            }
            // Nothing stays of what was removed.
            let sql = "SELECT EXISTS (SELECT id FROM by_account UNION SELECT id FROM by_user UNION SELECT id FROM by_timestamp \
                       EXCEPT SELECT id FROM signals)";
            let stays: bool = sqlx::query_scalar(sql).fetch_one(&mut fixture.connect().await).await.unwrap();
            assert!(!stays);
        });
    }
}

/// What a failed transaction added to the indexes is gone with it.
#[tokio::test]
async fn a_window_that_failed_is_begun_anew() {
    let fixture = fixture().await;
    let record = async |account: u8, numbers: std::ops::Range<u64>| {
        let row = |number| signal(number).account(&name(account)).timestamp(minute(1)).record();
        fixture.store().record(numbers.map(row).collect()).await
    };
    let mut connection = fixture.connect().await;
    let fails = "CREATE TRIGGER fails BEFORE INSERT ON by_timestamp BEGIN SELECT RAISE(ABORT, 'no'); END";
    sqlx::query(fails).execute(&mut connection).await.unwrap();
    record(0, 0..4).await.unwrap_err();
    sqlx::query("DROP TRIGGER fails").execute(&mut connection).await.unwrap();
    record(1, 4..6).await.unwrap();
    for (account, found) in [(0, 0), (1, 2)] {
        let filter =
            SignalFilter { account_id: Some(name(account).parse().unwrap()), ..SignalFilter::default() };
        assert_eq!(ids(&*fixture.store(), &filter, SortBy::ProcessedAt).await.len(), found, "{account}");
    }
}

/// The size of a window does not matter then, and no write has to come first after a start.
#[tokio::test(start_paused = true)]
async fn an_idle_writer_brings_the_indexes_up_to_the_last_signal() {
    let mut fixture = fixture_with(|config| config.index_window = 4_096).await;
    for (crashes, last) in [(false, 1_500), (true, 3_000)] {
        let batch = (last - 1_500..last)
            .map(|number| signal(number).account(&format!("acc_{}", number % 7)).record());
        fixture.store().record(batch.collect()).await.unwrap();
        if crashes {
            fixture.crash().await;
        }
        let mut connection = fixture.connect().await;
        let sql = "SELECT indexed_to, (SELECT count(*) FROM by_account), (SELECT count(*) FROM by_user), \
                   (SELECT count(*) FROM by_timestamp) FROM totals";
        let last = i64::try_from(last).unwrap();
        let mut counts = (0, 0, 0, 0);
        while counts.0 < last {
            // Time stands still but for this.
            tokio::time::sleep(Duration::from_secs(1)).await;
            counts = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
        }
        assert_eq!(counts, (last, last, last, last));
        connection.close().await.unwrap();
    }
}

/// Other programs may read the tables then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_closed_in_order_has_its_figures() {
    let mut fixture = fixture().await;
    let batch = (0..5).map(|number| signal(number).record());
    fixture.store().record(batch.collect()).await.unwrap();
    fixture.close().await;
    let sql = "SELECT counted_to = (SELECT max(id) FROM signals) FROM totals";
    let is_whole: bool = sqlx::query_scalar(sql).fetch_one(&mut fixture.connect().await).await.unwrap();
    assert!(is_whole);
}
