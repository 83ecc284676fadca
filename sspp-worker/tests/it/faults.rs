//! Faults: real processes over real servers, under load, with a ledger of what was acknowledged. Something is killed,
//! stopped, cut or frozen; it heals, the queue drains, and the ledger is reconciled with PostgreSQL. Lost, twice and the
//! drift of the figures must be 0, and no innocent event may become a dead letter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};
use sspp_core::testing::eventually;
use sspp_core::testing::servers::{Kind, Server, server};
use sspp_core::{PgConfig, PgSignalStore};

use crate::platform::docker;
use crate::process::{Running, WORKER, api};
use crate::proxy::{Mode, Proxy};

/// How long a delivery may be held without a sign of life.
const CLAIM_BOUND: Duration = Duration::from_secs(2);
/// Clients that send at once, each the next event when the last is acknowledged.
const CLIENTS: u64 = 8;

/// The servers behind their proxies.
struct Servers {
    redis: Server,
    postgres: Server,
    to_redis: Proxy,
    to_postgres: Proxy,
}

fn address(url: &str) -> String {
    let rest = url.split_once("://").unwrap().1;
    let rest = rest.rsplit('@').next().unwrap();
    rest.split('/').next().unwrap().to_owned()
}

impl Servers {
    async fn start() -> Option<Self> {
        let (redis, postgres) = tokio::join!(server(Kind::Redis7), server(Kind::Postgres17));
        let (redis, postgres) = (redis?, postgres?);
        if !redis.is_container() || !postgres.is_container() {
            eprintln!("!!! DID NOT RUN: servers given by URL cannot be killed; unset SSPP_TEST_*_URL");
            return None;
        }
        // So that a 202 means on disk: what `everysec` may lose is the server's word, not ours.
        docker(&["exec", redis.container_id(), "redis-cli", "config", "set", "appendfsync", "always"]);
        let to_redis = Proxy::before(address(&redis.url)).await;
        let to_postgres = Proxy::before(address(&postgres.url)).await;
        Some(Self { redis, postgres, to_redis, to_postgres })
    }

    /// Kills a server's process, and starts it again where its port may be another.
    async fn kill_and_start(server: &Server, proxy: &Proxy) {
        docker(&["kill", "--signal", "KILL", server.container_id()]);
        proxy.cut();
        docker(&["start", server.container_id()]);
        proxy.lead_to(address(&server.url_now().await));
    }

    async fn admin(&self, database: &str) -> PgConnection {
        let options: PgConnectOptions = self.postgres.url_now().await.parse().unwrap();
        let options = options.database(database);
        let mut connection = options.connect().await;
        for _ in 0..200 {
            if connection.is_ok() {
                break;
            }
            tokio::task::yield_now().await;
            connection = options.connect().await;
        }
        connection.unwrap()
    }
}

/// One platform under load, with a queue and a database of its own.
struct Stage<'s> {
    servers: &'s Servers,
    name: &'static str,
    variables: Vec<(String, String)>,
    ledger: Arc<Ledger>,
    load: Vec<tokio::task::JoinHandle<()>>,
}

/// What was sent and what was acknowledged.
struct Ledger {
    base: Mutex<String>,
    stop: AtomicBool,
    sent: AtomicU64,
    acknowledged: Mutex<BTreeSet<String>>,
}

impl Ledger {
    fn acknowledged(&self) -> usize {
        self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl<'s> Stage<'s> {
    async fn set(servers: &'s Servers, name: &'static str) -> (Self, Running) {
        let mut admin = servers.admin("postgres").await;
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut admin).await.unwrap();
        admin.close().await.unwrap();
        let url = format!("postgres://postgres:postgres@{}/{name}", servers.to_postgres.address);
        let store = PgSignalStore::open(PgConfig::new(&url)).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        let bound = format!("{}s", CLAIM_BOUND.as_secs());
        let variables = [
            ("REDIS_URL", format!("redis://{}", servers.to_redis.address)),
            ("DATABASE_URL", url),
            ("QUEUE_NAME", name.to_owned()),
            ("SSPP_CLAIM_BOUND", bound),
            ("SSPP_STATEMENT_TIMEOUT", "1s".to_owned()),
            ("SSPP_BATCH_SIZE", "50".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).to_vec();
        let ledger = Arc::new(Ledger {
            base: Mutex::default(),
            stop: AtomicBool::new(false),
            sent: AtomicU64::new(0),
            acknowledged: Mutex::default(),
        });
        let mut stage = Self { servers, name, variables, ledger, load: Vec::new() };
        let api = stage.api();
        for client in 0..CLIENTS {
            stage.load.push(tokio::spawn(send(Arc::clone(&stage.ledger), client)));
        }
        (stage, api)
    }

    fn start(&self, program: impl Into<std::path::PathBuf>) -> Running {
        let variables: Vec<_> =
            self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Running::start(program, &variables)
    }

    fn worker(&self) -> Running {
        self.start(WORKER)
    }

    /// Starts an API; clients send to the last one that was started.
    fn api(&self) -> Running {
        let api = self.start(api());
        api.base.clone_into(&mut self.ledger.base.lock().unwrap_or_else(PoisonError::into_inner));
        api
    }

    /// Waits until so many more events are acknowledged.
    async fn more(&self, events: usize) {
        let wanted = self.ledger.acknowledged() + events;
        eventually("events are acknowledged", async || self.ledger.acknowledged() >= wanted).await;
    }

    /// Ends the load, waits for the queue to drain, and reconciles. Gives a line of the table.
    async fn reconcile(self, api: &Running, healed: Instant) -> String {
        self.ledger.stop.store(true, Ordering::SeqCst);
        for client in self.load {
            client.await.unwrap();
        }
        eventually("the queue is empty", async || {
            let stats = api.json("/api/v1/jobs/stats").await;
            stats["waiting"] == 0 && stats["active"] == 0 && stats["delayed"] == 0
        })
        .await;
        let took = healed.elapsed();
        let mut database = self.servers.admin(self.name).await;
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT coalesce(external_id, ''), count(*) FROM signals GROUP BY 1")
                .fetch_all(&mut database)
                .await
                .unwrap();
        let signals: BTreeMap<String, i64> = rows.into_iter().collect();
        let letters: i64 =
            sqlx::query_scalar("SELECT count(*) FROM dead_letters").fetch_one(&mut database).await.unwrap();
        let acknowledged = self.ledger.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lost = acknowledged.iter().filter(|id| !signals.contains_key(*id)).count();
        let twice = signals.values().filter(|count| **count > 1).count();
        let drift = drift(&mut database).await;
        let sent = self.ledger.sent.load(Ordering::SeqCst);
        let line = format!(
            "| {} | {sent} | {} | {} | {letters} | {lost} | {twice} | {drift} | {:.1} s |",
            self.name.replace('_', " "),
            acknowledged.len(),
            signals.len(),
            took.as_secs_f64(),
        );
        eprintln!("{line}");
        assert!(acknowledged.len() > 100, "hardly any load: {line}");
        assert_eq!((lost, twice, drift, letters), (0, 0, 0, 0), "{line}");
        line
    }
}

/// By how much the figures differ from a recount.
async fn drift(database: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "SELECT (abs((SELECT count(*) FROM signals) - (SELECT sum(signals) FROM type_tallies)) \
         + abs((SELECT sum(score) FROM signals) - (SELECT sum(score) FROM type_tallies)) \
         + abs((SELECT count(*) FROM signals) - (SELECT sum(signals) FROM account_tallies)) \
         + abs((SELECT count(*) FROM signals) - (SELECT sum(signals) FROM user_tallies)) \
         + abs((SELECT count(DISTINCT account_id) FROM signals) - (SELECT sum(accounts) FROM totals)) \
         + abs((SELECT count(DISTINCT user_id) FROM signals) - (SELECT sum(users) FROM totals)) \
         + abs((SELECT count(*) FROM dead_letters) - (SELECT sum(dead_letters) FROM totals)))::bigint",
    )
    .fetch_one(database)
    .await
    .unwrap()
}

/// Sends one event after the other, each under its id until it is acknowledged.
async fn send(ledger: Arc<Ledger>, client: u64) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(6)).build().unwrap();
    let mut number = 0_u64;
    while !ledger.stop.load(Ordering::SeqCst) {
        let id = format!("{client}-{number}");
        let body = format!(
            r#"{{"eventId":"{id}","accountId":"acc_{}","userId":"user_{}","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z","metadata":{{"responseTimeHours":2}}}}"#,
            number % 7,
            number % 11
        );
        ledger.sent.fetch_add(1, Ordering::SeqCst);
        while !ledger.stop.load(Ordering::SeqCst) {
            let base = ledger.base.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let request = http
                .post(format!("{base}/api/v1/events"))
                .header("content-type", "application/json")
                .body(body.clone());
            if request.send().await.is_ok_and(|answer| answer.status() == 202) {
                ledger.acknowledged.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                break;
            }
            tokio::task::yield_now().await;
        }
        number += 1;
    }
}

/// Real time must pass: a claim bound, an outage.
async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_die_or_stand_still_lose_nothing() {
    let Some(servers) = Servers::start().await else { return };

    let (stage, api) = Stage::set(&servers, "worker_killed_5_times").await;
    for _ in 0..5 {
        let worker = stage.worker();
        stage.more(100).await;
        worker.signal("-KILL");
    }
    let (healed, _worker) = (Instant::now(), stage.worker());
    stage.reconcile(&api, healed).await;

    let (stage, api) = Stage::set(&servers, "worker_stopped_past_the_claim_bound").await;
    let (first, _second) = (stage.worker(), stage.worker());
    stage.more(100).await;
    first.signal("-STOP");
    stage.more(50).await;
    pass(CLAIM_BOUND * 2).await;
    first.signal("-CONT");
    let healed = Instant::now();
    stage.more(50).await;
    stage.reconcile(&api, healed).await;

    let (stage, mut api) = Stage::set(&servers, "api_killed_5_times").await;
    let _worker = stage.worker();
    for _ in 0..5 {
        stage.more(100).await;
        api.signal("-KILL");
        api = stage.api();
    }
    stage.reconcile(&api, Instant::now()).await;

    let (stage, api) = Stage::set(&servers, "rolling_restarts_of_two_workers").await;
    let mut workers = [stage.worker(), stage.worker()];
    for at in 0..6 {
        stage.more(50).await;
        let old = std::mem::replace(&mut workers[at % 2], stage.worker());
        old.signal("-TERM");
        assert_eq!(old.ended(), 0);
    }
    stage.reconcile(&api, Instant::now()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_fails_loses_nothing() {
    let Some(servers) = Servers::start().await else { return };

    let (stage, api) = Stage::set(&servers, "answers_of_redis_lost").await;
    let _worker = stage.worker();
    for _ in 0..3 {
        stage.more(100).await;
        servers.to_redis.set(Mode::LoseAnswers);
        pass(Duration::from_millis(300)).await;
        servers.to_redis.cut();
        servers.to_redis.set(Mode::Pass);
    }
    let healed = Instant::now();
    stage.more(50).await;
    stage.reconcile(&api, healed).await;

    let (stage, api) = Stage::set(&servers, "redis_in_a_black_hole").await;
    let _worker = stage.worker();
    stage.more(100).await;
    servers.to_redis.set(Mode::BlackHole);
    pass(CLAIM_BOUND * 2).await;
    servers.to_redis.set(Mode::Pass);
    servers.to_redis.cut();
    let healed = Instant::now();
    stage.more(50).await;
    stage.reconcile(&api, healed).await;

    let (stage, api) = Stage::set(&servers, "redis_killed").await;
    let _worker = stage.worker();
    stage.more(100).await;
    Servers::kill_and_start(&servers.redis, &servers.to_redis).await;
    let healed = Instant::now();
    stage.more(50).await;
    stage.reconcile(&api, healed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_fails_loses_nothing() {
    let Some(servers) = Servers::start().await else { return };

    let (stage, api) = Stage::set(&servers, "answers_of_postgresql_lost").await;
    let _worker = stage.worker();
    for _ in 0..3 {
        stage.more(100).await;
        servers.to_postgres.set(Mode::LoseAnswers);
        pass(Duration::from_millis(300)).await;
        servers.to_postgres.cut();
        servers.to_postgres.set(Mode::Pass);
    }
    let healed = Instant::now();
    stage.more(50).await;
    stage.reconcile(&api, healed).await;

    let (stage, api) = Stage::set(&servers, "postgresql_killed").await;
    let _worker = stage.worker();
    stage.more(100).await;
    Servers::kill_and_start(&servers.postgres, &servers.to_postgres).await;
    let healed = Instant::now();
    stage.more(50).await;
    stage.reconcile(&api, healed).await;

    let (stage, api) = Stage::set(&servers, "postgresql_frozen_and_worker_killed_3_times").await;
    for _ in 0..3 {
        let worker = stage.worker();
        stage.more(100).await;
        docker(&["pause", servers.postgres.container_id()]);
        stage.more(100).await;
        worker.signal("-KILL");
        docker(&["unpause", servers.postgres.container_id()]);
    }
    let (healed, _worker) = (Instant::now(), stage.worker());
    stage.reconcile(&api, healed).await;

    let (stage, api) = Stage::set(&servers, "postgresql_away_for_ten_claim_bounds").await;
    let _worker = stage.worker();
    stage.more(100).await;
    servers.to_postgres.set(Mode::Refuse);
    pass(CLAIM_BOUND * 10).await;
    servers.to_postgres.set(Mode::Pass);
    let healed = Instant::now();
    stage.more(50).await;
    stage.reconcile(&api, healed).await;
}
