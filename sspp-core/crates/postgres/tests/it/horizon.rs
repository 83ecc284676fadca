//! Reading forwards beside transactions that commit out of order, and questions that read too much.

use sqlx::{Connection as _, PgConnection};
use sspp_core::testing::builders::{at, dead_letter, event_id, signal};
use sspp_core::testing::servers::Kind;
use sspp_core::{
    DeadLetters as _, EventId, Horizon, NewDeadLetter, PgConfig, PgStore, Record, SignalFilter, SignalQuery,
    SignalType, Signals as _, SortBy, SortOrder, StoreError, StoreStatus as _, Timestamp,
};

use super::fixture::Site;

async fn until(store: &PgStore, horizon: Horizon) -> Vec<EventId> {
    let query = SignalQuery {
        sort_by: SortBy::Id,
        order: SortOrder::Ascending,
        until: Some(horizon),
        limit: 100,
        ..SignalQuery::default()
    };
    store.signals(&query).await.unwrap().items.iter().map(sspp_core::Signal::event_id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_held_open_holds_back_those_that_commit_after_it() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("horizon").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    store.record(vec![signal(1).record()]).await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(
        "BEGIN; INSERT INTO signals (event_id, account_id, user_id, event_type, signal_type, score, timestamp, \
         received_at, processed_at, content, model, metadata) \
         SELECT '0197d3c5-5c00-7000-8000-000000000002', account_id, user_id, event_type, signal_type, score, timestamp, \
         received_at, processed_at, content, model, metadata FROM signals",
    )
    .execute(&mut other)
    .await
    .unwrap();
    store.record(vec![signal(3).record()]).await.unwrap();
    let early = store.horizon().await.unwrap();
    assert_eq!(until(&store, early).await, [event_id(1)], "the third would be followed by the second");
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(until(&store, early).await, [event_id(1)], "what was read once does not grow");
    store.record(vec![signal(4).record()]).await.unwrap();
    let late = store.horizon().await.unwrap();
    assert_eq!(until(&store, late).await, [event_id(1), event_id(2), event_id(3), event_id(4)]);

    // Restored from a server that had seen more transactions: they are there all the same, and new ones are not.
    sqlx::raw_sql("UPDATE signals SET xact = '999999999999'::xid8 WHERE id <= 2")
        .execute(&mut other)
        .await
        .unwrap();
    let restored = store.horizon().await.unwrap();
    store.record(vec![signal(5).record()]).await.unwrap();
    assert_eq!(until(&store, restored).await, [event_id(1), event_id(2), event_id(3), event_id(4)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_without_an_index_is_given_up_and_keeps_no_connection() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("broad").await;
    let store = PgStore::open(PgConfig { connections: 2, ..PgConfig::new(&url) }).await.unwrap();
    store.record(vec![signal(1).record()]).await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE signals IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
    let by_score = SignalQuery { sort_by: SortBy::Score, ..SignalQuery::default() };
    let filter =
        SignalFilter { signal_type: Some(SignalType::INTENT), from: Some(at(0)), ..SignalFilter::default() };
    for _ in 0..2 {
        let (list, count) = tokio::join!(store.signals(&by_score), store.count(&filter));
        assert!(matches!(list.unwrap_err(), StoreError::TooBroad { after_ms: 2_000 }));
        assert!(matches!(count.unwrap_err(), StoreError::TooBroad { after_ms: 2_000 }));
    }
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    assert_eq!(store.signals(&by_score).await.unwrap().items.len(), 1);
}

/// Imported signals keep their times; those of the pipeline get the server's, not the worker's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workers_clock_dates_nothing() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let store = site.store("import").await;
    let ahead = Timestamp::parse("2100-01-01").unwrap();
    let letter = NewDeadLetter { died_at: ahead, ..dead_letter(3) };
    let before = store.now().await.unwrap();
    let batch = vec![signal(1).processed_at(ahead).record(), Record::DeadLetter(letter.clone())];
    store.record(batch).await.unwrap();
    let recorded = store.signal_of_event(event_id(1)).await.unwrap().unwrap().recorded;
    let died = store.dead_letter(letter.id).await.unwrap().unwrap().died_at;
    let after = store.now().await.unwrap();
    for at in [recorded.processed_at, died] {
        assert!((before..=after).contains(&at), "{before} {at} {after}");
    }
    assert_eq!(recorded.accepted.received_at, ahead, "that is the queue's");
    store.import(vec![signal(2).processed_at(at(5)).record()]).await.unwrap();
    let imported = store.signal_of_event(event_id(2)).await.unwrap().unwrap();
    assert_eq!(imported.recorded.processed_at, at(5));
}
