//! Hot queries are answered from indexes, at any size of the table.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use sspp_core::testing::builders::{dead_letter, signal};
use sspp_core::testing::servers::Kind;
use sspp_core::{Record, Signals as _};

use super::fixture::Site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hot_queries_use_indexes_and_read_few_rows() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let store = site.store("plans").await;
    for first in (0..20_000).step_by(1_000) {
        let batch = (first..first + 1_000)
            .map(|n| signal(n).account(&format!("a{}", n % 20)).user(&format!("u{}", n % 20)).record());
        store.record(batch.collect()).await.unwrap();
    }
    let options: PgConnectOptions = site.server.url.parse().unwrap();
    let mut connection = options.database("plans").connect().await.unwrap();
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await.unwrap();

    // The shapes that signal_select makes; its unit test holds it to them.
    for shape in [
        "account_id = 'a7' ORDER BY processed_at DESC, id DESC",
        "account_id = 'a7' AND (processed_at, id) < (now(), 9000) ORDER BY processed_at DESC, id DESC",
        "user_id = 'u7' ORDER BY processed_at DESC, id DESC",
        "true ORDER BY processed_at DESC, id DESC",
        "(processed_at, id) < (now(), 9000) ORDER BY processed_at DESC, id DESC",
        "(processed_at, id) > ('2000-01-01', 9000) ORDER BY processed_at ASC, id ASC",
        "(timestamp, id) < (now(), 9000) ORDER BY timestamp DESC, id DESC",
        "(timestamp, id) > ('2000-01-01', 9000) ORDER BY timestamp ASC, id ASC",
        "id < 9000 ORDER BY id DESC",
        "id > 9000 ORDER BY id ASC",
    ] {
        let text = format!(
            "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF) SELECT * FROM signals WHERE true AND {shape} LIMIT 51"
        );
        let plan = lines(&sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap());
        assert!(!plan.contains("Seq Scan"), "{shape}\n{plan}");
        assert!(!plan.contains("Sort"), "{shape}\n{plan}");
        let read = plan.lines().filter_map(actual_rows).max().unwrap();
        assert!(read <= 51, "{read} rows: {shape}\n{plan}");
    }
    for (sql, index) in [
        ("SELECT * FROM signals WHERE event_id = '0197d3c5-5c00-7000-8000-000000000001'", "signals_event_id"),
        ("SELECT * FROM signals WHERE id = 5", "signals_pkey"),
        ("SELECT signals FROM account_tallies WHERE account_id = 'a7'", "account_tallies_pkey"),
        ("SELECT * FROM dead_letters WHERE id = '0197d3c5-5c00-7000-8000-000000000001'", "dead_letters_id"),
    ] {
        // Tables of a page or two are read whole by a good planner; the index must be there for the day they grow.
        let text = format!("SET enable_seqscan = off; EXPLAIN {sql}");
        let rows = sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap();
        let plan = lines(&rows);
        assert!(plan.contains(index), "{sql}\n{plan}");
    }
}

/// Removing reads only the rows that it removes or checks, and a page of dead letters only its own, at any size of the table and with any cached plan.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_and_listing_letters_read_few_rows() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let store = site.store("expiry_plans").await;
    for first in (0..20_000).step_by(1_000) {
        let signals = (first..first + 1_000).map(|n| signal(n).record());
        store.record(signals.collect()).await.unwrap();
        let letters = (first..first + 200).map(|n| Record::DeadLetter(dead_letter(50_000 + n)));
        store.record(letters.collect()).await.unwrap();
    }
    let options: PgConnectOptions = site.server.url.parse().unwrap();
    let mut connection = options.database("expiry_plans").connect().await.unwrap();
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await.unwrap();
    for shape in [
        "true ORDER BY seq DESC",
        "seq < 2000 ORDER BY seq DESC",
        "seq > 2000 ORDER BY seq ASC",
        "reason <> 'rejected' AND died_at >= '2000-01-01' AND seq < 2000 ORDER BY seq DESC",
    ] {
        let text = format!(
            "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF) SELECT * FROM dead_letters WHERE true AND {shape} LIMIT 51"
        );
        let plan = lines(&sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap());
        assert!(plan.contains("dead_letters_pkey") && !plan.contains("Sort"), "{shape}\n{plan}");
        let read = plan.lines().filter_map(actual_rows).max().unwrap();
        assert!(read <= 51, "{read} rows: {shape}\n{plan}");
    }
    let signals = "DELETE FROM signals WHERE id = ANY(ARRAY( \
        SELECT id FROM signals WHERE processed_at < $1 ORDER BY processed_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)) \
        RETURNING account_id, user_id, event_type, signal_type, score";
    let letters = "DELETE FROM dead_letters \
        WHERE seq = ANY(ARRAY(SELECT seq FROM dead_letters WHERE died_at < $1 ORDER BY died_at LIMIT $2))";
    let some = "SELECT coalesce(min(died_at) < $1, false) FROM dead_letters";
    for (number, statement) in [signals, letters, some].into_iter().enumerate() {
        for mode in ["force_custom_plan", "force_generic_plan"] {
            for before in ["2100-01-01", "2000-01-01"] {
                let text = format!(
                    "BEGIN; SET LOCAL plan_cache_mode = {mode}; PREPARE p{number}(timestamptz, bigint) AS {statement}; \
                     EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF, COSTS OFF) EXECUTE p{number}('{before}', 100); \
                     ROLLBACK; DEALLOCATE p{number}"
                );
                let rows = sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap();
                let plan = lines(&rows);
                assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{mode} {before}\n{plan}");
                let read = plan.lines().filter_map(actual_rows).max().unwrap();
                assert!(read <= 100, "{read} rows: {mode} {before}\n{plan}");
                let wanted = if number == 0 { "signals_processed_at" } else { "dead_letters_died_at" };
                assert!(plan.contains(wanted), "{mode} {before}\n{plan}");
            }
        }
    }
}

fn lines(rows: &[sqlx::postgres::PgRow]) -> String {
    use sqlx::Row as _;
    rows.iter().map(|row| row.get::<String, _>(0)).collect::<Vec<_>>().join("\n")
}

fn actual_rows(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("actual rows=")?;
    rest.split([' ', '.']).next()?.parse().ok()
}
