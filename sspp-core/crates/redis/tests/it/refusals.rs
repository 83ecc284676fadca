//! Servers that answer and take no writes: the queue says so before an event finds out, and works again by itself.

use std::process::Command;
use std::sync::Arc;

use sspp_core::testing::builders::job;
use sspp_core::testing::eventually;
use sspp_core::testing::servers::Kind;
use sspp_core::{Delivery, EventQueue, QueueError, RedisConfig, RedisEventQueue};

use super::SURELY;
use super::fixture::Site;

fn refused<T: std::fmt::Debug>(answer: &Result<T, QueueError>, how: &str) {
    assert!(matches!(answer, Err(QueueError::Storage { .. })), "{how}: {answer:?}");
}

async fn works(queue: &dyn EventQueue) {
    queue.ping().await.unwrap();
    queue.can_settle().await.unwrap();
    queue.enqueue(vec![job(1)]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_7_that_takes_no_writes_is_not_ready() {
    takes_no_writes(Kind::Redis7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn valkey_8_that_takes_no_writes_is_not_ready() {
    takes_no_writes(Kind::Valkey8).await;
}

async fn takes_no_writes(kind: Kind) {
    let Some(site) = Site::on(kind).await else { return };
    let queue = site.queue(|config| "refusing".clone_into(&mut config.name)).await;
    let mut redis = site.raw().await;
    works(queue.as_ref()).await;
    // How, what ends it, and whether deliveries can be settled meanwhile.
    let refusals: [(&[&str], &[&str], bool); 3] = [
        (&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"], true),
        (&["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"], false),
        (
            &["CONFIG", "SET", "min-replicas-to-write", "1"],
            &["CONFIG", "SET", "min-replicas-to-write", "0"],
            false,
        ),
    ];
    for (begin, end, settles) in refusals {
        let how = begin.join(" ");
        redis.ask(begin).await;
        refused(&queue.ping().await, &how);
        refused(&queue.enqueue(vec![job(2)]).await, &how);
        if settles {
            queue.can_settle().await.unwrap();
            let held = queue.receive(1, SURELY).await.unwrap();
            queue.settle(held.into_iter().map(Delivery::done).collect()).await.unwrap();
        } else {
            refused(&queue.can_settle().await, &how);
        }
        redis.ask(end).await;
        works(queue.as_ref()).await;
    }
    // What was probed left nothing behind.
    assert_eq!(redis.ask(&["HEXISTS", "refusing:{q0}:jobs", "probe"]).await, ["0"]);
}

/// A snapshot that failed: the server accepts no writes until one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_save_is_not_ready() {
    let Some(site) = Site::on(Kind::Redis7).await else { return };
    if !site.server.is_container() {
        return;
    }
    let queue = site.queue(|config| config.name = "misconf".to_owned()).await;
    let mut redis = site.raw().await;
    let may_write = |rights: &str| {
        let arguments = ["exec", "-u", "root", site.server.container_id(), "chmod", rights, "/data"];
        assert!(Command::new("docker").args(arguments).status().unwrap().success());
    };
    may_write("555");
    redis.ask(&["CONFIG", "SET", "save", "3600 1"]).await;
    redis.ask(&["BGSAVE"]).await;
    let raw = tokio::sync::Mutex::new(redis);
    eventually("the save failed", async || raw.lock().await.info("rdb_last_bgsave_status:").await == "err")
        .await;
    let mut redis = raw.into_inner();
    refused(&queue.ping().await, "a failed save");
    refused(&queue.can_settle().await, "a failed save");
    may_write("755");
    redis.ask(&["BGSAVE"]).await;
    eventually("saved", async || queue.ping().await.is_ok()).await;
    works(queue.as_ref()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_without_write_access_differs_from_a_server_that_is_away() {
    for kind in [Kind::Redis7, Kind::Valkey8] {
        let Some(site) = Site::on(kind).await else { return };
        let mut redis = site.raw().await;
        let address = site.server.url.trim_start_matches("redis://").to_owned();
        site.queue(|config| config.name = "acl".to_owned()).await;
        for (user, taken) in
            [("noadd", "-xadd"), ("reader", "-@write"), ("nohash", "-hset"), ("noscript", "-@scripting")]
        {
            redis.ask(&["ACL", "SETUSER", user, "on", ">secret", "~*", "&*", "+@all", taken]).await;
            let config = RedisConfig {
                name: "acl".to_owned(),
                ..RedisConfig::new(format!("redis://{user}:secret@{address}"))
            };
            let queue: Arc<RedisEventQueue> = RedisEventQueue::open(config).await.unwrap();
            eventually("connected", async || {
                !matches!(
                    queue.ping().await,
                    Err(QueueError::Unavailable { .. } | QueueError::Timeout { .. })
                )
            })
            .await;
            refused(&queue.ping().await, user);
            refused(&queue.enqueue(vec![job(1)]).await, user);
            queue.close().await;
        }
    }
}
