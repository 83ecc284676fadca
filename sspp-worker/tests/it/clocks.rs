//! Hosts whose clocks are wrong, as processes over one Redis and one PostgreSQL: what came before an erasure and what is too
//! old is decided by the servers, and clocks that differ are said.

use sqlx::ConnectOptions as _;
use sspp_core::testing::eventually;
use sspp_core::testing::servers::{Kind, server};
use sspp_core::{Clock as _, SystemClock, Timestamp};

use crate::platform::turns;
use crate::process::{Running, WORKER, api};

/// Accepts so many events of an account; they happened now, by the clock of this host.
async fn accept(api: &Running, account: &str, events: usize) {
    for _ in 0..events {
        let now = Timestamp::from_datetime(SystemClock.now());
        let event = format!(
            r#"{{"accountId":"{account}","userId":"user_1","eventType":"email_clicked","timestamp":"{now}"}}"#
        );
        let answer = api.post(&event).await;
        assert_eq!(answer.status(), 202, "{}", answer.text().await.unwrap());
    }
}

async fn drained(api: &Running) {
    eventually("the queue is empty", async || {
        let stats = api.json("/api/v1/jobs/stats").await;
        ["waiting", "active", "delayed"].iter().all(|state| stats[state] == 0)
    })
    .await;
}

async fn erase(api: &Running, account: &str) {
    let url = format!("{}/api/v1/accounts/{account}", api.base);
    let answer = reqwest::Client::new().delete(url).send().await.unwrap();
    assert_eq!(answer.status(), 202);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_clocks_of_hosts_lose_nothing_and_keep_nothing() {
    let (redis, postgres) = tokio::join!(server(Kind::Redis7), server(Kind::Postgres17));
    let (Some(redis), Some(postgres)) = (redis, postgres) else { return };
    let with = |offset: &str, program: std::path::PathBuf| {
        let variables = [
            ("REDIS_URL", redis.url.as_str()),
            ("DATABASE_URL", postgres.url.as_str()),
            ("SSPP_MIGRATE", "true"),
            ("SSPP_CLOCK_OFFSET", offset),
        ];
        Running::start(program, &variables)
    };
    // 400 days ahead.
    let worker = with("34560000", WORKER.into());
    let apis = ["0", "-600", "600"].map(|offset| with(offset, api()));
    turns(&worker, 200).await;
    for (process, way) in [(&worker, "ahead of"), (&apis[1], "behind"), (&apis[2], "ahead of")] {
        eventually("it is said that the clocks differ", async || {
            let warnings = process.json("/health").await["warnings"].to_string();
            ["redis", "postgresql"].iter().all(|server| warnings.contains(&format!("{way} {server}'s")))
        })
        .await;
        assert!(process.log().contains("CLOCKS DIFFER"), "{}", process.log());
        assert!(process.text("/metrics").await.contains(r#"clock_offset_seconds{dependency="redis"}"#));
    }
    assert_eq!(apis[0].json("/health").await["warnings"], serde_json::json!([]));

    let mut accounts = Vec::new();
    for (one, before) in apis.iter().enumerate() {
        for (two, orders) in apis.iter().enumerate() {
            let account = format!("acc_{one}{two}");
            accept(before, &account, 3).await;
            // Some are recorded by then, some wait.
            if two % 2 == 0 {
                drained(before).await;
            }
            erase(orders, &account).await;
            for after in &apis {
                accept(after, &account, 2).await;
            }
            accounts.push(account);
        }
    }
    drained(&apis[0]).await;
    for account in accounts {
        let page = apis[0].json(&format!("/api/v1/signals?accountId={account}")).await;
        assert_eq!(page["pagination"]["total"], 6, "{account}: {page}");
        // The worker's clock dates nothing. (Both are of this machine, written the same way.)
        let health = apis[0].json("/health").await;
        let now = health["timestamp"].as_str().unwrap();
        for signal in page["data"].as_array().unwrap() {
            assert!(signal["processed_at"].as_str().unwrap() <= now, "{signal} {now}");
        }
    }
}

/// An API without the queue ordered an erasure by PostgreSQL's clock, which is ahead of Redis': the queue's stamps follow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_follows_an_erasure_that_another_shape_ordered() {
    let (redis, postgres) = tokio::join!(server(Kind::Redis7), server(Kind::Postgres17));
    let (Some(redis), Some(postgres)) = (redis, postgres) else { return };
    let direct = [("DATABASE_URL", postgres.url.as_str()), ("SSPP_MIGRATE", "true")];
    let queued = [direct[0], direct[1], ("REDIS_URL", redis.url.as_str())];
    let (alone, beside) = (Running::start(api(), &direct), Running::start(api(), &queued));
    let worker = Running::start(WORKER, &queued);
    turns(&worker, 200).await;
    turns(&beside, 200).await;
    turns(&alone, 200).await;
    erase(&alone, "acc_1").await;
    let options: sqlx::postgres::PgConnectOptions = postgres.url.parse().unwrap();
    let mut database = options.connect().await.unwrap();
    let ahead = "UPDATE erasures SET up_to = now() + interval '1 hour'";
    sqlx::query(ahead).execute(&mut database).await.unwrap();
    eventually("an event that comes after it is kept", async || {
        accept(&beside, "acc_1", 1).await;
        drained(&beside).await;
        beside.json("/api/v1/signals?accountId=acc_1").await["pagination"]["total"] != 0
    })
    .await;
}
