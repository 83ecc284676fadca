//! PostgreSQL that is killed, frozen, cut off, slow or away.

use std::time::Duration;

use sqlx::Executor as _;

use super::{CLAIM_BOUND, pass, row};
use crate::proxy::Mode;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_answers_lost() {
    row("answers of PostgreSQL lost, then cut, 3 times", async |stage| {
        let worker = stage.ready_worker().await;
        for _ in 0..3 {
            stage.more(100).await;
            stage.servers.postgres().proxy.set(Mode::LoseAnswers);
            pass(Duration::from_millis(300)).await;
            stage.servers.postgres().proxy.cut();
            stage.servers.postgres().proxy.set(Mode::Pass);
        }
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_cut_after_commit_was_sent() {
    row("connection to PostgreSQL cut after COMMIT was sent, 5 times", async |stage| {
        let worker = stage.ready_worker().await;
        for _ in 0..5 {
            stage.more(50).await;
            let cuts = stage.servers.postgres().proxy.cuts();
            stage.servers.postgres().proxy.set(Mode::CutAfter(b"COMMIT"));
            stage.until("COMMIT was sent", async || stage.servers.postgres().proxy.cuts() > cuts).await;
            stage.servers.postgres().proxy.set(Mode::Pass);
        }
        stage.heal();
        vec![worker]
    })
    .await;
}

/// Neither side learns that the connections are gone, perhaps in the middle of a transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_half_open() {
    row("connections to PostgreSQL half open, 3 times", async |stage| {
        let worker = stage.ready_worker().await;
        for _ in 0..3 {
            stage.more(100).await;
            stage.servers.postgres().proxy.forget();
        }
        stage.heal();
        stage.more(100).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_slow() {
    row("PostgreSQL 100 ms away", async |stage| {
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        stage.servers.postgres().proxy.set(Mode::Slow(Duration::from_millis(100)));
        let before = i64::try_from(stage.ledger.count()).unwrap();
        let mut database = stage.database().await;
        loop {
            stage.more(50).await;
            let stored = "SELECT count(*) FROM signals";
            if sqlx::query_scalar::<_, i64>(stored).fetch_one(&mut database).await.unwrap() > before + 50 {
                break;
            }
            // Slow is not away: it works on, only in larger batches.
            assert!(stage.ledger.count() < 10_000, "nothing is stored while PostgreSQL is slow");
        }
        stage.servers.postgres().proxy.set(Mode::Pass);
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_killed() {
    row("PostgreSQL killed and started", async |stage| {
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        stage.servers.postgres().kill_and_start().await;
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_frozen_and_worker_killed() {
    row("PostgreSQL frozen and worker killed, 3 times", async |stage| {
        for _ in 0..3 {
            let worker = stage.ready_worker().await;
            stage.more(100).await;
            stage.servers.postgres().docker("pause");
            stage.more(100).await;
            worker.signal("-KILL");
            stage.servers.postgres().docker("unpause");
        }
        vec![stage.worker()]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_away() {
    away(CLAIM_BOUND * 10).await;
}

/// Refuses connections to PostgreSQL for so long, while events continue being acknowledged.
pub(super) async fn away(time: Duration) {
    row(&format!("PostgreSQL away for {time:?}"), async |stage| {
        // What came meanwhile is worked off at about the pace that it came at, or slower.
        stage.patience(time * 3 + Duration::from_mins(2));
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        stage.servers.postgres().proxy.set(Mode::Refuse);
        pass(time).await;
        stage.more(50).await;
        stage.servers.postgres().proxy.set(Mode::Pass);
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

/// A stopping worker gives back jobs that it cannot record: at once, and with no attempt spent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_stopped_while_postgresql_is_away() {
    row("worker stopped while PostgreSQL is away, 3 times", async |stage| {
        for _ in 0..3 {
            let worker = stage.ready_worker().await;
            stage.more(50).await;
            stage.servers.postgres().proxy.set(Mode::Refuse);
            stage
                .until("it holds what it cannot record", async || {
                    worker.text("/metrics").await.contains("sspp_worker_breaker_open 1\n")
                })
                .await;
            worker.signal("-TERM");
            assert_eq!(worker.ended(), 0);
            stage.servers.postgres().proxy.set(Mode::Pass);
            stage.until("nothing is in hand", async || stage.queued(&["active"]).await == 0).await;
        }
        vec![stage.worker()]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_too_slow() {
    too_slow(Duration::from_secs(8)).await;
}

/// Makes every insert take longer than a statement may, for so long.
pub(super) async fn too_slow(time: Duration) {
    row(&format!("statements slower than their limit for {time:?}"), async |stage| {
        stage.patience(time + Duration::from_mins(1));
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        let mut database = stage.database().await;
        let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
                    $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$; \
                    CREATE TRIGGER slow BEFORE INSERT ON signals FOR EACH STATEMENT EXECUTE FUNCTION slow()";
        database.execute(sqlx::raw_sql(slow)).await.unwrap();
        pass(time).await;
        assert!(
            worker.log().contains("the store did not answer within 1000 ms"),
            "no statement met its limit: {}",
            worker.log()
        );
        database.execute(sqlx::raw_sql("DROP TRIGGER slow ON signals")).await.unwrap();
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

/// Commits of the server are not on disk by its default: those of ours are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_that_commits_without_its_disk() {
    row("PostgreSQL with synchronous_commit off killed and started, 3 times", async |stage| {
        let off = "ALTER DATABASE postgres SET synchronous_commit = off";
        stage.database().await.execute(sqlx::raw_sql(off)).await.unwrap();
        let worker = stage.ready_worker().await;
        for _ in 0..3 {
            stage.more(100).await;
            stage.servers.postgres().kill_and_start().await;
        }
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

/// The schema refuses every row, as after a partition was forgotten or beside a later release: events wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_refuses_every_row() {
    row("PostgreSQL refuses every row, for 3 reasons", async |stage| {
        let worker = stage.ready_worker().await;
        let mut database = stage.database().await;
        for (refuse, allow) in [
            ("ALTER TABLE signals ADD CONSTRAINT c CHECK (false) NOT VALID", "ALTER TABLE signals DROP CONSTRAINT c"),
            (
                "ALTER TABLE signals ADD tenant text, ADD CHECK (tenant IS NOT NULL) NOT VALID",
                "ALTER TABLE signals DROP tenant",
            ),
            (
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
                 CREATE TRIGGER refuse BEFORE INSERT ON signals FOR EACH ROW EXECUTE FUNCTION refuse()",
                "DROP TRIGGER refuse ON signals",
            ),
        ] {
            stage.more(50).await;
            database.execute(sqlx::raw_sql(refuse)).await.unwrap();
            stage
                .until("the worker holds what it cannot record", async || {
                    worker.text("/metrics").await.contains("sspp_worker_breaker_open 1\n")
                })
                .await;
            stage.more(50).await;
            pass(CLAIM_BOUND).await;
            database.execute(sqlx::raw_sql(allow)).await.unwrap();
            stage
                .until("the worker goes on", async || {
                    worker.text("/metrics").await.contains("sspp_worker_breaker_open 0\n")
                })
                .await;
        }
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

/// What a backup that is older than the workers' model does to a store under running workers: every signal that is recorded
/// from then on finds its model.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_loses_the_model() {
    row("PostgreSQL loses the scoring model under a worker, 3 times", async |stage| {
        let worker = stage.ready_worker().await;
        let mut database = stage.database().await;
        for _ in 0..3 {
            stage.more(50).await;
            database.execute(sqlx::raw_sql("TRUNCATE models")).await.unwrap();
            let last: i64 = sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM signals")
                .fetch_one(&mut database)
                .await
                .unwrap();
            let after = "SELECT EXISTS (SELECT FROM signals WHERE id > $1), \
                 EXISTS (SELECT FROM signals s WHERE NOT EXISTS (SELECT FROM models m WHERE m.digest = s.model))";
            loop {
                let query = sqlx::query_as::<_, (bool, bool)>(after).bind(last);
                let (recorded, orphans) = query.fetch_one(&mut database).await.unwrap();
                assert!(!(recorded && orphans), "a signal was recorded whose model is not there");
                if recorded {
                    break;
                }
                pass(std::time::Duration::from_millis(10)).await;
            }
        }
        stage.heal();
        vec![worker]
    })
    .await;
}
