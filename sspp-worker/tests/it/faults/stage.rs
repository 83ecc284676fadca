//! A row of the table: a platform under load, what is done to it, and the reconciliation.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use sspp_core::{PgConfig, PgStore, Random, SeededRandom};

use super::ledger::{Ledger, send};
use super::{CLAIM_BOUND, Servers, pass};
use crate::platform::turns;
use crate::process::{Running, WORKER, api};

/// Clients that send at once, each the next event when the last is acknowledged.
const CLIENTS: usize = 8;

/// A platform under load.
pub(super) struct Stage {
    pub(super) servers: Servers,
    pub(super) ledger: Arc<Ledger>,
    pub(super) random: SeededRandom,
    variables: BTreeMap<String, String>,
    load: Vec<tokio::task::JoinHandle<()>>,
    apis: Vec<Running>,
    /// The dead letters there must be: event id and reason.
    letters: BTreeMap<String, String>,
    /// How many jobs stay delayed for longer than the row takes.
    stays: u64,
    healed: Option<Instant>,
    patience: Duration,
}

/// Runs a row: starts servers, an API and the load; lets `fault` do what the row is about, which gives the processes
/// that live on; then waits for the queue to drain and reconciles.
pub(super) async fn row(name: &str, fault: impl AsyncFnOnce(&mut Stage) -> Vec<Running>) {
    let Some(servers) = Servers::start().await else { return };
    let seed = std::env::var("SSPP_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        u64::from(now.subsec_nanos())
    });
    eprintln!("{name}: seed {seed} (SSPP_TEST_SEED repeats it)");
    let mut stage = Stage::set(servers, SeededRandom::new(seed)).await;
    let alive = fault(&mut stage).await;
    stage.reconcile(name).await;
    drop(alive);
}

impl Stage {
    async fn set(servers: Servers, random: SeededRandom) -> Self {
        let store = PgStore::open(PgConfig::new(servers.postgres_url())).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
        let variables = [
            ("REDIS_URL", servers.redis_url()),
            ("DATABASE_URL", servers.postgres_url()),
            ("SSPP_CLAIM_BOUND", format!("{}s", CLAIM_BOUND.as_secs())),
            ("SSPP_STATEMENT_TIMEOUT", "1s".to_owned()),
            ("SSPP_BATCH_SIZE", "50".to_owned()),
            ("LOG_FORMAT", "json".to_owned()),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        let mut stage = Self {
            servers,
            ledger: Arc::default(),
            random,
            variables,
            load: Vec::new(),
            apis: Vec::new(),
            letters: BTreeMap::new(),
            stays: 0,
            healed: None,
            patience: Duration::from_mins(1),
        };
        stage.add_api();
        for client in 0..CLIENTS {
            stage.load.push(tokio::spawn(send(Arc::clone(&stage.ledger), client)));
        }
        stage
    }

    fn start(&self, program: impl Into<std::path::PathBuf>, more: &[(&str, &str)]) -> Running {
        let variables = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let variables: Vec<_> = variables.chain(more.iter().copied()).collect();
        Running::start(program, &variables)
    }

    pub(super) fn worker(&self) -> Running {
        self.worker_with(&[])
    }

    /// A worker that has begun to work: one that is still starting has nothing in hand that a fault could hit.
    pub(super) async fn ready_worker(&self) -> Running {
        let worker = self.worker();
        turns(&worker, 200).await;
        worker
    }

    pub(super) fn worker_with(&self, more: &[(&str, &str)]) -> Running {
        self.start(WORKER, more)
    }

    /// A worker with a failpoint.
    pub(super) fn faulty_worker(&self, failpoint: &str) -> Running {
        self.worker_with(&[("SSPP_FAILPOINTS", failpoint)])
    }

    pub(super) fn add_api(&mut self) {
        self.apis.push(self.start(api(), &[]));
        self.ledger.send_to(self.apis.iter().map(|api| api.base.clone()).collect());
    }

    /// Kills the API that is there longest and starts another.
    pub(super) fn replace_api(&mut self) {
        self.apis.remove(0).signal("-KILL");
        self.add_api();
    }

    pub(super) fn api(&self) -> &Running {
        &self.apis[0]
    }

    /// A number from 1 to `most`, as the seed draws it.
    pub(super) fn draw(&self, most: u64) -> u64 {
        self.random.next_u64() % most + 1
    }

    /// How long a thing may take before the row fails; a minute by default.
    pub(super) fn patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Waits for what must become true.
    pub(super) async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let asking = async {
            while !condition().await {
                pass(Duration::from_millis(10)).await;
            }
        };
        let held = tokio::time::timeout(self.patience, asking).await;
        assert!(held.is_ok(), "not within {:?}: {what}", self.patience);
    }

    /// Waits until so many more events are acknowledged.
    pub(super) async fn more(&self, events: usize) {
        let wanted = self.ledger.count() + events;
        self.until("events are acknowledged", async || self.ledger.count() >= wanted).await;
    }

    /// The fault is over: the time to heal counts from here. Without a word, it counts from the end of the fault's code.
    pub(super) fn heal(&mut self) {
        self.healed = Some(Instant::now());
    }

    /// Posts an event of its own account, which must end as a dead letter.
    pub(super) async fn post_doomed(&mut self, account: &str, reason: &str) {
        let event = format!(
            r#"{{"accountId":"{account}","userId":"user_1","eventType":"email_clicked","timestamp":"2024-12-21T10:00:00Z"}}"#
        );
        let answer = self.api().post(&event).await;
        assert_eq!(answer.status(), 202);
        let answer: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let id = answer["eventId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        self.letters.insert(id, reason.to_owned());
    }

    pub(super) async fn stop_load(&mut self) {
        self.ledger.stop();
        for client in self.load.drain(..) {
            client.await.unwrap();
        }
    }

    /// How many jobs the queue has in these states.
    pub(super) async fn queued(&self, states: &[&str]) -> u64 {
        let counts = self.api().json("/api/v1/jobs/stats").await;
        // Redis is away: perhaps everything.
        states.iter().map(|state| counts[*state].as_u64().unwrap_or(u64::MAX / 8)).sum()
    }

    pub(super) async fn drained(&self) {
        let states = ["waiting", "active", "delayed"];
        self.until("the queue is empty", async || self.queued(&states).await == self.stays).await;
    }

    /// So many jobs are delayed for longer than the row takes.
    pub(super) fn stays_delayed(&mut self, jobs: u64) {
        self.stays = jobs;
    }

    /// PostgreSQL, not through its proxy.
    pub(super) async fn database(&self) -> PgConnection {
        let options: PgConnectOptions = self.servers.postgres.url_now().await.parse().unwrap();
        let asking = async {
            loop {
                match options.connect().await {
                    Ok(connection) => return connection,
                    Err(_) => pass(Duration::from_millis(50)).await,
                }
            }
        };
        tokio::time::timeout(self.patience, asking).await.unwrap()
    }

    /// Ends the load, waits for the queue to drain, and reconciles.
    async fn reconcile(mut self, name: &str) {
        let healed = self.healed.unwrap_or_else(Instant::now);
        self.stop_load().await;
        self.drained().await;
        let took = healed.elapsed().as_secs_f64();
        let mut database = self.database().await;
        let rows: Vec<(Option<String>, i64)> =
            sqlx::query_as("SELECT external_id, count(*) FROM signals GROUP BY 1")
                .fetch_all(&mut database)
                .await
                .unwrap();
        let stored: i64 = rows.iter().map(|row| row.1).sum();
        let signals: BTreeMap<String, i64> =
            rows.into_iter().filter_map(|(id, count)| Some((id?, count))).collect();
        let letters: Vec<(String, String)> =
            sqlx::query_as("SELECT event_id::text, reason FROM dead_letters ORDER BY 1")
                .fetch_all(&mut database)
                .await
                .unwrap();
        let acknowledged = self.ledger.acknowledged();
        let lost = acknowledged.iter().filter(|id| !signals.contains_key(*id)).count();
        let twice = signals.values().filter(|count| **count > 1).count();
        let drift = drift(&mut database).await;
        let doomed = self.letters.len();
        let line = format!(
            "| {name} | {} | {} | {stored} | {} | {lost} | {twice} | {drift} | {took:.1} s |",
            self.ledger.sent() + doomed as u64,
            acknowledged.len() + doomed,
            letters.len(),
        );
        eprintln!("{line}");
        if let Some(table) = std::env::var_os("SSPP_FAULT_TABLE") {
            let file = std::fs::OpenOptions::new().create(true).append(true).open(table);
            file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        assert_eq!((lost, twice, drift), (0, 0, 0), "{line}");
        assert_eq!(letters, self.letters.into_iter().collect::<Vec<_>>(), "{line}");
        assert!(acknowledged.len() >= 100, "hardly any load: {line}");
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
