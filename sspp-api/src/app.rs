//! The composition root: adapters are chosen here and nowhere else. Starts everything, and stops it in the other order.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sspp_core::{
    Clock, PgOpenError, Random, RedisOpenError, ScoringModel, SqliteOpenError, StoreError, SystemClock,
    SystemRandom, finish_erasures,
};
use sspp_runtime::{
    Limits, ModelError, QueueNeed, Serving, StopSignals, Watched, load_model, measure, serve as serve_http,
    watch_dependencies,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::backpressure::watch_backlog;
use crate::config::{Checked, Config, ConfigError, Setup};
use crate::embedded::{self, Embedded};
use crate::http::DOCS_PATH;
use crate::metrics::Metrics;
use crate::production::Production;
use crate::service::service;
use crate::state::{App, Settings};

/// Why the service did not start, or stopped by itself. Every message says what and what to do, in one line; a bad
/// model in one line a fault.
///
/// ```
/// let error = sspp_api::RunError::PipelineEnded;
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
    #[error("cannot listen on {address}: {source}; choose another with --port (PORT) or --bind (SSPP_BIND)")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The data file cannot be used.
    #[error("cannot use the data file {path} (--data, SSPP_DATA): {source}", path = path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SqliteOpenError,
    },
    /// The scoring model could not be kept.
    #[error("cannot keep the scoring model in the data file: {0}")]
    KeepModel(#[source] StoreError),
    /// The queue cannot be used as it is configured.
    #[error("cannot use the queue (--redis-url, REDIS_URL): {0}")]
    Queue(#[from] RedisOpenError),
    /// The store cannot be used as it is configured.
    #[error("cannot use the store (--database-url, DATABASE_URL): {0}")]
    Store(#[from] PgOpenError),
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
        use SqliteOpenError::{Folder, MissingFolder, UnusablePath};
        match self {
            Self::Config(_)
            | Self::Model(_)
            | Self::Queue(RedisOpenError::Config(_))
            | Self::Store(PgOpenError::Config(_)) => true,
            Self::Data { source, .. } => {
                matches!(source, UnusablePath { .. } | Folder { .. } | MissingFolder { .. })
            }
            _ => false,
        }
    }
}

/// Runs the service until the process is told to stop (SIGINT, SIGTERM).
///
/// ```no_run
/// use clap::Parser as _;
/// sspp_api::run(&sspp_api::Config::parse())?;
/// # Ok::<(), sspp_api::RunError>(())
/// ```
pub fn run(config: &Config) -> Result<(), RunError> {
    let checked = config.checked()?;
    let model = load_model(config.model.model.as_deref())?;
    // More threads than this only cost memory: SQLite has one writer.
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let Checked { logs, traces, setup } = checked;
    let exporting = traces.start(logs, "sspp-api", runtime.handle()).map_err(ConfigError::from)?;
    let result = runtime.block_on(serve(config, setup, model));
    exporting.finish();
    result
}

/// What the service runs on.
enum Backend {
    Embedded(Embedded),
    Production(Production),
}

impl Backend {
    /// Waits until a pipeline in this process ends by itself: for ever, where there is none.
    async fn pipeline_ended(&mut self) {
        match self {
            Self::Embedded(embedded) => embedded.pipeline_ended().await,
            Self::Production(_) => std::future::pending().await,
        }
    }

    /// Tells how many connections to the database are open and idle.
    fn connections(&self) -> Box<dyn Fn() -> (u32, u32) + Send + Sync> {
        match self {
            Self::Embedded(embedded) => Box::new(embedded.connections()),
            Self::Production(production) => Box::new(production.connections()),
        }
    }

    async fn close(self, deadline: Instant) {
        match self {
            Self::Embedded(embedded) => embedded.close(deadline).await,
            Self::Production(production) => production.close(deadline).await,
        }
    }
}

async fn serve(config: &Config, setup: Setup, model: Arc<ScoringModel>) -> Result<(), RunError> {
    let Setup { address, prefix, backends, body_timeout, shutdown_timeout, keys, rate_limit } = setup;
    let mut stop = StopSignals::new()?;
    let listener = TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
    let address = listener.local_addr()?;
    let limits = Limits::new(config.max_connections, &config.server);
    let metrics = Metrics::new();
    metrics.install_globally();

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let embedded = backends.is_none();
    let (mut backend, ports) = match backends {
        None => {
            let (embedded, ports) = Embedded::start(config, model, clock, random).await?;
            (Backend::Embedded(embedded), ports)
        }
        Some(backends) => {
            let starting = Production::start(backends, &config.start, model, clock, random);
            // Starting may wait for a dependency: whoever gives up waiting is heard.
            let (production, ports) = tokio::select! {
                started = starting => started?,
                _ = stop.next() => return Ok(()),
            };
            (Backend::Production(production), ports)
        }
    };
    let upkeep = metrics.clone();
    let measuring = tokio::spawn(measure(move || upkeep.upkeep(), backend.connections()));
    let queue_name = config.backends.queue.queue_name.clone();
    let settings = Settings {
        prefix,
        queue_name,
        body_timeout,
        keys: Arc::new(keys),
        allowed_hosts: config.server.allowed_hosts.clone(),
        rate_limit,
        trusted_proxies: config.guard.trusted_proxies.clone(),
        cors: config.guard.cors_origins.clone(),
        ..Settings::default()
    };
    let app = App::new(ports, settings, metrics);
    announce(config, &app, address, embedded);
    let watching = watching(&app);
    let erasing =
        finish_erasures(Arc::clone(&app.0.ports.store), Duration::from_secs(30), Arc::clone(&app.0.erasures));
    let erasing = AbortOnDropHandle::new(tokio::spawn(erasing));

    let stopping = app.stopping().clone();
    let mut pipeline_ended = false;
    let mut deadline = Instant::now();
    let until_stopped = async {
        tokio::select! {
            name = stop.next() => {
                tracing::info!(signal = name, "stopping: finishing requests, then events in hand");
                stop.end_at_next();
            }
            () = backend.pipeline_ended() => pipeline_ended = true,
        }
        deadline = Instant::now() + shutdown_timeout;
        stopping.cancel();
    };
    let metrics = app.0.metrics.connections();
    let serving = Serving { listener, local: address, endpoint: service(&app), limits, metrics };
    serve_http(serving, until_stopped, shutdown_timeout).await;

    measuring.abort();
    drop(watching);
    drop(erasing);
    drop(app);
    backend.close(deadline).await;
    if pipeline_ended { Err(RunError::PipelineEnded) } else { Ok(()) }
}

/// Keeps an eye on the dependencies and on the queue, until dropped.
fn watching(app: &App) -> [AbortOnDropHandle<()>; 2] {
    let ports = &app.0.ports;
    let watched = Watched {
        queue: Arc::clone(&ports.queue),
        queue_need: QueueNeed::Enqueue,
        queue_service: ports.queue_service,
        store: Arc::clone(&ports.store),
        store_service: ports.store_service,
        queue_name: app.0.settings.queue_name.clone(),
        up: "sspp_api_dependency_up",
        ping: "sspp_api_dependency_ping_duration_seconds",
        size: "sspp_api_queue_size",
        clock_offset: "sspp_api_clock_offset_seconds",
        clock: Arc::clone(&app.0.clock),
    };
    // Probes ask for themselves: they show what is, not what was a second ago.
    let (seen, _) = watch::channel(None);
    [
        AbortOnDropHandle::new(tokio::spawn(watch_dependencies(watched, seen))),
        AbortOnDropHandle::new(tokio::spawn(watch_backlog(Arc::clone(&app.0)))),
    ]
}

/// Says where everything is; a closed standard output is no reason to stop.
fn announce(config: &Config, app: &App, address: std::net::SocketAddr, embedded: bool) {
    let state = &app.0;
    let model = &state.ports.model;
    let event_type = model.event_rules().first().map_or("email_opened", |rule| rule.event_type.as_str());
    let base = format!("http://{address}");
    let prefix = &state.settings.prefix;
    let data = if embedded {
        embedded::shown(config.data.path()).display().to_string()
    } else {
        "the queue is on Redis, the store on PostgreSQL; sspp-worker scores".to_owned()
    };
    let now = state.now();
    drop(write!(
        std::io::stdout().lock(),
        "SSPP listens on {base}\n\
         docs:  {base}{DOCS_PATH}\n\
         data:  {data}\n\
         model: {name} version {version}\n\
         try:   curl -X POST {base}{prefix}/events -H 'content-type: application/json' {key}-d \
         '{{\"accountId\":\"acc_1\",\"userId\":\"user_1\",\"eventType\":\"{event_type}\",\"timestamp\":\"{now}\"}}'\n",
        key = if state.settings.keys.is_empty() { "" } else { "-H \"x-api-key: $SSPP_API_KEY\" " },
        name = model.name(),
        version = model.version(),
    ));
    drop(std::io::stdout().flush());
    if !state.settings.keys.is_empty() {
        tracing::info!(keys = ?state.settings.keys, "only requests with one of these keys are let in");
    }
    if config.guard.allow_anonymous && !config.bind.is_loopback() {
        tracing::warn!(
            %address,
            allowed_hosts = %state.settings.allowed_hosts,
            "anyone who reaches this address can read and write, by address, as localhost and by SSPP_ALLOWED_HOSTS: \
             --allow-anonymous is set"
        );
    }
}
