//! Redis that is killed, frozen, cut off, slow or full.

use std::time::Duration;

use super::{CLAIM_BOUND, pass, row};
use crate::proxy::Mode;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_answers_lost() {
    row("answers of Redis lost, then cut, 3 times", async |stage| {
        let worker = stage.ready_worker().await;
        for _ in 0..3 {
            stage.more(100).await;
            stage.servers.redis().proxy.set(Mode::LoseAnswers);
            pass(Duration::from_millis(300)).await;
            stage.servers.redis().proxy.cut();
            stage.servers.redis().proxy.set(Mode::Pass);
        }
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_answers_cut_short() {
    row("connections to Redis reset after some bytes of answers, 5 times", async |stage| {
        let worker = stage.ready_worker().await;
        for _ in 0..5 {
            stage.more(50).await;
            let bytes = usize::try_from(stage.draw(4_000)).unwrap();
            stage.servers.redis().proxy.set(Mode::ResetAfter(bytes));
            pass(Duration::from_millis(500)).await;
            stage.servers.redis().proxy.set(Mode::Pass);
        }
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_in_a_black_hole() {
    row("Redis in a black hole for two claim bounds", async |stage| {
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        stage.servers.redis().proxy.set(Mode::BlackHole);
        pass(CLAIM_BOUND * 2).await;
        stage.servers.redis().proxy.set(Mode::Pass);
        stage.servers.redis().proxy.cut();
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

/// Neither side learns that the connections are gone, so answers that Redis sends on them are lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_half_open() {
    row("connections to Redis half open", async |stage| {
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        stage.servers.redis().proxy.forget();
        stage.heal();
        stage.more(100).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_slow() {
    row("Redis 100 ms away", async |stage| {
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        stage.servers.redis().proxy.set(Mode::Slow(Duration::from_millis(100)));
        stage.more(50).await;
        stage.servers.redis().proxy.set(Mode::Pass);
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_killed() {
    row("Redis killed and started, 3 times", async |stage| {
        let worker = stage.ready_worker().await;
        for _ in 0..3 {
            stage.more(100).await;
            stage.servers.redis().kill_and_start().await;
        }
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_paused() {
    paused(Duration::from_secs(5)).await;
}

/// Freezes Redis for so long.
pub(super) async fn paused(time: Duration) {
    row(&format!("Redis paused for {time:?}"), async |stage| {
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        stage.servers.redis().docker("pause");
        pass(time).await;
        stage.servers.redis().docker("unpause");
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}

/// Full: new events are refused, and what is there is worked off by a worker that finds Redis full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_full() {
    row("Redis at maxmemory", async |stage| {
        stage.more(200).await;
        stage.servers.redis_config("maxmemory", "1");
        stage.until("events are refused", async || stage.ledger.refused() > 50).await;
        let worker = stage.worker();
        stage.drained().await;
        stage.servers.redis_config("maxmemory", "0");
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}
