//! From one shape to another under load, with producers that send again under their ids: SQLite's signals into PostgreSQL, Redis on
//! and off.

use sqlx::Executor as _;

use super::posts::{accepted, lone_event};
use super::stage::Stage;
use super::{Shape, row_of};
use crate::process::{api, ended};

/// Takes in an API of another shape, which gets no load before it is ready.
async fn add_ready_api(stage: &mut Stage, shape: Shape) {
    stage.shape = shape;
    let api = stage.api_with(&[]);
    stage.until("the new API is ready", async || api.status("/ready").await == 200).await;
    stage.add(api);
}

/// The last order is what the store's clock says that is an hour ahead of every other.
async fn erased_an_hour_ahead(stage: &Stage) {
    let ahead = "UPDATE erasures SET up_to = up_to + interval '1 hour'";
    stage.database().await.execute(sqlx::raw_sql(ahead)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_into_postgresql() {
    row_of(
        &[Shape::Sqlite, Shape::Postgres],
        "SQLite, then PostgreSQL alone: export and import",
        async |stage| {
            stage.more(100).await;
            let erased = lone_event("acc_erased");
            for _ in 0..3 {
                accepted(stage.api(), &erased).await;
            }
            stage.erase(stage.api(), "acc_erased").await;
            stage.take_load_off();
            add_ready_api(stage, Shape::Postgres).await;
            stage.more(50).await;
            // As from a producer that had no answer of the first.
            let twice = erased.replacen('{', r#"{"eventId":"twice","#, 1).replace("acc_erased", "acc_twice");
            accepted(stage.api(), &twice).await;
            accepted(stage.last_api(), &twice).await;
            let lines = stage.api().text("/api/v1/signals/export").await;
            let file = stage.servers.file_from_outside().with_file_name("signals.ndjson");
            std::fs::write(&file, lines).unwrap();
            for _ in 0..2 {
                let (status, _, said) = ended(&mut stage.command(api(), &["import", file.to_str().unwrap()]));
                assert_eq!(status, 0, "{said}");
            }
            stage.stop_api();
            stage.more(50).await;
            assert_eq!((stage.signals_of("acc_erased").await, stage.signals_of("acc_twice").await), (0, 1));
            Vec::new()
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_turned_on() {
    row_of(&[Shape::Postgres, Shape::Queued], "PostgreSQL alone, then Redis too", async |stage| {
        stage.add_api();
        stage.more(100).await;
        let erased = lone_event("acc_erased");
        for _ in 0..3 {
            accepted(stage.api(), &erased).await;
        }
        stage.erase(stage.api(), "acc_erased").await;
        erased_an_hour_ahead(stage).await;
        for _ in 0..2 {
            add_ready_api(stage, Shape::Queued).await;
        }
        let worker = stage.ready_worker().await;
        // What comes after the erasure stays, through the old APIs and the new.
        accepted(stage.api(), &erased).await;
        let queued = accepted(stage.last_api(), &erased).await;
        stage.more(100).await;
        for _ in 0..2 {
            stage.stop_api();
        }
        stage.more(100).await;
        stage.until("both are signals", async || stage.signals_of("acc_erased").await == 2).await;
        let event = format!("/api/v1/events/{}", queued["eventId"].as_str().unwrap());
        let event = stage.api().json(&event).await;
        assert_eq!(event["state"], "completed", "{event}");
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_turned_off() {
    row_of(&[Shape::Queued], "Redis and PostgreSQL, then PostgreSQL alone", async |stage| {
        let worker = stage.ready_worker().await;
        stage.add_api();
        stage.more(100).await;
        let erased = lone_event("acc_erased");
        for _ in 0..3 {
            accepted(stage.api(), &erased).await;
        }
        stage.until("they are signals", async || stage.signals_of("acc_erased").await == 3).await;
        stage.erase(stage.api(), "acc_erased").await;
        erased_an_hour_ahead(stage).await;
        // No API with Redis gets events any more; one stays, to be asked for what waits.
        stage.take_load_off();
        stage.stop_api();
        stage.drained().await;
        worker.signal("-TERM");
        assert_eq!(worker.ended(), 0);
        assert_eq!(stage.queued(&["waiting", "active", "delayed"]).await, 0);
        stage.stop_api();
        for _ in 0..2 {
            add_ready_api(stage, Shape::Postgres).await;
        }
        accepted(stage.api(), &erased).await;
        assert_eq!(stage.signals_of("acc_erased").await, 1);
        stage.more(100).await;
        Vec::new()
    })
    .await;
}
