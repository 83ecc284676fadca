//! The production rows: sspp-api and sspp-worker over Redis and PostgreSQL, measured in rounds beside their limits.

mod latency;
mod lines;
mod site;
mod soak;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sspp_core::{EventId, NewJob, RedisConfig, RedisEventQueue};

use crate::args::ProductionPlan;
use crate::databases::Databases;
use crate::generator::{self, Load};
use crate::progress::Progress;
use crate::queries::{self, Times};
use crate::redis_limit::{self, Redis};
use crate::server::{self, Server};
use crate::stats::rate;
use crate::table::{self, Line};
use crate::{Failure, payload};
use latency::{Latency, latency};
use lines::lines;
use site::Site;
use soak::soak;

/// Events in one call of a batch.
const BATCH: u32 = 100;
/// Events a second while latency is measured.
const STEADY: u64 = 200;

/// What one round measured.
#[derive(Debug, serde::Serialize)]
struct Round {
    bare: Load,
    ingest: Load,
    /// Events a second into the queue in calls of 100.
    batch: f64,
    /// The same in requests over HTTP.
    http_batch: f64,
    /// Redis alone.
    xadd: f64,
    /// Events a second out of the preloaded queue.
    drain: f64,
    /// The store alone.
    store: f64,
    latency: Latency,
    signals: u64,
    dead_letters: u64,
    unsettled: u64,
    api_idle: Option<u64>,
    api_loaded: Option<u64>,
    worker_idle: Option<u64>,
    worker_loaded: Option<u64>,
    api_start_ms: f64,
    worker_start_ms: f64,
}

impl Round {
    const fn adds_up(&self) -> bool {
        let settled = self.signals + self.dead_letters;
        let acknowledged = self.ingest.acknowledged;
        self.unsettled == 0 && settled >= acknowledged && settled <= acknowledged + self.ingest.unanswered
    }
}

/// Runs the plan, prints the table, and fails when an acknowledged event was lost.
pub(crate) async fn run(plan: &ProductionPlan) -> Result<ExitCode, Failure> {
    let site = Site {
        plan,
        api: server::find("sspp-api", plan.load.server.as_deref())?,
        worker: server::find("sspp-worker", plan.worker.as_deref())?,
        folder: tempfile::Builder::new().prefix("loadtest-").tempdir()?,
        databases: Databases::of_this_run(&plan.postgres),
    };
    let outcome = measure(&site).await;
    site.clean_up().await?;
    outcome
}

async fn measure(site: &Site<'_>) -> Result<ExitCode, Failure> {
    let (plan, progress) = (site.plan, Progress::new());
    let mut rounds = Vec::new();
    for number in 1..=plan.load.rounds {
        let round = one_round(site, number, &progress).await?;
        progress.done(&format!(
            "round {number} of {}: ingest {:.0} req/s, drain {:.0} events/s, latency p50 {:.1} ms",
            plan.load.rounds,
            round.ingest.per_second,
            round.drain,
            f64::from(round.latency.p50_us) / 1e3
        ));
        rounds.push(round);
    }
    let times = if plan.signals > 0 { Some(growth(site, &progress).await?) } else { None };
    let soak = if plan.soak_seconds > 0 { Some(soak(site, &progress).await?) } else { None };
    let lines = lines(&rounds, times.as_ref(), soak.as_ref());
    print(plan, &rounds, &lines)?;
    if let Some(file) = &plan.load.json {
        let json = serde_json::json!({
            "mode": "production", "table": lines, "rounds": rounds, "queries": times, "soak": soak,
        });
        std::fs::write(file, serde_json::to_vec_pretty(&json)?)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    }
    let lossless = rounds.iter().all(Round::adds_up);
    Ok(if lossless { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn one_round(site: &Site<'_>, number: u32, progress: &Progress) -> Result<Round, Failure> {
    let plan = site.plan;
    let now = |what: &str| progress.now(&format!("round {number} of {}: {what}", plan.load.rounds));
    let limit = Duration::from_secs(plan.load.seconds);
    let name = format!("{}_{number}", site.name());
    let url = site.databases.create(&number.to_string()).await?;

    now("the bare handler");
    let bare = Server::start_bare(site.folder.path(), &format!("bare-{number}")).await?;
    let bare_load = generator::load(bare.address, number, &plan.load).await?;
    bare.stop().await?;

    now("single events, the worker stopped");
    site.migrate(&url)?;
    let api = site.start_api(&name, &url).await?;
    let api_idle = api.memory();
    let idle = site.start_worker(&name, &url).await?;
    // For what a worker sets up after it is ready: with events in the queue it would not be idle.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let worker_idle = idle.memory();
    idle.stop().await?;
    let ingest = generator::load(api.address, number, &plan.load).await?;
    let api_loaded = api.memory();

    now("the store alone");
    let limit_name = format!("{number}_limit");
    let limit_url = site.databases.create(&limit_name).await?;
    let rows = u32::try_from(ingest.acknowledged).unwrap_or(u32::MAX).clamp(1_000, 100_000);
    let store = queries::fill(&limit_url, plan.concurrency, number, 0..rows).await?;
    site.databases.drop(&limit_name).await?;

    now("draining");
    let began = Instant::now();
    let worker = site.start_worker(&name, &url).await?;
    // From the first event on: starting is a row of its own.
    let jobs = api.drained(Duration::from_secs(plan.load.drain_seconds)).await?;
    let drain = rate(jobs.completed + jobs.failed, began.elapsed().saturating_sub(worker.ready_after));
    let worker_loaded = worker.memory();

    now("latency at 200 events a second");
    let latency = latency(site, &api, &url, number).await?;
    let (api_start_ms, worker_start_ms) =
        (api.ready_after.as_secs_f64() * 1e3, worker.ready_after.as_secs_f64() * 1e3);
    worker.stop().await?;
    api.stop().await?;

    now("batches of 100");
    let batch = batches(site, &format!("{name}_batch"), number, limit).await?;
    now("batches of 100 over HTTP");
    let api = site.start_api(&format!("{name}_http"), &url).await?;
    let http_batch = crate::batches::load(api.address, number, &plan.load).await?;
    api.stop().await?;
    Redis::connect(&plan.redis).await?.remove(&format!("sspp:{name}_http")).await?;
    now("Redis alone");
    let key = format!("{name}_xadd");
    let xadd = redis_limit::measure(&plan.redis, &key, number, plan.load.events, limit).await?;
    Ok(Round {
        bare: bare_load,
        batch,
        http_batch,
        xadd,
        drain,
        store,
        latency,
        signals: jobs.completed,
        dead_letters: jobs.failed,
        unsettled: jobs.unsettled(),
        api_idle: api_idle.map(|(now, _)| now),
        api_loaded: api_loaded.map(|(_, highest)| highest),
        worker_idle: worker_idle.map(|(now, _)| now),
        worker_loaded: worker_loaded.map(|(_, highest)| highest),
        api_start_ms,
        worker_start_ms,
        ingest,
    })
}

/// The same events through the queue's port in calls of 100, eight at a time, as a program with the engine in it does.
async fn batches(site: &Site<'_>, name: &str, round: u32, limit: Duration) -> Result<f64, Failure> {
    let config =
        RedisConfig { name: name.to_owned(), ..RedisConfig::new(format!("redis://{}", site.plan.redis)) };
    let queue = RedisEventQueue::open(config).await?;
    let mut calls: Vec<Vec<NewJob>> = Vec::new();
    for first in (0..site.plan.load.events).step_by(BATCH as usize) {
        calls.push((first..first + BATCH).map(|number| new_job(round, number)).collect::<Result<_, _>>()?);
    }
    let calls = std::sync::Arc::new(std::sync::Mutex::new(calls));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (queue, calls) = (queue.port(), std::sync::Arc::clone(&calls));
        tasks.spawn(async move {
            let mut queued = 0_u64;
            while began.elapsed() < limit {
                let next = calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
                let Some(jobs) = next else { break };
                queued += queue.enqueue(jobs).await?.len() as u64;
            }
            Ok::<_, sspp_core::QueueError>(queued)
        });
    }
    let mut queued = 0;
    while let Some(done) = tasks.join_next().await {
        queued += done??;
    }
    let rate = rate(queued, began.elapsed());
    queue.close().await;
    Redis::connect(&site.plan.redis).await?.remove(name).await?;
    Ok(rate)
}

fn new_job(round: u32, number: u32) -> Result<NewJob, Failure> {
    let event_id = payload::id(round, number).parse::<EventId>().map_err(|_| "an event id")?;
    let account_id = format!("acc_{:05}", number % 5_000).parse().map_err(|_| "an account id")?;
    Ok(NewJob::new(event_id, account_id, payload::body(round, number)))
}

/// The same questions at a tenth of the signals and at all of them.
async fn growth(site: &Site<'_>, progress: &Progress) -> Result<[Times; 2], Failure> {
    let name = format!("{}_growth", site.name());
    let url = site.databases.create("growth").await?;
    let all = site.plan.signals;
    let mut times = Vec::new();
    for (from, to) in [(0, all / 10), (all / 10, all)] {
        progress.now(&format!("recording signals up to {to}"));
        let filled = queries::fill(&url, site.plan.concurrency, 0x2000, from..to).await?;
        progress.done(&format!("{to} signals in the store ({filled:.0}/s)"));
        let mut database = url.parse::<PgConnectOptions>()?.connect().await?;
        sqlx::query("VACUUM ANALYZE").execute(&mut database).await?;
        let api = site.start_api(&name, &url).await?;
        times.push(queries::ask(&api, to, progress).await?);
        api.stop().await?;
    }
    times.try_into().map_err(|_| "two sizes".into())
}

fn print(plan: &ProductionPlan, rounds: &[Round], lines: &[Line]) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let load = &plan.load;
    writeln!(
        out,
        "\nrounds: {}, connections: {}, at most {} s and {} events a measurement, worker and store alone: {} connections",
        load.rounds, load.connections, load.seconds, load.events, plan.concurrency
    )?;
    if cfg!(debug_assertions) {
        writeln!(out, "THIS IS A DEBUG BUILD: run it with --release, or its figures mean nothing")?;
    }
    writeln!(out, "load generator: {}", generator::DESCRIPTION)?;
    writeln!(out, "queue, batches: calls of {BATCH} through the queue's port, eight at a time, no HTTP")?;
    writeln!(out, "Redis alone: {}\n", redis_limit::DESCRIPTION)?;
    table::print(&mut out, lines)?;
    for (at, round) in rounds.iter().enumerate() {
        let verdict =
            if round.adds_up() { "all accounted for" } else { "ACKNOWLEDGED EVENTS LOST OR COUNTED TWICE" };
        writeln!(
            out,
            "round {}: {} acknowledged, {} refused, {} unanswered; {} signals, {} dead letters, {} unsettled: {verdict}",
            at + 1,
            round.ingest.acknowledged,
            round.ingest.refused,
            round.ingest.unanswered,
            round.signals,
            round.dead_letters,
            round.unsettled,
        )?;
    }
    Ok(())
}
