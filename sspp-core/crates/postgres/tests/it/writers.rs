//! Several writers at once, as several workers are.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use sspp_core::testing::builders::{at, dead_letter, signal};
use sspp_core::testing::servers::Kind;
use sspp_core::{Housekeeping as _, PgConfig, PgStore, Record, Signals as _, StoreError};

use super::fixture::{Site, patient};

const WRITERS: u64 = 8;
const BATCHES: u64 = 12;
const SIZE: u64 = 100;

/// The same hot accounts and partly the same events, in opposite orders: no deadlock, each event counts
/// once, and the figures equal a recount.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opposite_orders_neither_deadlock_nor_count_twice() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("writers").await;
    let config = PgConfig { connections: 8, ..patient(&url) };
    let store = PgStore::open(config).await.unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..BATCHES {
                    // Every second batch is everybody's.
                    let first = if number % 2 == 0 {
                        number * 1_000
                    } else {
                        (writer + 1) * 1_000_000 + number * 1_000
                    };
                    let mut batch: Vec<Record> = (first..first + SIZE)
                        .map(|number| {
                            let (account, user) =
                                (format!("hot_{}", number % 7), format!("hot_{}", number % 5));
                            signal(number).account(&account).user(&user).record()
                        })
                        .collect();
                    if number % 4 == 3 {
                        batch.push(Record::DeadLetter(dead_letter(first + SIZE)));
                        batch.push(signal(number / 4 * 4_000).account("hot_0").user("hot_0").record());
                    }
                    if writer % 2 == 1 {
                        batch.reverse();
                    }
                    store.record(batch).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    let shared = BATCHES / 2 * SIZE;
    let own = WRITERS * BATCHES / 2 * SIZE;
    let stats = store.stats().await.unwrap();
    assert_eq!(stats.signals, shared + own);
    let mut connection = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    assert_eq!(
        recount(&mut connection).await,
        (stats.signals, stats.accounts, stats.users, stats.score_units, stats.dead_letters)
    );
    let twice: i64 =
        sqlx::query_scalar("SELECT count(*) FROM dead_letters d JOIN signals s ON s.event_id = d.id")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(twice, 0);
}

/// Recorders of the same hot accounts in opposite orders, and several that remove what they recorded: nobody waits in a
/// circle, and the figures, slots included, equal a recount.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_while_recording_does_not_deadlock() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("expirers").await;
    let store = PgStore::open(PgConfig { connections: 9, ..patient(&url) }).await.unwrap();
    let recorders: Vec<_> = (0..6_u64)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for number in 0..25 {
                    // Every second batch is everybody's.
                    let of = if number % 2 == 0 { 0 } else { writer + 1 };
                    let first = of * 100_000 + number * 100;
                    let mut batch: Vec<Record> = (first..first + 60)
                        .map(|number| {
                            let (account, user) = (format!("a_{}", number % 11), format!("u_{}", number % 7));
                            signal(number).account(&account).user(&user).processed_at(at(1)).record()
                        })
                        .collect();
                    if number % 5 == writer % 5 {
                        batch.push(Record::DeadLetter(dead_letter(first + 90)));
                    }
                    if writer % 2 == 1 {
                        batch.reverse();
                    }
                    // An event that expires while it is recorded is the one thing that may stand in the way.
                    while let Err(error) = store.import(batch.clone()).await {
                        assert!(error.to_string().contains("expired"), "{error}");
                    }
                }
            })
        })
        .collect();
    let recorded = Arc::new(AtomicBool::new(false));
    let expirers: Vec<_> = (0..3)
        .map(|_| {
            let (store, recorded) = (Arc::clone(&store), Arc::clone(&recorded));
            tokio::spawn(async move {
                let mut gone = 0;
                while !recorded.load(Ordering::SeqCst) {
                    gone += store.expire_signals(at(2), 40).await.unwrap();
                    store.expire_dead_letters(at(61), 3).await.unwrap();
                }
                gone
            })
        })
        .collect();
    for recorder in recorders {
        recorder.await.unwrap();
    }
    recorded.store(true, Ordering::SeqCst);
    let mut gone = 0;
    for expirer in expirers {
        gone += expirer.await.unwrap();
    }
    assert!(gone > 1_000, "{gone} went");
    let stats = store.stats().await.unwrap();
    let mut connection = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    assert_eq!(
        recount(&mut connection).await,
        (stats.signals, stats.accounts, stats.users, stats.score_units, stats.dead_letters)
    );
    while store.expire_signals(at(2), 1_000).await.unwrap() > 0 {}
    let (accounts, users): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM account_tallies), (SELECT count(*) FROM user_tallies)")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!((accounts, users), (0, 0), "names without signals keep no row");
}

async fn recount(connection: &mut PgConnection) -> (u64, u64, u64, i64, u64) {
    let (signals, accounts, users, score, letters): (i64, i64, i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT account_id), count(DISTINCT user_id), coalesce(sum(score), 0)::bigint, \
         (SELECT count(*) FROM dead_letters) FROM signals",
    )
    .fetch_one(connection)
    .await
    .unwrap();
    let unsigned = |number: i64| u64::try_from(number).unwrap();
    (unsigned(signals), unsigned(accounts), unsigned(users), score, unsigned(letters))
}

/// Rows become visible out of the order of their ids; who follows forwards and stops below the oldest transaction that
/// is still open misses none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forward_reader_misses_no_late_commit() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("forward").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    store.record(vec![signal(1).record()]).await.unwrap();
    let options: PgConnectOptions = url.parse().unwrap();
    let (mut late, mut reader) = (options.connect().await.unwrap(), options.connect().await.unwrap());
    sqlx::raw_sql(
        "BEGIN; INSERT INTO signals (event_id, account_id, user_id, event_type, signal_type, score, timestamp, \
         received_at, processed_at, content, model, metadata) SELECT gen_random_uuid(), account_id, user_id, event_type, \
         signal_type, score, timestamp, received_at, processed_at, content, model, metadata FROM signals LIMIT 1",
    )
    .execute(&mut late)
    .await
    .unwrap();
    store.record(vec![signal(3).record()]).await.unwrap();
    let seen: Vec<i64> = follow(&mut reader, 0).await;
    assert_eq!(seen.len(), 1, "the third is hidden while the second may still come");
    sqlx::raw_sql("COMMIT").execute(&mut late).await.unwrap();
    assert_eq!(follow(&mut reader, seen[0]).await.len(), 2);
}

async fn follow(reader: &mut PgConnection, after: i64) -> Vec<i64> {
    sqlx::query_scalar(
        "SELECT id FROM signals WHERE id > $1 AND xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY id",
    )
    .bind(after)
    .fetch_all(reader)
    .await
    .unwrap()
}
