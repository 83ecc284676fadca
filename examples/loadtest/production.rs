//! The production rows: sspp-api and sspp-worker over Redis and PostgreSQL, measured in rounds beside their limits.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _, Row as _};
use sspp_core::{EventId, NewJob, RedisConfig, RedisEventQueue, Timestamp};

use crate::args::ProductionPlan;
use crate::generator::{self, Load};
use crate::http::Connection;
use crate::progress::Progress;
use crate::queries::{self, Times};
use crate::redis_limit::{self, Redis};
use crate::server::{self, Server};
use crate::stats::{Summary, per_mille, rate};
use crate::table::{self, Line, Target, megabytes};
use crate::{Failure, payload};

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

/// From sending an event until its row is visible, in microseconds; and what it is judged by.
#[derive(Debug, Default, serde::Serialize)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name of a figure")]
struct Latency {
    p50_us: u32,
    p99_us: u32,
    /// One Redis round trip and one commit.
    floor_us: u32,
}

/// Memory at the beginning and the end of a soak, after warm-up.
#[derive(Debug, serde::Serialize)]
struct Soak {
    seconds: u64,
    acknowledged: u64,
    api: [u64; 2],
    worker: [u64; 2],
    redis: [u64; 2],
}

/// Where everything of one run is.
struct Site<'p> {
    plan: &'p ProductionPlan,
    api: PathBuf,
    worker: PathBuf,
    folder: tempfile::TempDir,
    /// What its queues and databases begin with.
    name: String,
}

/// Runs the plan, prints the table, and fails when an acknowledged event was lost.
pub(crate) async fn run(plan: &ProductionPlan) -> Result<ExitCode, Failure> {
    let site = Site {
        plan,
        api: server::find("sspp-api", plan.load.server.as_deref())?,
        worker: server::find("sspp-worker", plan.worker.as_deref())?,
        folder: tempfile::Builder::new().prefix("loadtest-").tempdir()?,
        name: format!("sspp_loadtest_{}", std::process::id()),
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
    let name = format!("{}_{number}", site.name);
    let url = site.create_database(&name).await?;

    now("the bare handler");
    let bare = Server::start_bare(site.folder.path(), &format!("bare-{number}")).await?;
    let bare_load = generator::load(bare.address, number, &plan.load).await?;
    bare.stop().await?;

    now("single events, the worker stopped");
    site.migrate(&url)?;
    let api = site.start_api(&name, &url).await?;
    let api_idle = api.memory();
    let ingest = generator::load(api.address, number, &plan.load).await?;
    let api_loaded = api.memory();

    now("the store alone");
    let limit_name = format!("{name}_limit");
    let limit_url = site.create_database(&limit_name).await?;
    let rows = u32::try_from(ingest.acknowledged).unwrap_or(u32::MAX).clamp(1_000, 100_000);
    let store = queries::fill(&limit_url, plan.concurrency, number, 0..rows).await?;
    site.drop_database(&limit_name).await?;

    now("draining");
    let began = Instant::now();
    let worker = site.start_worker(&name, &url).await?;
    let worker_idle = worker.memory();
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
    now("Redis alone");
    let key = format!("{name}_xadd");
    let xadd = redis_limit::measure(&plan.redis, &key, number, plan.load.events, limit).await?;
    Ok(Round {
        bare: bare_load,
        batch,
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
    let id = format!("{round:08x}-0000-4000-8000-{number:012x}");
    Ok(NewJob {
        event_id: id.parse::<EventId>().map_err(|_| "an event id")?,
        account_id: format!("acc_{:05}", number % 5_000).parse().map_err(|_| "an account id")?,
        payload: payload::body(round, number),
        enqueued_at: Timestamp::from_micros(1_767_225_600_000_000).ok_or("a timestamp")?,
    })
}

/// Sends steadily and watches the rows appear.
async fn latency(site: &Site<'_>, api: &Server, url: &str, round: u32) -> Result<Latency, Failure> {
    // Ids of their own, apart from those of the load.
    let round = round + 0x1000;
    let count = STEADY * site.plan.latency_seconds;
    let mut watcher = url.parse::<PgConnectOptions>()?.connect().await?;
    let mut last: i64 =
        sqlx::query_scalar("SELECT coalesce(max(id), 0) FROM signals").fetch_one(&mut watcher).await?;
    let address = api.address;
    let sender = tokio::spawn(async move { send_steadily(address, round, count).await });
    let mut seen = HashMap::new();
    let deadline = Instant::now() + Duration::from_secs(site.plan.latency_seconds + 30);
    while (seen.len() as u64) < count && Instant::now() < deadline {
        let rows = sqlx::query("SELECT id, event_id::text FROM signals WHERE id > $1 ORDER BY id")
            .bind(last - 1_000)
            .fetch_all(&mut watcher)
            .await?;
        let at = Instant::now();
        for row in rows {
            last = last.max(row.try_get(0)?);
            seen.entry(row.try_get::<String, _>(1)?).or_insert(at);
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    let sent = sender.await??;
    let mut times: Vec<u32> = sent
        .iter()
        .filter_map(|(id, at)| Some(u32::try_from((*seen.get(id)? - *at).as_micros()).unwrap_or(u32::MAX)))
        .collect();
    times.sort_unstable();
    if (times.len() as u64) < count {
        return Err(format!("{} of {count} events became visible", times.len()).into());
    }
    Ok(Latency {
        p50_us: per_mille(&times, 500),
        p99_us: per_mille(&times, 990),
        floor_us: floor(site, &mut watcher).await?,
    })
}

async fn send_steadily(
    address: SocketAddr,
    round: u32,
    count: u64,
) -> Result<Vec<(String, Instant)>, Failure> {
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / STEADY));
    let mut connection = Connection::open(address).await?;
    let mut sent = Vec::new();
    for number in 0..u32::try_from(count)? {
        ticks.tick().await;
        let request = payload::requests(&address.to_string(), round, std::iter::once(number))?.remove(0);
        sent.push((format!("{round:08x}-0000-4000-8000-{number:012x}"), Instant::now()));
        let status = connection.send(request).await?;
        if status != hyper::StatusCode::ACCEPTED {
            return Err(format!("the server answers {status}").into());
        }
    }
    Ok(sent)
}

/// The median of one Redis round trip and one commit, one after the other.
async fn floor(site: &Site<'_>, database: &mut PgConnection) -> Result<u32, Failure> {
    sqlx::query("CREATE TABLE floor (id integer)").execute(&mut *database).await?;
    let mut redis = Redis::connect(&site.plan.redis).await?;
    let mut times = Vec::new();
    for number in 0..200 {
        let began = Instant::now();
        redis.ask(&[b"PING"]).await?;
        sqlx::query("INSERT INTO floor VALUES ($1)").bind(number).execute(&mut *database).await?;
        times.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    times.sort_unstable();
    Ok(per_mille(&times, 500))
}

/// The same questions at a tenth of the signals and at all of them.
async fn growth(site: &Site<'_>, progress: &Progress) -> Result<[Times; 2], Failure> {
    let name = format!("{}_growth", site.name);
    let url = site.create_database(&name).await?;
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

/// Sends steadily at four times the latency row's rate and watches memory.
async fn soak(site: &Site<'_>, progress: &Progress) -> Result<Soak, Failure> {
    let name = format!("{}_soak", site.name);
    let url = site.create_database(&name).await?;
    site.migrate(&url)?;
    let (api, worker) = (site.start_api(&name, &url).await?, site.start_worker(&name, &url).await?);
    let mut redis = Redis::connect(&site.plan.redis).await?;
    let seconds = site.plan.soak_seconds;
    let warm_up = Duration::from_secs((seconds / 5).max(1));
    let senders: Vec<_> = (0..4_u32)
        .map(|sender| {
            let address = api.address;
            tokio::spawn(async move { send_steadily(address, 0x3000 + sender, STEADY * seconds).await })
        })
        .collect();
    let began = Instant::now();
    let mut first = None;
    let end = Duration::from_secs(seconds);
    while began.elapsed() < end {
        progress.now(&format!("soak: {} of {seconds} s", began.elapsed().as_secs()));
        tokio::time::sleep(Duration::from_secs(1).min(end)).await;
        if first.is_none() && began.elapsed() >= warm_up {
            first = Some((resident(&api), resident(&worker), redis.used_memory().await?));
        }
    }
    let last = (resident(&api), resident(&worker), redis.used_memory().await?);
    let mut acknowledged = 0;
    for sender in senders {
        acknowledged += sender.await??.len() as u64;
    }
    let jobs = api.drained(Duration::from_secs(site.plan.load.drain_seconds)).await?;
    if jobs.completed != acknowledged {
        return Err(format!("soak: {acknowledged} acknowledged, {} signals", jobs.completed).into());
    }
    worker.stop().await?;
    api.stop().await?;
    let first = first.unwrap_or(last);
    Ok(Soak {
        seconds,
        acknowledged,
        api: [first.0, last.0],
        worker: [first.1, last.1],
        redis: [first.2, last.2],
    })
}

fn resident(server: &Server) -> u64 {
    server.memory().map_or(0, |(now, _)| now)
}

impl Site<'_> {
    fn environment(&self, name: &str, url: &str) -> Vec<(&'static str, String)> {
        vec![
            ("REDIS_URL", format!("redis://{}", self.plan.redis)),
            ("DATABASE_URL", url.to_owned()),
            ("QUEUE_NAME", name.to_owned()),
            ("QUEUE_CONCURRENCY", self.plan.concurrency.to_string()),
        ]
    }

    async fn start_api(&self, name: &str, url: &str) -> Result<Server, Failure> {
        let log = self.folder.path().join(format!("{name}-api.log"));
        Server::start_with(&self.api, &["--port", "0"], &self.environment(name, url), &log).await
    }

    async fn start_worker(&self, name: &str, url: &str) -> Result<Server, Failure> {
        let log = self.folder.path().join(format!("{name}-worker.log"));
        Server::start_with(&self.worker, &["--port", "0"], &self.environment(name, url), &log).await
    }

    fn migrate(&self, url: &str) -> Result<(), Failure> {
        let run =
            std::process::Command::new(&self.worker).arg("migrate").env("DATABASE_URL", url).output()?;
        if run.status.success() {
            return Ok(());
        }
        Err(format!("sspp-worker migrate: {}", String::from_utf8_lossy(&run.stderr)).into())
    }

    async fn admin(&self) -> Result<PgConnection, Failure> {
        Ok(PgConnection::connect(&self.plan.postgres)
            .await
            .map_err(|error| format!("cannot reach PostgreSQL (--postgres): {error}"))?)
    }

    /// A new database beside the one that was named; gives its URL.
    async fn create_database(&self, name: &str) -> Result<String, Failure> {
        let create = format!("CREATE DATABASE {name}");
        sqlx::query(sqlx::AssertSqlSafe(create)).execute(&mut self.admin().await?).await?;
        let options: PgConnectOptions = self.plan.postgres.parse()?;
        Ok(options.database(name).to_url_lossy().to_string())
    }

    async fn drop_database(&self, name: &str) -> Result<(), Failure> {
        let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut self.admin().await?).await?;
        Ok(())
    }

    async fn clean_up(&self) -> Result<(), Failure> {
        Redis::connect(&self.plan.redis).await?.remove(&self.name).await?;
        let names: Vec<String> =
            sqlx::query_scalar("SELECT datname FROM pg_database WHERE datname LIKE $1 || '%'")
                .bind(&self.name)
                .fetch_all(&mut self.admin().await?)
                .await?;
        for name in names {
            self.drop_database(&name).await?;
        }
        Ok(())
    }
}

fn lines(rounds: &[Round], times: Option<&[Times; 2]>, soak: Option<&Soak>) -> Vec<Line> {
    let of = |value: fn(&Round) -> f64| Summary::of(rounds.iter().map(value));
    let ingest = |round: &Round| round.ingest.per_second;
    let mut lines = vec![
        Line::rate(
            "ingest, single",
            rounds,
            ingest,
            "bare handler",
            |r| r.bare.per_second,
            Target::RatioAtLeast(0.6),
        ),
        Line::rate("ingest, single", rounds, ingest, "predecessor", |_| 1_466.0, Target::RatioAtLeast(20.0)),
        Line::rate(
            "queue, batches",
            rounds,
            |r| r.batch,
            "Redis alone",
            |r| r.xadd,
            Target::RatioAtLeast(0.5),
        ),
        Line::rate("drain", rounds, |r| r.drain, "store alone", |r| r.store, Target::RatioAtLeast(0.8)),
        Line::rate("drain", rounds, |r| r.drain, "predecessor", |_| 1_274.0, Target::RatioAtLeast(20.0)),
        Line::plain("visible p50", "ms", of(|r| f64::from(r.latency.p50_us) / 1e3), Target::AtMost(5.0)),
        Line::plain("visible p99", "ms", of(|r| f64::from(r.latency.p99_us) / 1e3), Target::AtMost(15.0)),
        Line::plain("PING + commit", "ms", of(|r| f64::from(r.latency.floor_us) / 1e3), Target::Context),
        Line::plain("API start", "ms", of(|r| r.api_start_ms), Target::AtMost(150.0)),
        Line::plain("worker start", "ms", of(|r| r.worker_start_ms), Target::AtMost(150.0)),
        Line::plain("API memory, idle", "MB", of(|r| megabytes(r.api_idle)), Target::AtMost(20.0)),
        Line::plain("API memory, most", "MB", of(|r| megabytes(r.api_loaded)), Target::AtMost(60.0)),
        Line::plain("worker memory, idle", "MB", of(|r| megabytes(r.worker_idle)), Target::AtMost(20.0)),
        Line::plain("worker memory, most", "MB", of(|r| megabytes(r.worker_loaded)), Target::AtMost(60.0)),
    ];
    if let Some([few, many]) = times {
        let growth = |few: u32, many: u32| Summary::of([f64::from(many) / f64::from(few)]);
        let target = Target::AtMost(1.2);
        lines.push(Line::plain("accountId, x10 rows", "x", growth(few.of_account, many.of_account), target));
        lines.push(Line::plain("stats, x10 rows", "x", growth(few.stats, many.stats), target));
        lines.push(Line::plain("cursor, x10 rows", "x", growth(few.deep_cursor, many.deep_cursor), target));
    }
    if let Some(soak) = soak {
        #[expect(clippy::cast_precision_loss, reason = "memory stays far below 2^53 bytes")]
        let grown = |[first, last]: [u64; 2]| Summary::of([last as f64 / first as f64]);
        for (measure, memory) in
            [("soak, API", soak.api), ("soak, worker", soak.worker), ("soak, Redis", soak.redis)]
        {
            lines.push(Line::plain(measure, "x", grown(memory), Target::AtMost(1.1)));
        }
    }
    lines
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
