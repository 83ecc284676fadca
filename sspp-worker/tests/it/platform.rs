//! The whole platform, API and worker as processes, over one Redis and one PostgreSQL: from the first migration to an
//! outage of each, a stop under load, and a queue that is not durable.

use std::process::Command;
use std::time::{Duration, Instant};

use sspp_core::testing::servers::{Kind, Server, server};
use sspp_core::testing::{did_not_run, differences, eventually, label_values};
use sspp_runtime::METRICS;

use crate::process::{Running, WORKER, api, command, ended};

/// Every variable that both processes get.
type Variables<'a> = [(&'a str, &'a str)];

pub(crate) fn docker(arguments: &[&str]) {
    let output = Command::new("docker").args(arguments).output().unwrap();
    assert!(output.status.success(), "docker {arguments:?}: {output:?}");
}

fn event(account: &str, id: usize) -> String {
    format!(
        r#"{{"eventId":"{id}","accountId":"{account}","userId":"user_1","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z","metadata":{{"responseTimeHours":2}}}}"#
    )
}

async fn total(api: &Running) -> u64 {
    api.json("/api/v1/signals/stats").await["total_signals"].as_u64().unwrap_or(0)
}

/// Waits until a probe answers so, and says how long that took.
pub(crate) async fn turns(process: &Running, status: u16) -> Duration {
    let began = Instant::now();
    eventually(&format!("/ready of {} answers {status}", process.base), async || {
        process.status("/ready").await == status
    })
    .await;
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_and_worker_are_one_platform_and_outlive_their_dependencies() {
    let (redis, postgres) = tokio::join!(server(Kind::Redis7), server(Kind::Postgres17));
    let (Some(redis), Some(postgres)) = (redis, postgres) else { return };
    if !redis.is_container() || !postgres.is_container() {
        return did_not_run("servers given by URL cannot be paused; unset SSPP_TEST_*_URL");
    }
    let variables = [
        ("REDIS_URL", redis.url.as_str()),
        ("DATABASE_URL", postgres.url.as_str()),
        ("SSPP_CLAIM_BOUND", "3s"),
        ("SSPP_STATEMENT_TIMEOUT", "1500ms"),
        ("SSPP_BATCH_SIZE", "20"),
        ("LOG_FORMAT", "json"),
    ];
    let worker = migrates_then_runs(&variables).await;
    let api = Running::start(api(), &variables);
    posts_become_signals(&api).await;
    a_queue_that_is_away_is_said_in_time(&api, &worker, &redis).await;
    a_queue_that_takes_no_writes_is_not_ready(&api, &worker, &redis).await;
    a_store_that_is_away_stops_only_scoring(&api, &worker, &postgres).await;
    a_stop_under_load_loses_nothing(&api, worker, &variables).await;
    a_queue_that_is_not_durable_is_said_or_refused(&redis, &variables).await;
    assert!(!api.log().contains("postgres:postgres"), "a password is in the log");
    api.signal("-TERM");
    assert_eq!(api.ended(), 0);
}

async fn migrates_then_runs(variables: &Variables<'_>) -> Running {
    let worker = Running::start(WORKER, variables);
    eventually("an empty database differs from one that is away", async || {
        let health = worker.json("/health").await;
        let reason = health["services"]["postgresql"]["reason"].as_str().unwrap_or_default().to_owned();
        reason.contains("sspp-worker migrate") && health["services"]["redis"]["status"] == "healthy"
    })
    .await;
    assert_eq!(worker.status("/ready").await, 503);
    // A thread of the test reads the log.
    eventually("the log says it too", async || worker.log().contains("sspp-worker migrate")).await;
    for expected in ["applied", "no migration was needed"] {
        let (status, printed, said) = ended(&mut command(WORKER, &["migrate"], variables));
        assert!(status == 0 && printed.contains(expected), "{printed}{said}");
        assert!(!said.contains("already exists"), "{said}");
    }
    turns(&worker, 200).await;
    let (status, printed, said) = ended(&mut command(WORKER, &["healthcheck", "--port", worker.port()], &[]));
    assert!(status == 0 && printed.starts_with("ready"), "{printed}{said}");
    worker
}

async fn posts_become_signals(api: &Running) {
    assert_eq!(api.post(&event("acme", 0)).await.status(), 202);
    assert_eq!(api.post(&event("acme", 0)).await.status(), 202, "a retry is no error");
    eventually("the event is a signal", async || total(api).await == 1).await;
    let page = api.json("/api/v1/signals?accountId=acme").await;
    assert_eq!(page["data"][0]["signal_score"], 0.7, "{page}");
    let id = &page["data"][0]["id"];
    assert_eq!(api.status(&format!("/api/v1/signals/{id}/explanation")).await, 200);
    let health = api.json("/health").await;
    assert_eq!(health["status"], "healthy", "{health}");
    assert_eq!(health["services"]["redis"]["status"], "healthy", "{health}");
    assert_eq!(health["services"]["postgresql"]["status"], "healthy", "{health}");
    assert_eq!(health["durability"], "durable", "{health}");
    let (status, printed, said) =
        ended(&mut command(crate::process::api(), &["healthcheck", "--port", api.port()], &[]));
    assert!(status == 0 && printed.starts_with("ready"), "{printed}{said}");
}

async fn a_queue_that_is_away_is_said_in_time(api: &Running, worker: &Running, redis: &Server) {
    docker(&["pause", redis.container_id()]);
    let began = Instant::now();
    let answer = api.post(&event("acme", 1)).await;
    assert!(began.elapsed() < Duration::from_millis(3_500), "{:?}", began.elapsed());
    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"), "{answer:?}");
    let (of_api, of_worker) = tokio::join!(turns(api, 503), turns(worker, 503));
    assert!(of_api.max(of_worker) < Duration::from_secs(5), "{of_api:?} {of_worker:?}");
    assert_eq!(worker.status("/livez").await, 200);
    docker(&["unpause", redis.container_id()]);
    let (of_api, of_worker) = tokio::join!(turns(api, 200), turns(worker, 200));
    assert!(of_api.max(of_worker) < Duration::from_secs(5), "{of_api:?} {of_worker:?}");
    // Whether the refused one got in or not, sending it again makes one signal.
    assert_eq!(api.post(&event("acme", 1)).await.status(), 202);
    eventually("it is scored once", async || total(api).await == 2).await;
}

async fn a_queue_that_takes_no_writes_is_not_ready(api: &Running, worker: &Running, redis: &Server) {
    let ask = |words: &[&str]| docker(&[&["exec", redis.container_id(), "redis-cli"], words].concat());
    let up = r#"sspp_api_dependency_up{dependency="redis"}"#;
    // A full memory can be drained; nothing can be settled on a replica.
    for (begin, end, of_worker) in [
        (["config", "set", "maxmemory", "1"], ["config", "set", "maxmemory", "0"], 200),
        (["replicaof", "127.0.0.1", "1", ""], ["replicaof", "no", "one", ""], 503),
    ] {
        let words =
            |all: [&'static str; 4]| all.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>();
        ask(&words(begin));
        assert_eq!(api.post(&event("acme", 1)).await.status(), 503);
        assert_eq!(api.status("/ready").await, 503);
        assert_eq!(api.json("/health").await["services"]["redis"]["reason"], "cannot write");
        eventually("the metric says so", async || api.text("/metrics").await.contains(&format!("{up} 0")))
            .await;
        turns(worker, of_worker).await;
        ask(&words(end));
        assert_eq!(api.status("/ready").await, 200);
        turns(worker, 200).await;
        eventually("the metric says so", async || api.text("/metrics").await.contains(&format!("{up} 1")))
            .await;
    }
}

async fn a_store_that_is_away_stops_only_scoring(api: &Running, worker: &Running, postgres: &Server) {
    docker(&["pause", postgres.container_id()]);
    let took = turns(worker, 503).await;
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!(api.post(&event("acme", 2)).await.status(), 202, "events are taken without the store");
    docker(&["unpause", postgres.container_id()]);
    turns(worker, 200).await;
    eventually("what waited is scored", async || total(api).await == 3).await;
    assert_eq!(api.json("/api/v1/jobs/stats").await["failed"], 0);
}

async fn a_stop_under_load_loses_nothing(api: &Running, worker: Running, variables: &Variables<'_>) {
    const EVENTS: usize = 400;
    for id in 0..EVENTS {
        if id == EVENTS / 2 {
            worker.signal("-TERM");
        }
        assert_eq!(api.post(&event("busy", 1_000 + id)).await.status(), 202);
    }
    assert_eq!(worker.ended(), 0);
    let next = Running::start(WORKER, variables);
    eventually("everything is scored", async || total(api).await == 3 + EVENTS as u64).await;
    eventually("the queue is empty", async || {
        let stats = api.json("/api/v1/jobs/stats").await;
        stats["waiting"] == 0 && stats["active"] == 0 && stats["delayed"] == 0 && stats["failed"] == 0
    })
    .await;
    eventually("the worker exports the list of metrics, and nothing else", async || {
        differences(&next.text("/metrics").await, METRICS, "worker").is_empty()
    })
    .await;
    let metrics = next.text("/metrics").await;
    assert_eq!(differences(&metrics, METRICS, "worker"), Vec::<String>::new());
    for (label, known) in [
        ("state", &["active", "delayed", "idle", "used", "waiting"][..]),
        ("dependency", &["postgresql", "redis"]),
        ("queue_name", &["events"]),
        ("kind", &["dead_letter", "signal"]),
    ] {
        assert_eq!(label_values(&metrics, label).into_iter().collect::<Vec<_>>(), known, "{label}");
    }
    let of_api = api.text("/metrics").await;
    for name in [
        r#"sspp_api_dependency_up{dependency="redis"} 1"#,
        r#"sspp_api_dependency_up{dependency="postgresql"} 1"#,
        r#"sspp_database_connections{state="idle"}"#,
        "sspp_queue_durability_at_risk 0",
        "sspp_store_durability_at_risk 0",
    ] {
        assert!(of_api.contains(name), "{name}\n{of_api}");
    }
    for name in [
        "sspp_signals_recorded_total",
        "sspp_record_duration_seconds_bucket",
        r#"sspp_worker_queue_size{queue_name="events",state="waiting"}"#,
        r#"sspp_worker_dependency_up{dependency="postgresql"} 1"#,
        "sspp_queue_durability_at_risk 0",
    ] {
        assert!(metrics.contains(name), "{name}\n{metrics}");
    }
    next.signal("-INT");
    assert_eq!(next.ended(), 0);
}

async fn a_queue_that_is_not_durable_is_said_or_refused(redis: &Server, variables: &Variables<'_>) {
    docker(&["exec", redis.container_id(), "redis-cli", "config", "set", "appendonly", "no"]);
    let strict = [variables, &[("SSPP_REQUIRE_DURABLE_QUEUE", "true")]].concat();
    for program in [api(), WORKER.into()] {
        let (status, _, said) = ended(&mut command(program, &["--port", "0"], &strict));
        assert!(status == 1 && said.contains("SSPP_REQUIRE_DURABLE_QUEUE"), "{said}");
    }
    for process in [Running::start(api(), variables), Running::start(WORKER, variables)] {
        eventually("it is said", async || {
            let health = process.json("/health").await;
            health["durability"] == "at_risk"
                && health["warnings"].as_array().is_some_and(|all| !all.is_empty())
        })
        .await;
        eventually("it is a metric", async || {
            process.text("/metrics").await.contains("sspp_queue_durability_at_risk 1")
        })
        .await;
        assert!(process.log().contains("AT RISK"), "{}", process.log());
    }
    docker(&["exec", redis.container_id(), "redis-cli", "config", "set", "appendonly", "yes"]);
}
