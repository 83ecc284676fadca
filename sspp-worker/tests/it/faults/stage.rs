//! A row of the table: a platform under load, what is done to it, and the reconciliation.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use sspp_core::{PgConfig, PgStore, Random, SeededRandom};

use super::ledger::{Ledger, send};
use super::servers::Servers;
use super::{CLAIM_BOUND, pass};
use crate::platform::turns;
use crate::process::{Running, WORKER, api, command};

/// Clients that send at once, each the next event when the last is acknowledged.
const CLIENTS: usize = 8;

/// What a platform is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Redis and PostgreSQL.
    Queued,
    /// PostgreSQL alone.
    Postgres,
    /// One process and its SQLite file.
    Sqlite,
    /// The same on a disk of 16 MiB.
    SmallDisk,
}

/// A platform under load.
pub(super) struct Stage {
    pub(super) shape: Shape,
    pub(super) servers: Servers,
    pub(super) ledger: Arc<Ledger>,
    pub(super) random: SeededRandom,
    load: Vec<tokio::task::JoinHandle<()>>,
    apis: Vec<Running>,
    /// How many of the APIs, those that are there longest, get no load.
    without_load: usize,
    /// The dead letters there must be: event id and reason.
    pub(super) letters: BTreeMap<String, String>,
    /// How many jobs stay delayed for longer than the row takes.
    stays: u64,
    pub(super) healed: Option<Instant>,
    patience: Duration,
}

/// Runs a row over Redis and PostgreSQL, as [`row_of`] does.
pub(super) async fn row(name: &str, fault: impl AsyncFnOnce(&mut Stage) -> Vec<Running>) {
    row_of(&[Shape::Queued], name, fault).await;
}

/// Runs a row: starts servers for all shapes, an API of the first shape and the load; lets `fault` do what the row is about, which
/// gives the workers that live on; then waits for the queue to drain and reconciles.
pub(super) async fn row_of(
    shapes: &[Shape],
    name: &str,
    fault: impl AsyncFnOnce(&mut Stage) -> Vec<Running>,
) {
    let Some(servers) = Servers::start(shapes).await else { return };
    let seed = std::env::var("SSPP_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap();
        u64::from(now.subsec_nanos())
    });
    eprintln!("{name}: seed {seed} (SSPP_TEST_SEED repeats it)");
    let mut stage = Stage::set(shapes[0], servers, SeededRandom::new(seed)).await;
    let alive = fault(&mut stage).await;
    stage.reconcile(name).await;
    drop(alive);
}

impl Stage {
    async fn set(shape: Shape, servers: Servers, random: SeededRandom) -> Self {
        if servers.has_postgres() {
            let store = PgStore::open(PgConfig::new(servers.postgres_url())).await.unwrap();
            store.migrate().await.unwrap();
            store.close().await;
        }
        let mut stage = Self {
            shape,
            servers,
            ledger: Arc::default(),
            random,
            load: Vec::new(),
            apis: Vec::new(),
            without_load: 0,
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

    pub(super) fn is_direct(&self) -> bool {
        self.shape != Shape::Queued
    }

    /// A command that starts a program of the platform as it is now, on its disk.
    pub(super) fn command(&self, program: impl AsRef<std::path::Path>, arguments: &[&str]) -> Command {
        let servers = &self.servers;
        let mut words = servers.disk.as_ref().map_or_else(Vec::new, super::disk::Disk::enter);
        words.push(program.as_ref().display().to_string());
        let rest = words[1..].iter().map(String::as_str);
        let arguments: Vec<&str> = rest.chain(arguments.iter().copied()).collect();
        let mut command = command(&words[0], &arguments, &[("LOG_FORMAT", "json")]);
        match self.shape {
            Shape::Sqlite | Shape::SmallDisk => {
                command.env("SSPP_DATA", servers.file());
            }
            Shape::Queued | Shape::Postgres => {
                command.env("DATABASE_URL", servers.postgres_url()).env("SSPP_STATEMENT_TIMEOUT", "1s");
            }
        }
        if self.shape == Shape::Queued {
            command
                .env("REDIS_URL", servers.redis_url())
                .env("SSPP_CLAIM_BOUND", format!("{}s", CLAIM_BOUND.as_secs()))
                .env("SSPP_BATCH_SIZE", "50");
        }
        command
    }

    fn start(&self, program: impl AsRef<std::path::Path>, more: &[(&str, &str)]) -> Running {
        let mut command = self.command(program, &["--port", "0"]);
        Running::of(command.envs(more.iter().copied()))
    }

    pub(super) fn worker(&self) -> Running {
        self.worker_with(&[])
    }

    /// A worker that has begun to work: one that is still starting has nothing in progress that a fault could hit.
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
        self.add_api_with(&[]);
    }

    /// Adds an API with more variables.
    pub(super) fn add_api_with(&mut self, more: &[(&str, &str)]) {
        self.add(self.api_with(more));
    }

    /// An API that has no part in the load.
    pub(super) fn api_with(&self, more: &[(&str, &str)]) -> Running {
        self.start(api(), more)
    }

    /// Adds an API that was started.
    pub(super) fn add(&mut self, api: Running) {
        self.apis.push(api);
        self.lead();
    }

    fn lead(&self) {
        let bases = self.apis.iter().skip(self.without_load).map(|api| api.base.clone()).collect();
        self.ledger.send_to(bases, self.is_direct());
    }

    /// Takes the load off the APIs that there are.
    pub(super) fn take_load_off(&mut self) {
        self.without_load = self.apis.len();
        self.lead();
    }

    fn remove_api(&mut self) -> Running {
        self.without_load = self.without_load.saturating_sub(1);
        self.apis.remove(0)
    }

    /// Kills the API that is there longest and starts another.
    pub(super) fn replace_api(&mut self) {
        self.kill_api();
        self.add_api();
    }

    /// Kills the API that is there longest, and is done when it is gone.
    pub(super) fn kill_api(&mut self) {
        self.remove_api().signal("-KILL");
    }

    /// Stops the API that is there longest, in order; where it has load, under load.
    pub(super) fn stop_api(&mut self) {
        let api = self.remove_api();
        api.signal("-TERM");
        assert_eq!(api.ended(), 0, "{}", api.log());
        self.lead();
    }

    /// Waits until the API that is there longest was ended by a failpoint.
    pub(super) async fn api_died(&mut self) {
        self.until("the failpoint was reached", async || self.apis[0].died()).await;
        self.remove_api();
    }

    pub(super) fn api(&self) -> &Running {
        &self.apis[0]
    }

    /// The API that was added last.
    pub(super) fn last_api(&self) -> &Running {
        self.apis.last().unwrap()
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
                assert!(self.load.iter().all(|client| !client.is_finished()), "a client found a fault");
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

    /// Waits until so many more answers were refusals.
    pub(super) async fn refusals(&self, answers: u64) {
        let wanted = self.ledger.refused() + answers;
        self.until("events are refused", async || self.ledger.refused() >= wanted).await;
    }

    /// The fault is over: the time to heal counts from here. Without a word, it counts from the end of the fault's code.
    pub(super) fn heal(&mut self) {
        self.healed = Some(Instant::now());
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
        let options: PgConnectOptions = self.servers.postgres().server.url_now().await.parse().unwrap();
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
}
