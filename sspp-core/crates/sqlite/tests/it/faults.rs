//! Crashes, full disks and an end in the middle of work.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection as _};
use sspp_core::testing::builders::{event_id, signal};
use sspp_core::testing::contract::StoreFixture as _;
use sspp_core::{FailureClass, Record, SignalFilter, SignalQuery, StoreError, Timestamp};

use super::fixture::{Fixture, fixture, fixture_with};

#[tokio::test]
async fn what_was_asked_before_the_end_is_done_and_what_is_asked_after_it_is_refused() {
    let mut fixture = fixture().await;
    let store = fixture.store();
    let asked: Vec<_> = (0..32)
        .map(|number| {
            let store = fixture.store();
            tokio::spawn(async move { store.receive(vec![signal(number).record()]).await })
        })
        .collect();
    tokio::task::yield_now().await;
    fixture.close().await;
    let mut acknowledged = 0;
    for answer in asked {
        match answer.await.unwrap() {
            Ok(_) => acknowledged += 1,
            Err(error) => assert!(matches!(error, StoreError::Closed), "{error}"),
        }
    }
    assert!(matches!(store.receive(vec![signal(99).record()]).await, Err(StoreError::Closed)));
    assert!(matches!(store.ping().await, Err(StoreError::Closed)));
    assert!(matches!(store.stats().await, Err(StoreError::Closed)));
    drop(store);
    fixture.open().await;
    assert_eq!(fixture.store().stats().await.unwrap().signals, acknowledged);
}

/// A signal with metadata of so many bytes.
fn wide(number: u64, bytes: usize) -> Record {
    signal(number).metadata(&format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes))).record()
}

/// Receives events until the file is full, then smaller ones until the last page is gone; returns what was acknowledged.
async fn fill(fixture: &Fixture) -> BTreeSet<u64> {
    let store = fixture.store();
    let (mut acknowledged, mut number) = (BTreeSet::new(), 0);
    for bytes in [2_000, 1] {
        loop {
            number += 1;
            match store.receive(vec![wide(number, bytes)]).await {
                Ok(_) => acknowledged.insert(number),
                Err(error) => {
                    assert!(matches!(error, StoreError::Storage { .. }), "{error}");
                    assert_eq!(error.class(), FailureClass::Infrastructure);
                    break;
                }
            };
        }
    }
    acknowledged
}

/// What is there, by its event.
async fn is_there(fixture: &Fixture, expected: &BTreeSet<u64>) {
    let query = SignalQuery { limit: 5_000, ..SignalQuery::default() };
    let rows = fixture.store().signals(&query).await.unwrap().items;
    let events: BTreeSet<_> = rows.iter().map(|row| row.recorded.accepted.event_id).collect();
    assert_eq!(events, expected.iter().map(|number| event_id(*number)).collect());
    assert_eq!(fixture.store().stats().await.unwrap().signals, expected.len() as u64);
}

/// Removes so many of the oldest signals.
async fn expire(fixture: &Fixture, signals: u32) {
    assert_eq!(fixture.store().expire_signals(Timestamp::MAX, signals).await.unwrap(), signals);
}

fn full() -> impl FnOnce(&mut sspp_core::SqliteConfig) {
    |config| config.max_file_bytes = Some(600_000)
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_heals() {
    let mut fixture = fixture_with(full()).await;
    let mut acknowledged = fill(&fixture).await;
    assert!(acknowledged.len() > 50);
    let error = fixture.store().record(vec![wide(90_000, 9_000)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Storage { .. }), "{error}");
    is_there(&fixture, &acknowledged).await;

    // What is there can be taken out, and that makes room.
    expire(&fixture, 20).await;
    acknowledged = acknowledged.into_iter().skip(20).collect();
    fixture.store().record(vec![wide(90_000, 9_000)]).await.unwrap();
    fixture.store().receive(vec![signal(100_000).record()]).await.unwrap();
    acknowledged.extend([90_000, 100_000]);

    fixture.close().await;
    fixture.config.max_file_bytes = None;
    fixture.open().await;
    is_there(&fixture, &acknowledged).await;
    fixture
        .store()
        .receive((200_000..200_500).map(|number| signal(number).record()).collect())
        .await
        .unwrap();
}

/// The figures of new names need pages, which a full file does not have. To read needs none.
#[tokio::test]
async fn figures_can_be_read_while_the_disk_is_full() {
    let fixture = fixture_with(full()).await;
    let store = fixture.store();
    let name = |kind: &str, number: u64| format!("{kind}{number:->240}");
    let mut signals = 0;
    let of = |number| signal(number).account(&name("account", number)).user(&name("user", number)).record();
    while store.receive(vec![of(signals + 1)]).await.is_ok() {
        signals += 1;
    }
    assert!(signals > 50, "{signals}");
    let stats = store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.accounts, stats.users), (signals, signals, signals));
    let by_account = SignalFilter { account_id: name("account", 7).parse().ok(), ..SignalFilter::default() };
    let by_user = SignalFilter { user_id: name("user", 7).parse().ok(), ..SignalFilter::default() };
    for (filter, count) in [(SignalFilter::default(), signals), (by_account, 1), (by_user, 1)] {
        assert_eq!(store.count(&filter).await.unwrap().count, count, "{filter:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_not_ready_until_there_is_room() {
    let fixture = fixture_with(full()).await;
    fixture.store().ping().await.unwrap();
    fill(&fixture).await;
    assert!(matches!(fixture.store().ping().await, Err(StoreError::Storage { .. })));
    expire(&fixture, 40).await;
    fixture.store().ping().await.unwrap();
}

#[tokio::test]
async fn a_ping_of_a_full_file_undoes_no_work() {
    let fixture = fixture_with(full()).await;
    let acknowledged = fill(&fixture).await;
    // No page is left, and the file is not proven to take one.
    let store = fixture.store();
    let (pinged, expired) = tokio::join!(store.ping(), store.expire_signals(Timestamp::MAX, 40));
    assert_eq!(expired.unwrap(), 40);
    // It comes after the work and finds the room, or before it.
    drop(pinged);
    store.ping().await.unwrap();
    is_there(&fixture, &acknowledged.into_iter().skip(40).collect()).await;
}

#[tokio::test]
async fn a_failed_write_takes_no_room() {
    let fixture = fixture_with(full()).await;
    let acknowledged = fill(&fixture).await;
    for number in 0..3 {
        fixture.store().receive(vec![wide(90_000 + number, 50_000)]).await.unwrap_err();
    }
    is_there(&fixture, &acknowledged).await;
}

/// A schema that refuses every row is no event's fault; one that refuses some rows leaves an ordinary signal in.
#[tokio::test]
async fn a_schema_that_refuses_everything_is_no_signals_fault() {
    let mut fixture = fixture().await;
    fixture.close().await;
    let refuse = |when: &str| {
        format!(
            "CREATE TRIGGER refuse BEFORE INSERT ON signals WHEN {when} BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    };
    for (when, at_fault) in [("true", None), ("NEW.account_id = 'acc_9'", Some(true)), ("false", Some(false))]
    {
        let mut connection = fixture.connect().await;
        sqlx::raw_sql(AssertSqlSafe(refuse(when))).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        fixture.open().await;
        let (store, suspect) = (fixture.store(), signal(1).account("acc_9"));
        let recorded = store.record(vec![suspect.clone().record()]).await;
        assert_eq!(recorded.is_ok(), at_fault == Some(false), "{when}: {recorded:?}");
        let answer = store.is_at_fault(&suspect.build(), &"x".into()).await;
        match (at_fault, answer) {
            (Some(expected), answer) => assert_eq!(answer.unwrap(), expected, "{when}"),
            (None, answer) => assert!(matches!(answer, Err(StoreError::Setup { .. })), "{when}: {answer:?}"),
        }
        drop(store);
        fixture.close().await;
        let mut connection = fixture.connect().await;
        sqlx::raw_sql("DROP TRIGGER refuse").execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }
}
