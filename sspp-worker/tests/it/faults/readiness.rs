//! `/ready` of both processes while the servers behind them stop and start.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use sspp_core::testing::eventually;

use super::row;
use crate::platform::turns;

/// So soon, both ways.
const FOLLOWS: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_follows_servers_that_stop_and_start() {
    row("each server stopped and started, readiness watched", async |stage| {
        let worker = stage.ready_worker().await;
        stage.more(100).await;
        let (redis, postgres, api) = (stage.servers.redis(), stage.servers.postgres(), stage.api());
        tokio::join!(turns(api, 200), turns(&worker, 200));

        redis.kill();
        let (of_api, of_worker) = tokio::join!(turns(api, 503), turns(&worker, 503));
        assert!(of_api.max(of_worker) < FOLLOWS, "away: {of_api:?} {of_worker:?}");
        assert_eq!(api.status("/livez").await, 200);
        assert_eq!(worker.status("/livez").await, 200);
        redis.start_again().await;
        eventually("Redis answers again", async || redis.asked(&["redis-cli", "ping"]) == b"PONG\n").await;
        let (of_api, of_worker) = tokio::join!(turns(api, 200), turns(&worker, 200));
        assert!(of_api.max(of_worker) < FOLLOWS, "back: {of_api:?} {of_worker:?}");

        postgres.kill();
        let of_worker = turns(&worker, 503).await;
        assert!(of_worker < FOLLOWS, "away: {of_worker:?}");
        postgres.start_again().await;
        let url = postgres.server.url_now().await;
        eventually("PostgreSQL answers again", async || PgConnection::connect(&url).await.is_ok()).await;
        let of_worker = turns(&worker, 200).await;
        assert!(of_worker < FOLLOWS, "back: {of_worker:?}");
        stage.heal();
        stage.more(50).await;
        vec![worker]
    })
    .await;
}
