//! The queue on Redis Streams: the contract on Redis 7 and Valkey 8, and what is particular to a server.
#![expect(clippy::unwrap_used, reason = "fixtures are parts of tests: they fail by panicking")]

mod away;
mod fixture;
mod refusals;

use std::collections::BTreeSet;
use std::time::Duration;

use sspp_core::testing::builders::job;
use sspp_core::testing::servers::Kind;
use sspp_core::testing::{did_not_run, eventually};
use sspp_core::{
    Delivery, Durability, EventId, EventQueue, QueueError, RedisConfig, RedisEventQueue, Settled,
};

use fixture::Site;

const SURELY: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_7_keeps_the_contract() {
    keeps_the_contract(Kind::Redis7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn valkey_8_keeps_the_contract() {
    keeps_the_contract(Kind::Valkey8).await;
}

async fn keeps_the_contract(kind: Kind) {
    let Some(site) = Site::on(kind).await else { return };
    let make = async |case: &str| site.fixture(case).await;
    sspp_core::queue_contract!(all in one: make);
}

async fn drain(queue: &dyn EventQueue, count: usize) -> BTreeSet<EventId> {
    let mut ids = BTreeSet::new();
    let mut taken = 0;
    while taken < count {
        let came = queue.receive(500, SURELY).await.unwrap();
        assert!(!came.is_empty(), "{taken} of {count} jobs came");
        taken += came.len();
        ids.extend(came.iter().map(|delivery| delivery.event_id));
        let done: Vec<Settled> = came.into_iter().map(Delivery::done).collect();
        queue.settle(done).await.unwrap();
    }
    ids
}

/// What a server full of memory refuses, and what it must not refuse; then what is left in it when all is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_memory_refuses_new_events_and_can_be_drained() {
    let Some(site) = Site::on(Kind::Redis7).await else { return };
    let queue = site.queue(|config| config.name = "oom".to_owned()).await;
    for first in (0..2_000).step_by(500) {
        queue.enqueue((first..first + 500).map(job).collect()).await.unwrap();
    }
    let mut redis = site.raw().await;
    let used = redis.info("used_memory:").await;
    redis.ask(&["CONFIG", "SET", "maxmemory", &(used.parse::<u64>().unwrap() - 100_000).to_string()]).await;
    let error = queue.enqueue(vec![job(9_000)]).await.unwrap_err();
    assert!(matches!(error, QueueError::Storage { .. }), "{error}");
    assert!(error.retry_after() > Duration::ZERO);

    // Everything that drains still works: taking, keeping, giving back, putting off, settling.
    let mut held = queue.receive(40, SURELY).await.unwrap();
    assert_eq!(held.len(), 40);
    queue.keep(held.iter().map(|delivery| delivery.receipt.clone()).collect()).await.unwrap();
    queue.settle(held.drain(..20).map(Delivery::give_back).collect()).await.unwrap();
    queue
        .settle(held.drain(..).map(|delivery| delivery.postpone(Duration::from_millis(1))).collect())
        .await
        .unwrap();
    let ids = drain(queue.as_ref(), 2_000).await;
    assert_eq!(ids.len(), 2_000);

    redis.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    queue.enqueue(vec![job(9_000)]).await.unwrap();
    drain(queue.as_ref(), 1).await;
    // A stream a shard and the set of shards: nothing that grows.
    let mut keys = redis.ask(&["KEYS", "oom:*"]).await;
    keys.retain(|key| key != "oom:shards" && !key.ends_with('}'));
    assert_eq!(keys, Vec::<String>::new());
    assert_eq!(queue.depth().await.unwrap().total(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_scripts_groups_and_shards_are_no_loss() {
    let Some(site) = Site::on(Kind::Redis7).await else { return };
    let wide = site.queue(|config| (config.name, config.shards) = ("lost".to_owned(), 8)).await;
    wide.enqueue((0..100).map(job).collect()).await.unwrap();
    let mut redis = site.raw().await;
    redis.ask(&["SCRIPT", "FLUSH"]).await;
    // Fewer shards than before: what lies in the others comes all the same.
    let narrow = site.queue(|config| (config.name, config.shards) = ("lost".to_owned(), 1)).await;
    assert_eq!(drain(narrow.as_ref(), 100).await.len(), 100);
    redis.ask(&["FLUSHALL"]).await;
    narrow.enqueue((0..10).map(job).collect()).await.unwrap();
    assert_eq!(drain(narrow.as_ref(), 10).await.len(), 10);
}

/// Paused for a while: callers get an error in time, memory stays bounded, and it recovers by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_reported_in_time_and_comes_back() {
    let Some(site) = Site::on(Kind::Redis7).await else { return };
    if !site.server.is_container() {
        return did_not_run("a server given by URL cannot be paused; unset SSPP_TEST_REDIS_URL");
    }
    let queue = site.queue(|config| config.name = "frozen".to_owned()).await;
    queue.enqueue(vec![job(1)]).await.unwrap();
    site.docker("pause");
    for number in 2..5 {
        let began = std::time::Instant::now();
        let error = queue.enqueue(vec![job(number)]).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}: {error}", began.elapsed());
    }
    site.docker("unpause");
    eventually("the queue takes events again", async || queue.enqueue(vec![job(9)]).await.is_ok()).await;
    let mut ids = BTreeSet::new();
    eventually_drained(queue.as_ref(), &mut ids).await;
    assert!(ids.contains(&job(1).event_id) && ids.contains(&job(9).event_id));
}

async fn eventually_drained(queue: &dyn EventQueue, ids: &mut BTreeSet<EventId>) {
    loop {
        let came = queue.receive(100, Duration::from_secs(1)).await.unwrap();
        if came.is_empty() {
            return;
        }
        ids.extend(came.iter().map(|delivery| delivery.event_id));
        queue.settle(came.into_iter().map(Delivery::done).collect()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_tells_how_durable_it_is() {
    let Some(site) = Site::on(Kind::Redis7).await else { return };
    let queue = site.queue(|config| config.name = "durable".to_owned()).await;
    eventually("connected", async || queue.ping().await.is_ok()).await;
    let mut redis = site.raw().await;
    redis.ask(&["CONFIG", "SET", "appendonly", "yes"]).await;
    eventually("safe", async || queue.durability().await.unwrap() == Durability::Durable).await;
    for (setting, risky, safe) in
        [("appendfsync", "no", "everysec"), ("no-appendfsync-on-rewrite", "yes", "no")]
    {
        redis.ask(&["CONFIG", "SET", setting, risky]).await;
        let durability = queue.durability().await.unwrap();
        assert!(
            durability.at_risk().len() == 1 && durability.at_risk()[0].contains(setting),
            "{durability:?}"
        );
        redis.ask(&["CONFIG", "SET", setting, safe]).await;
    }
    redis.ask(&["CONFIG", "SET", "appendonly", "no"]).await;
    redis.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    let durability = queue.durability().await.unwrap();
    assert_eq!(durability.at_risk().len(), 2, "{durability:?}");
}

#[tokio::test]
async fn unusable_settings_are_refused_without_telling_the_password() {
    for url in ["", "cache", "http://cache", "redis://user:secret@cache:notaport"] {
        let error = RedisEventQueue::open(RedisConfig::new(url)).await.unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    let config = RedisConfig { shards: 0, ..RedisConfig::new("redis://127.0.0.1:1") };
    assert!(RedisEventQueue::open(config).await.unwrap_err().to_string().contains("shards"));
    // No server listens there: no error at first, and then one in time.
    let queue = RedisEventQueue::open(RedisConfig::new("redis://127.0.0.1:1")).await.unwrap();
    let began = std::time::Instant::now();
    assert!(queue.enqueue(vec![job(1)]).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(3));
}

/// Due in two days, while the server's clock is stepped an hour back and forth: none early, none lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stepped_clock_makes_nothing_early_and_loses_nothing() {
    const HOUR: i64 = 3_600;
    let Some(site) = Site::on(Kind::Redis7).await else { return };
    let queue = site.queue(|config| config.name = "clock".to_owned()).await;
    queue.enqueue((0..50).map(job).collect()).await.unwrap();
    let mut held = Vec::new();
    while held.len() < 50 {
        held.extend(queue.receive(50, SURELY).await.unwrap());
    }
    let delay = Duration::from_hours(48);
    queue.settle(held.into_iter().map(|delivery| delivery.postpone(delay)).collect()).await.unwrap();
    for offset in [0, HOUR, -HOUR, 24 * HOUR, 47 * HOUR, 48 * HOUR - 60, 47 * HOUR - 60] {
        site.shift_clock("clock", offset * 1_000).await;
        let came = queue.receive(10, Duration::from_millis(20)).await.unwrap();
        assert_eq!(came, [], "early at {offset} s");
    }
    site.shift_clock("clock", (48 * HOUR + 1) * 1_000).await;
    assert_eq!(drain(queue.as_ref(), 50).await.len(), 50);
}

/// The rows that kill a server count what it acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_a_test_is_as_durable_after_it_was_killed() {
    let Some(mut site) = Site::on(Kind::Redis7).await else { return };
    if !site.server.is_container() {
        return did_not_run("a server given by URL cannot be killed; unset SSPP_TEST_REDIS_URL");
    }
    site.docker("kill");
    site.docker("start");
    site.server.url = site.server.url_now().await;
    site.queue(|_| ()).await;
    let mut redis = site.raw().await;
    assert_eq!(redis.ask(&["CONFIG", "GET", "appendfsync"]).await, ["appendfsync", "always"]);
}
