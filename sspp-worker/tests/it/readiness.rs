//! Readiness follows reality, both ways: servers that are stopped and started again; and a queue that is full says when to
//! come again.

use std::time::{Duration, Instant};

use sspp_core::testing::eventually;
use sspp_core::testing::servers::{Kind, Server, server};

use crate::platform::docker;
use crate::process::{Running, WORKER, api, command, ended};
use crate::proxy::Proxy;

/// Within this time a probe follows what happened.
const FOLLOWS_WITHIN: Duration = Duration::from_secs(5);

fn address(url: &str) -> String {
    url.rsplit('@').next().unwrap().trim_start_matches("redis://").split('/').next().unwrap().to_owned()
}

async fn both_turn(api: &Running, worker: &Running, status: u16, of_api: u16) {
    let began = Instant::now();
    eventually("both probes have turned", async || {
        worker.status("/ready").await == status && api.status("/ready").await == of_api
    })
    .await;
    assert!(began.elapsed() < FOLLOWS_WITHIN, "{:?}", began.elapsed());
}

async fn stop(server: &Server) {
    docker(&["stop", "-t", "5", server.container_id()]);
}

/// Starts a container again and leads the proxy to where it is now.
async fn start(server: &Server, proxy: &Proxy) {
    docker(&["start", server.container_id()]);
    let url = server.url_now().await;
    proxy.lead_to(address(&url));
    let port = address(&url);
    eventually("the server accepts connections", async || {
        tokio::net::TcpStream::connect(&port).await.is_ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_follows_servers_that_stop_and_start() {
    let (redis, postgres) = tokio::join!(server(Kind::Redis7), server(Kind::Postgres17));
    let (Some(redis), Some(postgres)) = (redis, postgres) else { return };
    if !redis.is_container() || !postgres.is_container() {
        eprintln!("!!! DID NOT RUN: servers given by URL cannot be stopped; unset SSPP_TEST_*_URL");
        return;
    }
    let (to_redis, to_postgres) =
        (Proxy::before(address(&redis.url)).await, Proxy::before(address(&postgres.url)).await);
    let redis_url = format!("redis://{}", to_redis.address);
    let database_url = format!("postgres://postgres:postgres@{}/postgres", to_postgres.address);
    let variables = [
        ("REDIS_URL", redis_url.as_str()),
        ("DATABASE_URL", database_url.as_str()),
        ("SSPP_CLAIM_BOUND", "3s"),
        ("SSPP_STATEMENT_TIMEOUT", "1500ms"),
    ];
    let (status, _, said) = ended(&mut command(WORKER, &["migrate"], &variables));
    assert_eq!(status, 0, "{said}");
    let (worker, api) = (Running::start(WORKER, &variables), Running::start(api(), &variables));
    both_turn(&api, &worker, 200, 200).await;

    stop(&redis).await;
    both_turn(&api, &worker, 503, 503).await;
    start(&redis, &to_redis).await;
    both_turn(&api, &worker, 200, 200).await;

    stop(&postgres).await;
    // The API takes events without the store.
    both_turn(&api, &worker, 503, 200).await;
    for process in [&api, &worker] {
        let health = process.json("/health").await;
        assert_eq!(health["services"]["postgresql"]["status"], "unhealthy", "{health}");
        for service in ["redis", "postgresql"] {
            assert!(health["services"][service]["responseTime"].is_u64(), "{health}");
        }
    }
    start(&postgres, &to_postgres).await;
    both_turn(&api, &worker, 200, 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_says_when_to_come_again() {
    let (redis, postgres) = tokio::join!(server(Kind::Redis7), server(Kind::Postgres17));
    let (Some(redis), Some(postgres)) = (redis, postgres) else { return };
    let variables = [
        ("REDIS_URL", redis.url.as_str()),
        ("DATABASE_URL", postgres.url.as_str()),
        ("SSPP_MAX_BACKLOG", "20"),
        ("SSPP_QUEUE_SHARDS", "1"),
    ];
    let (status, _, said) = ended(&mut command(WORKER, &["migrate"], &variables));
    assert_eq!(status, 0, "{said}");
    let api = Running::start(api(), &variables);
    let event = |id: usize| {
        format!(
            r#"{{"eventId":"{id}","accountId":"acme","userId":"ada","eventType":"call_made","timestamp":"2026-01-15"}}"#
        )
    };
    let mut taken = 0;
    let refused = loop {
        let answer = api.post(&event(taken)).await;
        if answer.status() != 202 {
            break answer;
        }
        taken += 1;
        assert!(taken < 200, "the queue is never full");
    };
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(problem["type"], "urn:sspp:problem:queue-full", "{problem}");
    // Nobody drains it: once that is known, the wait is the longest.
    eventually("nothing is drained, and the wait says so", async || {
        api.post(&event(1_000)).await.headers()["retry-after"] == "120"
    })
    .await;
    let worker = Running::start(WORKER, &variables);
    eventually("there is room again", async || api.post(&event(1_001)).await.status() == 202).await;
    eventually("the drain rate is known", async || {
        let metrics = api.text("/metrics").await;
        let rate = metrics.lines().find_map(|line| line.strip_prefix("sspp_api_queue_drain_rate "));
        rate.unwrap().parse::<f64>().unwrap() > 0.0
    })
    .await;
    drop(worker);
}
