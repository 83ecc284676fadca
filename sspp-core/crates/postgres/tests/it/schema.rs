//! A schema that refuses every row is no event's fault; one that refuses some rows is.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use sspp_core::testing::builders::{at, signal};
use sspp_core::testing::servers::Kind;
use sspp_core::{FailureClass, PgConfig, PgStore, Signals as _, StoreError, StoreStatus as _};

use super::fixture::Site;

async fn run(connection: &mut PgConnection, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await.unwrap();
}

const RAISES: &str = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
    'BEGIN RAISE EXCEPTION ''refused''; END';";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_refuses_everything_is_no_signals_fault() {
    let Some(site) = Site::on(Kind::Postgres15).await else { return };
    let url = site.database("refuses").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    run(&mut other, RAISES).await;
    let partition = "ALTER TABLE signals ADD CONSTRAINT c CHECK (processed_at < '2026-01-02') NOT VALID";
    let faults = [
        (
            "ALTER TABLE signals ADD CONSTRAINT c CHECK (false) NOT VALID",
            "ALTER TABLE signals DROP CONSTRAINT c",
        ),
        (
            "ALTER TABLE signals ADD tenant text; ALTER TABLE signals ADD CHECK (tenant IS NOT NULL) NOT VALID",
            "ALTER TABLE signals DROP tenant",
        ),
        // As where the partition of today is missing: what was stored yesterday proves nothing.
        (partition, "ALTER TABLE signals DROP CONSTRAINT c"),
        (
            "CREATE TRIGGER r BEFORE INSERT ON signals FOR EACH ROW EXECUTE FUNCTION refuse()",
            "DROP TRIGGER r ON signals",
        ),
        // Only the commit finds this one out.
        (
            "CREATE CONSTRAINT TRIGGER r AFTER INSERT ON signals DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION refuse()",
            "DROP TRIGGER r ON signals",
        ),
        (
            "ALTER TABLE totals ADD CONSTRAINT c CHECK (accounts < 0) NOT VALID",
            "ALTER TABLE totals DROP CONSTRAINT c",
        ),
        (
            "ALTER TABLE account_tallies ADD CONSTRAINT c CHECK (false) NOT VALID",
            "ALTER TABLE account_tallies DROP CONSTRAINT c",
        ),
    ];
    for (number, (on, off)) in (1_u64..).zip(faults) {
        let last = signal(number * 10).processed_at(at(0)).record();
        store.record(vec![last]).await.unwrap();
        run(&mut other, on).await;
        let suspect = signal(number * 10 + 1).processed_at(at(200_000)).account("new").user("new");
        let error = store.record(vec![suspect.clone().record()]).await.unwrap_err();
        assert_ne!(error.class(), FailureClass::Infrastructure, "{on}: {error}");
        for _ in 0..2 {
            let answer = store.is_at_fault(&suspect.clone().build(), &"x".into()).await;
            assert!(matches!(&answer, Err(StoreError::Setup { .. })), "{on}: {answer:?}");
            assert_eq!(answer.unwrap_err().class(), FailureClass::Infrastructure);
        }
        run(&mut other, off).await;
        assert!(!store.is_at_fault(&suspect.build(), &"x".into()).await.unwrap(), "{off}");
    }
    assert_eq!(store.stats().await.unwrap().signals, 7, "nothing that was tried stays");
}

/// A rule for some accounts, types or scores is those events' fault, also after other records and on an empty table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_that_refuses_some_is_their_fault() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("picks").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    run(&mut other, RAISES).await;
    let suspect = signal(1).account("odd").event_type("webinar").score(9_000);
    for (on, off, recorded_last) in [
        ("ALTER TABLE signals ADD CONSTRAINT c CHECK (account_id <> 'odd')", "DROP CONSTRAINT c", false),
        ("ALTER TABLE signals ADD CONSTRAINT c CHECK (event_type <> 'webinar')", "DROP CONSTRAINT c", false),
        ("ALTER TABLE signals ADD CONSTRAINT c CHECK (score < 9000)", "DROP CONSTRAINT c", false),
        // Only what is recorded already fits; what is made up does not.
        ("ALTER TABLE signals ADD CONSTRAINT c CHECK (account_id = 'acc_1')", "DROP CONSTRAINT c", true),
        // The other way round: the last of the kind that is refused now.
        (
            "ALTER TABLE signals ADD CONSTRAINT c CHECK (account_id IN ('sspp_probe')) NOT VALID",
            "DROP CONSTRAINT c",
            true,
        ),
        ("ALTER TABLE signals ADD CONSTRAINT c UNIQUE (account_id)", "DROP CONSTRAINT c", true),
    ] {
        if recorded_last {
            run(&mut other, "TRUNCATE signals").await;
            let known = signal(7).record();
            store.record(vec![known]).await.unwrap();
        }
        run(&mut other, on).await;
        let suspect = if on.contains("UNIQUE") { signal(8).user("user_2") } else { suspect.clone() };
        let error = store.record(vec![suspect.clone().record()]).await.unwrap_err();
        assert_eq!(error.class(), FailureClass::Data, "{on}: {error}");
        assert!(store.is_at_fault(&suspect.build(), &"x".into()).await.unwrap(), "{on}");
        run(&mut other, &format!("ALTER TABLE signals {off}")).await;
    }
    run(&mut other, "CREATE TRIGGER r BEFORE INSERT ON signals FOR EACH ROW WHEN (NEW.account_id = 'odd') EXECUTE FUNCTION refuse()")
        .await;
    let error = store.record(vec![suspect.clone().record()]).await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Unclear, "{error}");
    assert!(store.is_at_fault(&suspect.build(), &"x".into()).await.unwrap());
}

/// A later version has migrations more, one from before the first release has others under the same numbers: a migration says so,
/// and what would be written wrongly waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_schema_of_another_version_is_refused() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let url = site.database("another").await;
    let store = PgStore::open(PgConfig::new(&url)).await.unwrap();
    store.ping().await.unwrap();
    let mut other = PgConnection::connect(&url).await.unwrap();
    run(&mut other, "INSERT INTO _sqlx_migrations VALUES (9999, 'of the future', now(), true, 'x', 0)").await;
    let refused = store.migrate().await.unwrap_err();
    assert!(refused.to_string().contains("schema is that of another version of SSPP"), "{refused}");
    store.ping().await.unwrap();
    run(
        &mut other,
        "DELETE FROM _sqlx_migrations WHERE version = 9999; UPDATE _sqlx_migrations SET checksum = 'x'",
    )
    .await;
    let refused = store.migrate().await.unwrap_err();
    assert!(refused.to_string().contains("schema is that of another version of SSPP"), "{refused}");
    let waits = store.ping().await.unwrap_err();
    assert!(
        matches!(&waits, StoreError::Setup { reason } if reason.contains("another version of SSPP")),
        "{waits}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_that_may_not_migrate_is_told_which_one_may() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let mut owner = PgConnection::connect(&site.server.url).await.unwrap();
    run(&mut owner, "CREATE ROLE reader LOGIN PASSWORD 'x'").await;
    run(&mut owner, "CREATE DATABASE empty").await;
    let options: PgConnectOptions = site.url("empty").parse().unwrap();
    let url = options.username("reader").password("x").to_url_lossy().to_string();
    let refused = PgStore::open(PgConfig::new(&url)).await.unwrap().migrate().await.unwrap_err().to_string();
    assert!(refused.contains("permission denied") && refused.contains("owns the tables"), "{refused}");
}
