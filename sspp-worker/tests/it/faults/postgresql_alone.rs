//! PostgreSQL alone, with direct intake: a 202 is a commit, whatever happens to the APIs and to PostgreSQL.

use std::time::Duration;

use sqlx::Executor as _;

use super::posts::lone_event;
use super::stage::Stage;
use super::{Shape, pass, row_of};
use crate::process::Running;
use crate::proxy::Mode;

/// Runs a row over PostgreSQL alone.
async fn row(name: &str, fault: impl AsyncFnOnce(&mut Stage)) {
    let fault = async |stage: &mut Stage| -> Vec<Running> {
        fault(stage).await;
        Vec::new()
    };
    row_of(&[Shape::Postgres], &format!("PostgreSQL alone: {name}"), fault).await;
}

async fn execute(stage: &Stage, sql: &'static str) {
    stage.database().await.execute(sqlx::raw_sql(sql)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_killed() {
    row("API killed 20 times", async |stage| {
        for _ in 0..20 {
            stage.more(10).await;
            stage.replace_api();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_dies_around_commit() {
    row("API dies before and after COMMIT, 4 times each", async |stage| {
        for _ in 0..4 {
            for point in ["before_commit", "after_commit"] {
                let failpoint = format!("{point}=abort@{}", stage.draw(20));
                stage.kill_api();
                stage.add_api_with(&[("SSPP_FAILPOINTS", &failpoint)]);
                stage.api_died().await;
                stage.add_api();
                stage.more(20).await;
            }
        }
    })
    .await;
}

/// Its commits are on disk although its default is otherwise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_killed() {
    row(
        "PostgreSQL with synchronous_commit off killed and started, an API started meanwhile, 3 times",
        async |stage| {
            execute(stage, "ALTER DATABASE postgres SET synchronous_commit = off").await;
            stage.replace_api();
            for _ in 0..3 {
                stage.more(100).await;
                stage.servers.postgres().kill();
                // An API that starts meanwhile waits for it.
                stage.replace_api();
                stage.servers.postgres().start_again().await;
            }
            stage.heal();
            stage.more(50).await;
        },
    )
    .await;
}

/// The outcome of a commit is not known: it is recorded again under the same ids. No client notices, and an event without an id of its
/// own counts once too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_cut_after_commit_was_sent() {
    row("connection cut after COMMIT was sent, 10 times", async |stage| {
        for _ in 0..10 {
            stage.more(30).await;
            let proxy = &stage.servers.postgres().proxy;
            let cuts = proxy.cuts();
            proxy.set(Mode::CutAfter(b"COMMIT"));
            stage.until("COMMIT was sent", async || proxy.cuts() > cuts).await;
            proxy.set(Mode::Pass);
        }
        stage.heal();
        stage.more(50).await;
        assert_eq!((stage.ledger.refused(), stage.ledger.uncertain().len()), (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_answers_lost() {
    row("answers lost, then cut, 3 times", async |stage| {
        for _ in 0..3 {
            stage.more(100).await;
            stage.servers.postgres().proxy.set(Mode::LoseAnswers);
            pass(Duration::from_millis(300)).await;
            stage.servers.postgres().proxy.cut();
            stage.servers.postgres().proxy.set(Mode::Pass);
        }
        stage.heal();
        stage.more(50).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_half_open() {
    row("connections half open", async |stage| {
        stage.more(100).await;
        stage.servers.postgres().proxy.forget();
        stage.heal();
        stage.more(100).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_frozen() {
    row("PostgreSQL frozen until clients are refused", async |stage| {
        stage.more(100).await;
        stage.servers.postgres().docker("pause");
        stage.refusals(8).await;
        stage.servers.postgres().docker("unpause");
        stage.heal();
        stage.more(50).await;
    })
    .await;
}

/// Slow is not away: no client is refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_slow() {
    row("PostgreSQL 100 ms away", async |stage| {
        stage.more(100).await;
        stage.servers.postgres().proxy.set(Mode::Slow(Duration::from_millis(100)));
        stage.more(50).await;
        stage.servers.postgres().proxy.set(Mode::Pass);
        stage.heal();
        stage.more(50).await;
        assert_eq!(stage.ledger.refused(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_too_slow() {
    row("statements slower than their limit", async |stage| {
        stage.more(100).await;
        let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS \
                    $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$; \
                    CREATE TRIGGER slow BEFORE INSERT ON signals FOR EACH STATEMENT EXECUTE FUNCTION slow()";
        execute(stage, slow).await;
        stage.refusals(8).await;
        execute(stage, "DROP TRIGGER slow ON signals").await;
        stage.heal();
        stage.more(50).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_read_only() {
    row("PostgreSQL read-only", async |stage| {
        stage.more(100).await;
        execute(stage, "ALTER SYSTEM SET default_transaction_read_only = on").await;
        execute(stage, "SELECT pg_reload_conf()").await;
        stage.refusals(8).await;
        let mut database = stage.database().await;
        let writable =
            "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only";
        for sql in writable.split("; ") {
            database.execute(sqlx::raw_sql(sql)).await.unwrap();
        }
        execute(stage, "SELECT pg_reload_conf()").await;
        stage.heal();
        stage.more(50).await;
    })
    .await;
}

/// The table of signals fills the small disk that it is moved to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_full() {
    row("PostgreSQL's disk full", async |stage| {
        let postgres = stage.servers.postgres();
        postgres.exec(&["su", "postgres", "-c", "mkdir /dev/shm/small"]);
        execute(stage, "CREATE TABLESPACE small LOCATION '/dev/shm/small'").await;
        execute(stage, "ALTER TABLE signals SET TABLESPACE small").await;
        stage.more(50).await;
        postgres.exec(&["sh", "-c", "cat /dev/zero > /dev/shm/filler || true"]);
        stage.refusals(8).await;
        postgres.exec(&["rm", "/dev/shm/filler"]);
        stage.heal();
        stage.more(50).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts() {
    restarts(6).await;
}

/// Replaces the one or the other of two APIs under load, each time by SIGTERM.
pub(super) async fn restarts(times: usize) {
    row(&format!("{times} rolling restarts of two APIs"), async |stage| {
        stage.add_api();
        for _ in 0..times {
            stage.more(20).await;
            stage.add_api();
            stage.stop_api();
        }
    })
    .await;
}

/// Writers whose events share accounts and users: none is in another's way for long, and no figure drifts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_apis_on_the_same_accounts() {
    row("four APIs on the same seven accounts, one killed 4 times", async |stage| {
        for _ in 0..3 {
            stage.add_api();
        }
        for _ in 0..4 {
            stage.more(100).await;
            stage.replace_api();
        }
        stage.more(100).await;
    })
    .await;
}

/// PostgreSQL refuses one row of those that share a commit: its event is a dead letter at once, and the others are signals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_row() {
    row("PostgreSQL refuses one row of a batch, and one among others", async |stage| {
        execute(stage, "ALTER TABLE signals ADD CHECK (account_id <> 'acc_bad')").await;
        stage.more(50).await;
        for _ in 0..5 {
            stage.post_batch_with_doomed("acc_bad", "rejected").await;
            stage.post_doomed("acc_bad", "rejected").await;
        }
        stage.more(50).await;
    })
    .await;
}

/// The schema refuses every row: no event is at fault, and clients are asked to come again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_refuses_every_row() {
    row("PostgreSQL refuses every row", async |stage| {
        stage.more(50).await;
        execute(stage, "ALTER TABLE signals ADD CONSTRAINT c CHECK (false) NOT VALID").await;
        stage.refusals(8).await;
        execute(stage, "ALTER TABLE signals DROP CONSTRAINT c").await;
        stage.heal();
        stage.more(50).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scoring_panics() {
    row("scoring panics on an event of a batch, and on one among others", async |stage| {
        stage.kill_api();
        stage.add_api_with(&[("SSPP_FAILPOINTS", "score=panic:acc_bad")]);
        stage.more(50).await;
        for _ in 0..5 {
            stage.post_batch_with_doomed("acc_bad", "attempts_exhausted").await;
            stage.post_doomed("acc_bad", "attempts_exhausted").await;
        }
        stage.more(50).await;
    })
    .await;
}

/// What a backup that is older than the APIs' model does: every signal that is recorded from then on finds its model.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_loses_the_model() {
    row("PostgreSQL loses the scoring model, 3 times", async |stage| {
        for _ in 0..3 {
            stage.more(50).await;
            execute(stage, "TRUNCATE models").await;
            stage.more(20).await;
            let orphans = "SELECT count(*) FROM signals s WHERE NOT EXISTS (SELECT FROM models m WHERE m.digest = s.model)";
            let orphans: i64 =
                sqlx::query_scalar(orphans).fetch_one(&mut stage.database().await).await.unwrap();
            assert_eq!(orphans, 0, "signals whose model is not there");
        }
        assert_eq!(stage.ledger.refused(), 0);
    })
    .await;
}

/// Hosts an hour behind and an hour ahead: what an erasure covers is decided by PostgreSQL's clock.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_clocks_of_hosts() {
    row("APIs an hour behind and an hour ahead, erasures in between", async |stage| {
        let apis = ["0", "-3600", "3600"].map(|offset| stage.api_with(&[("SSPP_CLOCK_OFFSET", offset)]));
        for api in &apis {
            stage.until("it is ready", async || api.status("/ready").await == 200).await;
        }
        for (one, before) in apis.iter().enumerate() {
            for (two, orders) in apis.iter().enumerate() {
                let account = format!("acc_{one}{two}");
                for _ in 0..3 {
                    assert_eq!(before.post(&lone_event(&account)).await.status(), 202);
                }
                stage.erase(orders, &account).await;
                for after in &apis {
                    assert_eq!(after.post(&lone_event(&account)).await.status(), 202);
                }
                assert_eq!(stage.signals_of(&account).await, 3, "{account}");
            }
        }
        for api in apis {
            stage.add(api);
        }
        stage.more(50).await;
        let outside = "SELECT count(*) FROM signals WHERE abs(extract(epoch FROM now() - received_at)) > 600 \
                       OR abs(extract(epoch FROM now() - processed_at)) > 600";
        let outside: i64 = sqlx::query_scalar(outside).fetch_one(&mut stage.database().await).await.unwrap();
        assert_eq!(outside, 0, "a host's clock was believed");
    })
    .await;
}
