//! The rows that take minutes: `just faults`.

use std::time::Duration;

use super::{postgresql_alone, processes, queue, store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn postgresql_away_for_5_minutes() {
    store::away(Duration::from_mins(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn statements_too_slow_for_2_minutes() {
    store::too_slow(Duration::from_mins(2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn redis_paused_for_30_seconds() {
    queue::paused(Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn rolling_restarts_20_times() {
    processes::restarts(20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn rolling_restarts_of_apis_20_times() {
    postgresql_alone::restarts(20).await;
}
