//! Over real servers: verdicts of shards that disagree, a full Redis, an event followed through both, PostgreSQL alone.

use std::sync::Arc;

use serde_json::{Value, json};
use sspp_api::{Ports, Settings};
use sspp_core::testing::servers::{Kind, server};
use sspp_core::testing::{differences, eventually};
use sspp_core::{PgConfig, PgStore, RedisConfig, RedisEventQueue};
use sspp_runtime::METRICS;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::harness::{Harness, Reply, event, queued_ports};
use crate::process::{Running, command};
use crate::transfer::sspp_api;

async fn send(harness: &Harness, accounts: &[&str]) -> Reply {
    let events: Vec<String> = accounts.iter().map(|account| event(account, "call_made", "{}")).collect();
    let body = events.join("\n");
    harness.send("POST", "/api/v1/events/batch", &[("content-type", "application/x-ndjson")], body).await
}

async fn over_redis(url: &str, name: &str, max_backlog: u64) -> (Harness, Arc<RedisEventQueue>) {
    let config = RedisConfig { name: name.to_owned(), shards: 4, max_backlog, ..RedisConfig::new(url) };
    let queue = RedisEventQueue::open(config).await.unwrap();
    let ports = Ports { queue_kind: "redis", ..queued_ports(queue.port()) };
    (Harness::over(ports, Settings::default()), queue)
}

/// Sends a command that has a one-line answer.
async fn tell(url: &str, command: &str) {
    let mut socket =
        BufReader::new(tokio::net::TcpStream::connect(url.trim_start_matches("redis://")).await.unwrap());
    socket.get_mut().write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_line(&mut answer).await.unwrap();
    assert_eq!(answer, "+OK\r\n", "{command}");
}

fn statuses(json: &Value) -> Vec<&str> {
    json["results"].as_array().unwrap().iter().map(|verdict| verdict["status"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_without_room_is_to_be_sent_again_and_a_full_queue_is_a_503() {
    let Some(server) = server(Kind::Redis7).await else { return };
    // Twelve of one account are more than the queue holds, so its shard refuses them together; another's takes one.
    let other = {
        let mut names = (0..).map(|number| format!("other_{number}"));
        loop {
            let (probe, probe_queue) = over_redis(&server.url, "probe", 1).await;
            let name = names.next().unwrap();
            let json = send(&probe, &["hot", "hot", &name]).await.json();
            probe_queue.close().await;
            tell(&server.url, "FLUSHALL").await;
            if json["retry"] == 2 {
                break name;
            }
        }
    };
    let (harness, queue) = over_redis(&server.url, "room", 10).await;
    let mut accounts = vec!["hot"; 12];
    accounts.insert(5, &other);
    let reply = send(&harness, &accounts).await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let json = reply.json();
    assert_eq!((&json["accepted"], &json["rejected"], &json["retry"]), (&json!(1), &json!(0), &json!(12)));
    assert_eq!(statuses(&json)[5], "accepted");
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1, "{reply:?}");
    assert_eq!(harness.queue().depth().await.unwrap().waiting, 1);
    // Under the ids of the verdicts nothing is there yet.
    let id = json["results"][0]["eventId"].as_str().unwrap();
    harness.get(&format!("/api/v1/events/{id}")).await.problem(404);

    let reply = send(&harness, &["hot"; 12]).await;
    reply.problem(503);
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1, "{reply:?}");
    assert_eq!(send(&harness, &["hot"; 9]).await.json()["accepted"], 9);
    send(&harness, &["hot"]).await.problem(503);
    queue.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_over_its_memory_takes_no_batch_and_then_takes_it() {
    let Some(server) = server(Kind::Redis7).await else { return };
    let (harness, queue) = over_redis(&server.url, "memory", 1_000).await;
    assert_eq!(send(&harness, &["a", "b", "c"]).await.json()["accepted"], 3);
    tell(&server.url, "CONFIG SET maxmemory 1").await;
    let reply = send(&harness, &["a", "b", "c", "d"]).await;
    reply.problem(503);
    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1, "{reply:?}");
    assert_eq!(harness.queue().depth().await.unwrap().waiting, 3, "refused whole");
    tell(&server.url, "CONFIG SET maxmemory 0").await;
    assert_eq!(send(&harness, &["a", "b", "c", "d"]).await.json()["accepted"], 4);
    queue.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_of_a_batch_is_followed_over_redis_into_postgresql() {
    let (Some(redis), Some(postgres)) = (server(Kind::Redis7).await, server(Kind::Postgres17).await) else {
        return;
    };
    let queue = RedisEventQueue::open(RedisConfig::new(&redis.url)).await.unwrap();
    let store = PgStore::open(PgConfig::new(&postgres.url)).await.unwrap();
    store.migrate().await.unwrap();
    let store_kind = "postgresql";
    let ports = Ports { queue_kind: "redis", store: store.port(), store_kind, ..queued_ports(queue.port()) };
    let harness = Harness::over(ports, Settings::default());
    let metadata = r#"{"responseTimeHours" : 2.0}"#;
    let own = |id: usize| {
        let account = format!("acc_{}", id % 7);
        event(&account, "email_clicked", metadata).replacen(
            '{',
            &format!(r#"{{"eventId":"mail-{id}","source":"crm","#),
            1,
        )
    };
    let events: Vec<String> = (0..200).map(own).collect();
    let body = format!(r#"{{"events":[{}]}}"#, events.join(","));
    let json = [("content-type", "application/json")];
    let batch = "/api/v1/events/batch";
    let first = harness.send("POST", batch, &json, body.clone()).await.json();
    assert_eq!(first["accepted"], 200);
    let path = "/api/v1/events/mail-8?accountId=acc_1&source=crm";
    let waiting = harness.get(path).await.json();
    assert_eq!(
        (&waiting["state"], &waiting["eventId"]),
        (&json!("waiting"), &first["results"][8]["eventId"])
    );
    harness.run_pipeline();
    // Sent again while it is scored: the same ids, and nothing counts twice.
    let again = harness.send("POST", batch, &json, body).await.json();
    assert_eq!(again["results"], first["results"]);
    harness.drained().await;
    let stats = harness.ports.store.stats().await.unwrap();
    assert_eq!((stats.signals, stats.dead_letters), (200, 0));
    let done = harness.get(path).await;
    assert!(done.text.contains(r#"{"responseTimeHours":2.0}"#), "metadata is not as it was: {done:?}");
    let done = done.json();
    assert_eq!((&done["state"], &done["signal"]["signal_score"]), (&json!("completed"), &json!(0.7)));
    assert_eq!(
        (&done["event"]["externalId"], &done["signal"]["external_id"]),
        (&json!("mail-8"), &json!("mail-8"))
    );
    queue.close().await;
    store.close().await;
}

async fn post(running: &Running) -> reqwest::Response {
    let url = format!("{}/api/v1/events", running.base);
    let request = reqwest::Client::new().post(url).header("content-type", "application/json");
    request.body(event("acc_1", "call_made", "{}")).send().await.unwrap()
}

/// It exports what the list says of a process with this intake, and nothing else.
async fn exports_the_list(running: &Running, intake: &str) {
    let scrape =
        async || reqwest::get(format!("{}/metrics", running.base)).await.unwrap().text().await.unwrap();
    eventually("every metric is exported", async || differences(&scrape().await, METRICS, intake).is_empty())
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_alone_needs_no_worker_from_migration_to_retention() {
    let Some(postgres) = server(Kind::Postgres17).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let variables = [("DATABASE_URL", postgres.url.as_str()), ("SSPP_RETAIN_SIGNALS", "1d")];
    let running = Running::start_with(folder.path(), &[], &variables);
    let not_ready = running.get("/ready").await.to_string();
    assert!(not_ready.contains("not set up") && not_ready.contains("`sspp-api migrate`"), "{not_ready}");
    assert_eq!(post(&running).await.status(), 503);
    let migrated = command(folder.path(), &["migrate"]).envs(variables).output().unwrap();
    assert!(String::from_utf8_lossy(&migrated.stdout).contains("applied"), "{migrated:?}");
    eventually("it is ready", async || running.get("/ready").await["status"] == "ready").await;
    let answer = post(&running).await;
    assert_eq!(answer.status(), 202);
    let answer: Value = answer.json().await.unwrap();
    let path = format!("/api/v1/events/{}", answer["eventId"].as_str().unwrap());
    assert_eq!(running.get(&path).await["state"], "completed");
    exports_the_list(&running, "direct").await;

    // Another one beside it sees the same, and a signal of another time goes by the setting.
    let beside = Running::start_with(folder.path(), &["--migrate"], &variables);
    assert_eq!(beside.get(&path).await["state"], "completed");
    let export = format!("{}/api/v1/signals/export", running.base);
    let export = reqwest::get(export).await.unwrap().text().await.unwrap();
    let old = {
        let mut signal: Value = serde_json::from_str(export.lines().last().unwrap()).unwrap();
        signal["processedAt"] = json!("2020-01-01T00:00:00Z");
        signal["eventId"] = json!("0197d3c5-5c00-7000-8000-000000000001");
        format!("{}\n{signal}\n", export.lines().next().unwrap())
    };
    std::fs::write(folder.path().join("old.ndjson"), old).unwrap();
    let (done, said) = sspp_api(folder.path(), &["import", "old.ndjson"], &variables[..1]);
    assert!(done && said.contains("1 new signals"), "{said}");
    let (running, beside) = (running.said_until_stopped(), beside.said_until_stopped());
    for said in [running, beside] {
        assert!(said.contains("PostgreSQL alone") && said.contains("no worker is needed"), "{said}");
    }
    let again = Running::start_with(folder.path(), &[], &variables);
    eventually("what is too old is removed", async || {
        again.get("/api/v1/signals/stats").await["total_signals"] == 1
    })
    .await;
    assert_eq!(again.get(&path).await["state"], "completed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_front_of_a_queue_it_exports_what_the_list_says() {
    let (Some(redis), Some(postgres)) = (server(Kind::Redis7).await, server(Kind::Postgres17).await) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let variables = [("DATABASE_URL", postgres.url.as_str()), ("REDIS_URL", redis.url.as_str())];
    let running = Running::start_with(folder.path(), &["--migrate"], &variables);
    assert_eq!(post(&running).await.status(), 202);
    exports_the_list(&running, "queued").await;
}
