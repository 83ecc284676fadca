//! The composition root of the worker: adapters are chosen here and nowhere else. Starts everything, and stops it in the
//! other order.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sspp_core::{
    EventQueue, PgOpenError, PgStore, Pipeline, RedisEventQueue, RedisOpenError, ScoringModel, Store,
    SystemClock, SystemRandom, retain,
};
use sspp_runtime::{
    Backends, ConfigError, ConnectionMetrics, Limits, ModelError, QueueClock, QueueNeed, Serving, StartArgs,
    StopSignals, Watched, describe_metrics, load_model, measure, migrate_until_done, recorder,
    require_durable, serve as serve_http, show_release, watch_dependencies, watch_durability,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::config::{Checked, Config};
use crate::drain::finish;
use crate::health::{Health, Phase, Probes};

/// Why the worker did not start, or stopped by itself. Every message says what and what to do, in one line; a bad model in
/// one line a fault.
///
/// ```
/// let error = sspp_worker::RunError::PipelineEnded;
/// assert_eq!(error.to_string(), "the pipeline ended by itself; the log above says why");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The scoring model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; choose another with --port (WORKER_PORT) or --bind (SSPP_BIND)"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The queue cannot be used as it is configured.
    #[error("cannot use the queue (--redis-url, REDIS_URL): {0}")]
    Queue(#[from] RedisOpenError),
    /// The store cannot be used as it is configured.
    #[error("cannot use the store (--database-url, DATABASE_URL): {0}")]
    Store(#[from] PgOpenError),
    /// The schema could not be migrated.
    #[error("cannot migrate the store (--database-url, DATABASE_URL): {0}")]
    Migrate(#[source] PgOpenError),
    /// The queue or the store may lose what it acknowledges, and must not.
    #[error("{0}")]
    NotDurable(String),
    /// The operating system refused something else.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
    /// The pipeline stopped although nobody asked it to.
    #[error("the pipeline ended by itself; the log above says why")]
    PipelineEnded,
}

impl RunError {
    /// Whether a setting is wrong, whatever else is there.
    pub(crate) const fn is_usage(&self) -> bool {
        use PgOpenError::Config;
        match self {
            Self::Config(_) | Self::Model(_) | Self::Queue(RedisOpenError::Config(_)) => true,
            Self::Store(error) | Self::Migrate(error) => matches!(error, Config(_)),
            _ => false,
        }
    }
}

/// Scores events until the process is told to stop (SIGINT, SIGTERM).
///
/// ```no_run
/// use clap::Parser as _;
/// sspp_worker::run(&sspp_worker::Config::parse())?;
/// # Ok::<(), sspp_worker::RunError>(())
/// ```
pub fn run(config: &Config) -> Result<(), RunError> {
    let checked = config.checked()?;
    let model = load_model(config.model.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Checked { logs, traces, backends } = checked;
    let exporting = traces.start(logs, "sspp-worker", runtime.handle())?;
    let result = runtime.block_on(serve(config, backends, model));
    exporting.finish();
    // A call to a server that is away must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

async fn serve(config: &Config, backends: Backends, model: Arc<ScoringModel>) -> Result<(), RunError> {
    let mut stop = StopSignals::new()?;
    let address = config.address();
    let listener = TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
    let address = listener.local_addr()?;
    let recorder = recorder();
    let metrics = recorder.handle();
    // Nobody installed one before: this is the process's one composition root.
    drop(metrics::set_global_recorder(recorder));
    describe_metrics();
    show_release(env!("CARGO_PKG_VERSION"), &model);

    let Backends { redis, postgres, .. } = backends;
    let StartArgs { require_durable_queue, migrate } = config.start;
    let queue = RedisEventQueue::open(redis).await?;
    let store = PgStore::open(postgres).await?;
    let upkeep = metrics.clone();
    let measuring = measure(move || upkeep.run_upkeep(), store.connections());
    let _measuring = AbortOnDropHandle::new(tokio::spawn(measuring));
    let (seen_by_monitor, seen) = watch::channel(None);
    let clock = Arc::new(QueueClock::new(Arc::new(SystemClock)));
    let watched = watched(config, &queue, &store, &clock);
    let _monitor = AbortOnDropHandle::new(tokio::spawn(watch_dependencies(watched, seen_by_monitor)));
    let health = Arc::new(Health::new(seen, watch_durability(queue.port(), store.port()), clock, metrics));
    let serving = Serving {
        listener,
        local: address,
        endpoint: Probes { health: health.clone(), allowed_hosts: config.server.allowed_hosts.clone() },
        limits: Limits::new(config.max_connections, &config.server),
        metrics: ConnectionMetrics::new("sspp_worker_connections", "sspp_worker_connections_refused_total"),
    };
    // Probes are answered to the end.
    let stop_serving = CancellationToken::new();
    let serving = serve_http(serving, stop_serving.clone().cancelled_owned(), Duration::from_secs(1));
    let server = AbortOnDropHandle::new(tokio::spawn(serving));
    announce(address, &model);

    let migrating =
        migrate.then(|| AbortOnDropHandle::new(tokio::spawn(migrate_until_done(Arc::clone(&store)))));
    let ended =
        work(config, &health, queue.port(), store.port(), model, require_durable_queue, &mut stop).await;
    drop(migrating);
    let (deadline, result) = match ended {
        Ended::ToldTo { pipeline, deadline } => {
            stop.end_at_next();
            if let Some(pipeline) = pipeline {
                finish(pipeline, deadline).await;
            }
            (deadline, Ok(()))
        }
        Ended::Failed(error) => (Instant::now() + config.shutdown_timeout.get(), Err(error)),
    };
    health.enter(Phase::Ended);
    // A server that is away must not be waited for beyond the deadline; a second is enough for one that is there.
    let deadline = deadline.max(Instant::now() + Duration::from_secs(1));
    let closing = async { tokio::join!(queue.close(), store.close()) };
    if tokio::time::timeout_at(deadline, closing).await.is_err() {
        tracing::warn!("a connection did not end in time");
    }
    stop_serving.cancel();
    drop(server.await);
    result
}

/// How the work ended.
enum Ended {
    /// By a signal; the pipeline was told to stop.
    ToldTo { pipeline: Option<tokio::task::JoinHandle<()>>, deadline: Instant },
    /// By itself.
    Failed(RunError),
}

/// Runs the pipeline until a signal comes.
async fn work(
    config: &Config,
    health: &Health,
    queue: Arc<dyn EventQueue>,
    store: Arc<dyn Store>,
    model: Arc<ScoringModel>,
    require_durable_queue: bool,
    stop: &mut StopSignals,
) -> Ended {
    let deadline = |signal: &str| {
        tracing::info!(signal, "stopping: finishing the events in hand, or giving them back");
        health.enter(Phase::Stopping);
        Instant::now() + config.shutdown_timeout.get()
    };
    if require_durable_queue {
        tokio::select! {
            durable = require_durable(Arc::clone(&queue), Arc::clone(&store), None) => {
                if let Err(reason) = durable {
                    return Ended::Failed(RunError::NotDurable(reason));
                }
            }
            name = stop.next() => return Ended::ToldTo { pipeline: None, deadline: deadline(name) },
        }
    }
    let settings = config.pipeline.config();
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::new()));
    let retaining = retain(Arc::clone(&store), config.retention.retention());
    let _retaining = AbortOnDropHandle::new(tokio::spawn(retaining));
    let pipeline = Pipeline::new(queue, store.clone(), store, model, clock, random, settings);
    health.running(pipeline.store_away());
    let stop_pipeline = CancellationToken::new();
    let mut pipeline = tokio::spawn(pipeline.run(stop_pipeline.clone()));
    tokio::select! {
        name = stop.next() => {
            let deadline = deadline(name);
            stop_pipeline.cancel();
            Ended::ToldTo { pipeline: Some(pipeline), deadline }
        }
        // How it ended is in the log.
        _ = &mut pipeline => Ended::Failed(RunError::PipelineEnded),
    }
}

fn watched(
    config: &Config,
    queue: &Arc<RedisEventQueue>,
    store: &Arc<PgStore>,
    clock: &Arc<QueueClock>,
) -> Watched {
    Watched {
        queue: queue.port(),
        queue_need: QueueNeed::Drain,
        queue_service: "redis",
        store: store.port(),
        store_service: "postgresql",
        queue_name: config.backends.queue.queue_name.clone(),
        up: "sspp_worker_dependency_up",
        ping: "sspp_worker_dependency_ping_duration_seconds",
        size: "sspp_worker_queue_size",
        clock_offset: "sspp_worker_clock_offset_seconds",
        clock: Arc::clone(clock),
    }
}

/// Says where probes and metrics are; a closed standard output is no reason to stop.
fn announce(address: SocketAddr, model: &ScoringModel) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "sspp-worker listens on http://{address} (/livez /ready /health /metrics)"));
    drop(writeln!(out, "model: {} version {}", model.name(), model.version()));
    drop(out.flush());
}
