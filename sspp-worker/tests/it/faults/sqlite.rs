//! One process over its SQLite file: a 202 is a commit, whatever happens to the process and to its disk.

use std::process::Command;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Executor as _};
use sspp_core::testing::did_not_run;

use super::posts::lone_event;
use super::stage::Stage;
use super::{Shape, row_of};
use crate::process::{Running, api, ended};

/// Runs a row over SQLite.
async fn row(shape: Shape, name: &str, fault: impl AsyncFnOnce(&mut Stage)) {
    let fault = async |stage: &mut Stage| -> Vec<Running> {
        fault(stage).await;
        Vec::new()
    };
    row_of(&[shape], &format!("SQLite: {name}"), fault).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_killed() {
    row(Shape::Sqlite, "process killed 20 times", async |stage| {
        for _ in 0..20 {
            stage.more(usize::try_from(stage.draw(100)).unwrap()).await;
            stage.replace_api();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_dies_at_every_step() {
    row(
        Shape::Sqlite,
        "process dies before the insert, before COMMIT and after it, 4 times each",
        async |stage| {
            for _ in 0..4 {
                for point in ["score", "before_commit", "after_commit"] {
                    let failpoint = format!("{point}=abort@{}", stage.draw(20));
                    stage.kill_api();
                    stage.add_api_with(&[("SSPP_FAILPOINTS", &failpoint)]);
                    stage.api_died().await;
                    stage.add_api();
                    stage.more(20).await;
                }
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts() {
    row(Shape::Sqlite, "process stopped and started under load, 10 times", async |stage| {
        for _ in 0..10 {
            stage.more(20).await;
            stage.stop_api();
            stage.add_api();
        }
    })
    .await;
}

/// The disk takes no more bytes, until there is room again; then it is full again, and the process is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_full() {
    row(Shape::SmallDisk, "disk full, and full again when the process is killed", async |stage| {
        for killed in [false, true] {
            stage.more(100).await;
            let filler = stage.servers.file_from_outside().with_file_name("filler");
            let words = ["-c", "cat /dev/zero > \"$0\" 2> /dev/null || true", filler.to_str().unwrap()];
            assert!(Command::new("sh").args(words).status().unwrap().success());
            stage.refusals(8).await;
            if killed {
                stage.kill_api();
            }
            std::fs::remove_file(filler).unwrap();
            if killed {
                stage.add_api();
            }
            stage.heal();
            stage.more(50).await;
        }
    })
    .await;
}

/// Every write to a file fails under the running process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_refuses_writes() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        return did_not_run("there is no prlimit(1), which lets writes of a process fail");
    }
    row(Shape::Sqlite, "disk that refuses every write, 3 times", async |stage| {
        stage.kill_api();
        // A write past the limit is to fail; by default it would end the process.
        let file = api().display().to_string();
        let ignoring = ["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", &file, "--port", "0"];
        let api = Running::of(&mut stage.command("/bin/sh", &ignoring));
        stage.add(api);
        for _ in 0..3 {
            stage.more(100).await;
            let limit = |bytes: &str| {
                let process = stage.api().id().to_string();
                let words = ["--pid", &process, &format!("--fsize={bytes}:")];
                assert!(Command::new("prlimit").args(words).status().unwrap().success());
            };
            limit("1");
            stage.refusals(8).await;
            limit("unlimited");
            stage.heal();
            stage.more(50).await;
        }
    })
    .await;
}

/// On a disk that is read-only, the process says so and ends; the file is as it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disk_read_only() {
    row(Shape::SmallDisk, "process killed, its disk read-only at the next start", async |stage| {
        stage.more(100).await;
        stage.kill_api();
        let disk = stage.servers.disk.as_ref().unwrap();
        disk.remount("ro");
        let (status, _, said) = ended(&mut stage.command(api(), &["--port", "0"]));
        assert!(status == 1 && said.contains("ead-only"), "{status} {said}");
        disk.remount("rw");
        stage.add_api();
        stage.more(50).await;
    })
    .await;
}

/// What an operator's trigger refuses is a dead letter at once, and the others of its commit are signals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_bad_row() {
    row(Shape::Sqlite, "the file refuses one row of a batch, and one among others", async |stage| {
        stage.more(50).await;
        stage.stop_api();
        let file = stage.servers.file_from_outside();
        let mut database = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
        let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON signals WHEN NEW.account_id = 'acc_bad' \
                      BEGIN SELECT RAISE(ABORT, 'no'); END";
        database.execute(sqlx::raw_sql(refuse)).await.unwrap();
        drop(database);
        stage.add_api();
        for _ in 0..5 {
            stage.post_batch_with_doomed("acc_bad", "rejected").await;
            stage.post_doomed("acc_bad", "rejected").await;
        }
        stage.more(50).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scoring_panics() {
    row(Shape::Sqlite, "scoring panics on an event of a batch, and on one among others", async |stage| {
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

/// The clock is an hour ahead, then put right: an erasure covers what came before it, and nothing that came later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clock_steps_back() {
    row(Shape::Sqlite, "clock set back an hour at a restart, erasures in between", async |stage| {
        stage.kill_api();
        stage.add_api_with(&[("SSPP_CLOCK_OFFSET", "3600")]);
        stage.more(50).await;
        let post = async |stage: &Stage, events: usize| {
            for _ in 0..events {
                assert_eq!(stage.api().post(&lone_event("acc_erased")).await.status(), 202);
            }
        };
        post(stage, 3).await;
        stage.erase(stage.api(), "acc_erased").await;
        post(stage, 2).await;
        stage.stop_api();
        stage.add_api();
        post(stage, 2).await;
        assert_eq!(stage.signals_of("acc_erased").await, 4);
        stage.erase(stage.api(), "acc_erased").await;
        post(stage, 1).await;
        assert_eq!(stage.signals_of("acc_erased").await, 1);
        stage.more(50).await;
    })
    .await;
}
