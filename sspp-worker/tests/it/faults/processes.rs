//! Processes that are killed, stopped or replaced.

use super::{CLAIM_BOUND, pass, row};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_killed() {
    row("worker killed 5 times", async |stage| {
        for _ in 0..5 {
            let worker = stage.ready_worker().await;
            stage.more(100).await;
            worker.signal("-KILL");
        }
        vec![stage.worker()]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_dies_before_commit() {
    row("worker dies just before COMMIT, 5 times", async |stage| {
        for _ in 0..5 {
            let worker = stage.faulty_worker(&format!("before_commit=abort@{}", stage.draw(8)));
            stage.until("the failpoint was reached", async || worker.died()).await;
        }
        vec![stage.worker()]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_dies_after_commit() {
    row("worker dies between COMMIT and settling, 5 times", async |stage| {
        for _ in 0..5 {
            let worker = stage.faulty_worker(&format!("after_commit=abort@{}", stage.draw(8)));
            stage.until("the failpoint was reached", async || worker.died()).await;
        }
        vec![stage.worker()]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_stopped_after_commit() {
    row("worker stopped between COMMIT and settling, past the claim bound", async |stage| {
        let first = stage.faulty_worker(&format!("after_commit=stop@{}", stage.draw(8)));
        stage.until("the failpoint was reached", async || first.is_stopped()).await;
        let second = stage.worker();
        pass(CLAIM_BOUND * 2).await;
        first.signal("-CONT");
        stage.heal();
        stage.more(50).await;
        vec![first, second]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_stopped_before_commit() {
    row("worker stopped just before COMMIT, past the claim bound", async |stage| {
        let first = stage.faulty_worker(&format!("before_commit=stop@{}", stage.draw(8)));
        stage.until("the failpoint was reached", async || first.is_stopped()).await;
        let second = stage.worker();
        pass(CLAIM_BOUND * 2).await;
        first.signal("-CONT");
        stage.heal();
        stage.more(50).await;
        vec![first, second]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn worker_stopped() {
    row("worker stopped (SIGSTOP) past the claim bound", async |stage| {
        let (first, second) = (stage.ready_worker().await, stage.ready_worker().await);
        stage.more(100).await;
        first.signal("-STOP");
        stage.more(50).await;
        pass(CLAIM_BOUND * 2).await;
        first.signal("-CONT");
        stage.heal();
        stage.more(50).await;
        vec![first, second]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_killed() {
    row("API killed 5 times", async |stage| {
        let worker = stage.ready_worker().await;
        for _ in 0..5 {
            stage.more(100).await;
            stage.replace_api();
        }
        vec![worker]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_each_killed_in_turn() {
    row("two APIs and two workers, one of each killed 4 times", async |stage| {
        stage.add_api();
        let mut workers = vec![stage.worker(), stage.worker()];
        for _ in 0..4 {
            stage.more(100).await;
            workers.remove(0).signal("-KILL");
            stage.replace_api();
            workers.push(stage.worker());
        }
        workers
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_workers_on_the_same_accounts() {
    row("eight workers in batches of 5 on the same seven accounts", async |stage| {
        let small = [("SSPP_BATCH_SIZE", "5"), ("QUEUE_CONCURRENCY", "2")];
        let workers = (0..8).map(|_| stage.worker_with(&small)).collect();
        stage.more(500).await;
        workers
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts() {
    restarts(6).await;
}

/// Replaces the one or the other of two workers under load, each time by SIGTERM.
pub(super) async fn restarts(times: usize) {
    row(&format!("{times} rolling restarts of two workers"), async |stage| {
        let mut workers = vec![stage.worker(), stage.worker()];
        for _ in 0..times {
            stage.more(50).await;
            workers.push(stage.worker());
            let old = workers.remove(0);
            old.signal("-TERM");
            assert_eq!(old.ended(), 0);
        }
        workers
    })
    .await;
}
