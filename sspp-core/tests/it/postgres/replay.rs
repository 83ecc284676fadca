//! Replay over the servers of a deployment.

use sspp_core::testing::eventually;
use sspp_core::testing::servers::{Kind, server};
use sspp_core::{RedisConfig, RedisEventQueue};

use super::fixture::Site;
use crate::replay::many_replays_make_one_signal;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_replays_make_one_signal_on_redis_and_postgres() {
    let Some(site) = Site::on(Kind::Postgres17).await else { return };
    let Some(redis) = server(Kind::Redis7).await else { return };
    let queue = RedisEventQueue::open(RedisConfig::new(&redis.url)).await.unwrap();
    eventually("connected", async || queue.port().ping().await.is_ok()).await;
    let store = site.store("replay").await;
    many_replays_make_one_signal(queue.port(), store.port()).await;
    queue.close().await;
    store.close().await;
}
