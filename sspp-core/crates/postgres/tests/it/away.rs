//! What is said of a database that cannot be used: its address, the cause and what to do, and never the password.

use std::time::{Duration, Instant};

use sspp_core::testing::servers::{Kind, server};
use sspp_core::{LegacySignals, PgConfig, PgStore, SignalId, StoreError, StoreStatus as _};

/// What the store, a migration and a reader of the predecessor's table say.
async fn said(url: &str) -> [String; 3] {
    let store = PgStore::open(PgConfig::new(url)).await.unwrap();
    let began = Instant::now();
    let away = store.ping().await.unwrap_err();
    // A monitor asks for two seconds, and is to hear the cause.
    assert!(began.elapsed() < Duration::from_millis(1_900), "{url}: {:?}", began.elapsed());
    assert!(matches!(away, StoreError::Unavailable { .. }), "{away}");
    let migrated = store.migrate().await.unwrap_err();
    let legacy = LegacySignals::connect(url).await.unwrap_err();
    [away.to_string(), migrated.to_string(), legacy.to_string()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_named_with_the_cause() {
    for (host, cause) in
        [("127.0.0.1:1", "Connection refused"), ("nowhere.invalid:5432", "check the host name")]
    {
        for said in said(&format!("postgres://u:hunter2@{host}/sales")).await {
            assert!(said.contains(host) && said.contains("database sales") && said.contains(cause), "{said}");
            assert!(!said.contains("hunter2") && !said.contains("pool"), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_logins_is_named_with_the_cause() {
    let Some(server) = server(Kind::Postgres17).await else { return };
    let (_, rest) = server.url.split_once('@').unwrap();
    let (host, _) = rest.split_once('/').unwrap();
    let (own, _) = server.url.rsplit_once('/').unwrap();
    for (url, cause) in [
        (format!("postgres://stranger:hunter2@{host}/postgres"), "check user and password"),
        (format!("{own}/nowhere"), "create the database, or choose another"),
        (format!("{own}/postgres?sslmode=require"), "check sslmode in the URL"),
    ] {
        for said in said(&url).await {
            assert!(said.contains(cause) && said.contains(host), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_pool_differs_from_a_server_that_is_away() {
    let Some(server) = server(Kind::Postgres17).await else { return };
    let config = PgConfig { connections: 1, ..PgConfig::new(&server.url) };
    let store = PgStore::open(config).await.unwrap();
    store.migrate().await.unwrap();
    let mut locking = <sqlx::PgConnection as sqlx::Connection>::connect(&server.url).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE signals IN ACCESS EXCLUSIVE MODE").execute(&mut locking).await.unwrap();
    // The only connection waits for the lock.
    let port = store.port();
    let (waits, late) = tokio::join!(port.signal(SignalId::new(1)), async {
        tokio::task::yield_now().await;
        port.now().await
    });
    assert!(waits.is_err());
    let said = late.unwrap_err().to_string();
    assert!(said.contains("all 1 connections of this process are in use"), "{said}");
}
