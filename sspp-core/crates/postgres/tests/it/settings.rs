//! Settings of a server, a database or a role that would undo a promise: set on our own connections, reported, or refused.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use sspp_core::testing::builders::signal;
use sspp_core::testing::servers::Kind;
use sspp_core::{
    Durability, LegacyError, LegacySignals, PgConfig, PgOpenError, PgStore, Signals as _, StoreError,
    StoreStatus as _,
};

use super::fixture::Site;

async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for statement in sql.split("; ") {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

/// What the writers of a table see, as a trigger writes it down.
const NOTES: &str = "CREATE TABLE notes (name text, value text); \
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN INSERT INTO notes SELECT name, setting FROM pg_settings; RETURN NULL; END'; \
    CREATE TRIGGER note AFTER INSERT ON signals FOR EACH STATEMENT EXECUTE FUNCTION note()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_promise_leans_on_is_set_on_every_connection() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("odd_settings").await;
    let mut other = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(NOTES).execute(&mut other).await.unwrap();
    for setting in [
        "synchronous_commit = off",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "TimeZone = 'Asia/Kathmandu'",
        "DateStyle = 'SQL, DMY'",
        "standard_conforming_strings = off",
        "bytea_output = 'escape'",
        "extra_float_digits = -5",
        "statement_timeout = '7s'",
        "lock_timeout = '7s'",
        "transaction_timeout = '7s'",
        "idle_in_transaction_session_timeout = '7s'",
        "idle_session_timeout = '7s'",
        "array_nulls = off",
        "row_security = on",
    ] {
        run(&site.server.url, &format!("ALTER DATABASE odd_settings SET {setting}")).await;
    }
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    store.record(vec![signal(1).record(), signal(2).from_source("crm", "7").record()]).await.unwrap();
    assert_eq!(store.durability().await.unwrap(), Durability::Durable);
    for (name, expected) in [
        ("synchronous_commit", "on"),
        ("transaction_isolation", "read committed"),
        ("transaction_deferrable", "off"),
        ("TimeZone", "UTC"),
        ("standard_conforming_strings", "on"),
        ("statement_timeout", "10000"),
        ("lock_timeout", "5000"),
        ("idle_in_transaction_session_timeout", "10000"),
        ("transaction_timeout", "0"),
        ("idle_session_timeout", "0"),
        ("row_security", "off"),
    ] {
        let value: String = sqlx::query_scalar("SELECT value FROM notes WHERE name = $1")
            .bind(name)
            .fetch_one(&mut other)
            .await
            .unwrap();
        assert_eq!(value, expected, "{name}");
    }
    // What is stricter stays.
    run(&site.server.url, "ALTER DATABASE odd_settings SET synchronous_commit = remote_apply").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    store.record(vec![signal(3).record()]).await.unwrap();
    let strictest: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT value FROM notes WHERE name = 'synchronous_commit' ORDER BY 1")
            .fetch_all(&mut other)
            .await
            .unwrap();
    assert_eq!(strictest, ["on", "remote_apply"]);
}

/// Settings that no session can change are reported.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_set_is_a_risk() {
    let Some(site) = Site::on(Kind::Postgres15).await else { return };
    let url = site.database("risks").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    assert_eq!(store.durability().await.unwrap(), Durability::Durable);
    for (on, off, named) in [
        ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM RESET fsync", "fsync = off"),
        (
            "ALTER SYSTEM SET full_page_writes = off",
            "ALTER SYSTEM RESET full_page_writes",
            "full_page_writes = off",
        ),
        (
            "ALTER DATABASE risks SET zero_damaged_pages = on",
            "ALTER DATABASE risks RESET zero_damaged_pages",
            "zero_damaged_pages = on",
        ),
        (
            "ALTER DATABASE risks SET ignore_checksum_failure = on",
            "ALTER DATABASE risks RESET ignore_checksum_failure",
            "ignore_checksum_failure = on",
        ),
        ("ALTER TABLE signals SET UNLOGGED", "ALTER TABLE signals SET LOGGED", "the table signals"),
    ] {
        run(&url, &format!("{on}; SELECT pg_reload_conf()")).await;
        let seen = async |risks: usize| {
            sspp_core::testing::eventually("the setting is seen", async || {
                // A new connection sees what the database is set to.
                let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
                let durability = store.durability().await.unwrap();
                store.close().await;
                durability.at_risk().len() == risks
                    && durability.at_risk().iter().all(|risk| risk.contains(named))
            })
            .await;
        };
        seen(1).await;
        run(&url, &format!("{off}; SELECT pg_reload_conf()")).await;
        seen(0).await;
    }
}

/// A database that cannot hold every text is refused, and none of its rows is touched; the predecessor's may be one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    for encoding in ["LATIN1", "EUC_JP"] {
        let name = format!("in_{}", encoding.to_lowercase());
        let create = format!(
            "CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        run(&site.server.url, &create).await;
        let url = site.url(&name);
        let refused = PgStore::open(PgConfig::new(&url)).await.unwrap_err();
        assert!(matches!(refused, PgOpenError::Encoding(_)), "{refused}");
        for named in [encoding, "CREATE DATABASE", "UTF8"] {
            assert!(refused.to_string().contains(named), "{refused}");
        }
        let mut legacy = LegacySignals::connect(&url).await.unwrap();
        let error = legacy.count_after(0).await.unwrap_err();
        assert!(matches!(error, LegacyError::NoTable { .. }), "its table is missing, that is all: {error}");
        assert!(error.to_string().contains(&format!("database {name}")), "{error}");
    }
    // The server was away at the start, and another database is there now.
    let url = site.database("renamed").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    store.ping().await.unwrap();
    let rename = "ALTER DATABASE renamed RENAME TO was_renamed; ALTER DATABASE in_latin1 RENAME TO renamed";
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'renamed'";
    run(&site.server.url, &format!("{ended}; {rename}")).await;
    sspp_core::testing::eventually(
        "it is refused",
        async || matches!(store.ping().await, Err(StoreError::Setup { reason }) if reason.contains("LATIN1")),
    )
    .await;
    assert!(matches!(store.record(vec![signal(1).record()]).await, Err(StoreError::Setup { .. })));
    assert!(matches!(store.migrate().await, Err(PgOpenError::Encoding(_))));
}
