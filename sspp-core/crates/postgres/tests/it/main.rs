//! The store on PostgreSQL: the contract on the oldest and the newest release, and what is particular to a server.
#![expect(clippy::unwrap_used, reason = "fixtures are parts of tests: they fail by panicking")]

mod away;
mod fixture;
mod horizon;
mod plans;
mod pooler;
mod schema;
mod settings;
mod writers;

use sqlx::{Connection as _, PgConnection};
use sspp_core::testing::builders::{at, model, signal};
use sspp_core::testing::eventually;
use sspp_core::testing::servers::{Kind, server};
use sspp_core::{FailureClass, PgConfig, PgStore, Signals as _, StoreError, StoreStatus as _};
use std::time::Duration;

use fixture::Site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_17_keeps_the_contract() {
    keeps_the_contract(Kind::Postgres17).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_15_keeps_the_contract() {
    keeps_the_contract(Kind::Postgres15).await;
}

async fn keeps_the_contract(kind: Kind) {
    let Some(site) = Site::on(kind).await else { return };
    let make = async |case: &str| site.fixture(case).await;
    sspp_core::store_contract!(all in one: make);
}

/// Servers that answer and would refuse a signal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_takes_no_signals_is_not_ready() {
    for kind in [Kind::Postgres15, Kind::Postgres17] {
        let Some(server) = server(kind).await else { return };
        let store = PgStore::open(PgConfig::new(&server.url)).await.unwrap();
        store.migrate().await.unwrap();
        store.ping().await.unwrap();
        store.port().put_model(&model(0)).await.unwrap();
        store.close().await;
        let mut connection = PgConnection::connect(&server.url).await.unwrap();
        sqlx::raw_sql(
            "CREATE ROLE reader LOGIN PASSWORD 'secret'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; \
             CREATE ROLE writer LOGIN PASSWORD 'secret'; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO writer; \
             CREATE ROLE counts_nothing LOGIN PASSWORD 'secret'; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO counts_nothing; \
             REVOKE UPDATE ON totals FROM counts_nothing; \
             CREATE ROLE filled LOGIN PASSWORD 'secret'; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO filled; \
             ALTER ROLE filled SET temp_file_limit = 0; \
             CREATE ROLE frozen LOGIN PASSWORD 'secret'; \
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO frozen; \
             ALTER ROLE frozen SET default_transaction_read_only = on",
        )
        .execute(&mut connection)
        .await
        .unwrap();
        // A limit of the disk's room stands for a full disk: both are refused as 53.
        for (role, refusal) in [
            ("writer", None),
            ("reader", Some("no right to write")),
            ("counts_nothing", Some("no right to write")),
            ("filled", Some("53400")),
            ("frozen", Some("no writes")),
        ] {
            let url = server.url.replace("postgres:postgres@", &format!("{role}:secret@"));
            let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
            match (store.ping().await, refusal) {
                (Ok(()), None) => {}
                (Err(StoreError::Storage { reason }), Some(said)) if reason.contains(said) => {}
                (answer, _) => panic!("{kind:?}, {role}: {answer:?}"),
            }
            store.close().await;
        }
        let url = server.url.replace("postgres:postgres@", "reader:secret@");
        let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
        let error = store.record(vec![signal(1).record()]).await.unwrap_err();
        assert!(matches!(error, StoreError::Storage { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_run_once_with_concurrent_callers() {
    let Some(server) = server(Kind::Postgres17).await else { return };
    let store = PgStore::open(PgConfig::new(&server.url)).await.unwrap();
    let error = store.ping().await.unwrap_err();
    assert!(matches!(error, StoreError::Setup { .. }), "{error}");
    assert!(error.to_string().contains("sspp-worker migrate"), "{error}");
    assert_eq!(
        store.record(vec![signal(1).record()]).await.unwrap_err().class(),
        FailureClass::Infrastructure
    );
    let runs: Vec<_> = (0..4)
        .map(|_| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move { store.migrate().await.unwrap() })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
    store.ping().await.unwrap();
    assert_eq!(store.migrate().await.unwrap(), 0);

    let mut connection = PgConnection::connect(&server.url).await.unwrap();
    let run = |sql: &'static str| sqlx::query(sql);
    run("ALTER DATABASE postgres SET default_transaction_read_only = on")
        .execute(&mut connection)
        .await
        .unwrap();
    store.close().await;
    assert!(matches!(store.ping().await.unwrap_err(), StoreError::Closed));
    let store = PgStore::open(PgConfig::new(&server.url)).await.unwrap();
    assert!(matches!(store.ping().await.unwrap_err(), StoreError::Storage { .. }));
    let error = store.record(vec![signal(1).record()]).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Infrastructure, "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_statements_dead_connections_and_a_frozen_server_are_infrastructure() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("faults").await;
    let config =
        PgConfig { statement_timeout: Duration::from_secs(1), connections: 2, ..PgConfig::new(&url) };
    let store = PgStore::open(config).await.unwrap();
    store.record(vec![signal(1).record()]).await.unwrap();

    let mut other = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'; \
         CREATE TRIGGER slow BEFORE INSERT ON signals FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    .execute(&mut other)
    .await
    .unwrap();
    let error = store.record(vec![signal(2).record()]).await.unwrap_err();
    assert!(matches!(error, StoreError::Timeout { .. }), "{error}");
    sqlx::raw_sql("DROP TRIGGER slow ON signals").execute(&mut other).await.unwrap();
    store.record(vec![signal(2).processed_at(at(2)).record()]).await.unwrap();

    // Everyone's connection is ended from outside: at most one call each notices.
    sqlx::query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'sspp'")
        .execute(&mut other)
        .await
        .unwrap();
    eventually("the store is back", async || store.record(vec![signal(3).record()]).await.is_ok()).await;

    if site.server.is_container() {
        docker("pause", site.server.container_id());
        for _ in 0..3 {
            let error = store.record(vec![signal(4).record()]).await.unwrap_err();
            assert_eq!(error.class(), FailureClass::Infrastructure, "{error}");
        }
        docker("unpause", site.server.container_id());
        eventually("the store is back", async || store.record(vec![signal(4).record()]).await.is_ok()).await;
    }
    assert_eq!(store.stats().await.unwrap().signals, 4);
}

fn docker(command: &str, container: &str) {
    let ran = std::process::Command::new("docker").args([command, container]).output().unwrap();
    assert!(ran.status.success(), "docker {command}: {}", String::from_utf8_lossy(&ran.stderr));
}
