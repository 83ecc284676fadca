//! The composition root: adapters are chosen here and nowhere else. Starts everything, and stops it in the other order.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use poem::Server;
use poem::listener::TcpAcceptor;
use sspp_core::{
    Clock, Pipeline, PipelineConfig, Random, ScoringModel, SqliteConfig, SqliteDatabase, SqliteOpenError,
    StoreError, SystemClock, SystemRandom,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::{Checked, Config, ConfigError};
use crate::docs::DOCS_PATH;
use crate::metrics::Metrics;
use crate::service::service;
use crate::state::{App, Ports, Settings};
use crate::telemetry;

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
    /// The scoring model's file cannot be read.
    #[error("the scoring model {path} (--model, SSPP_MODEL) cannot be read: {source}", path = path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The scoring model has faults; all are listed.
    #[error("{}", model_faults(path, faults))]
    Model {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        faults: sspp_core::ModelFaults,
    },
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
    /// The operating system refused something else.
    #[error("cannot start: {0}")]
    System(#[from] std::io::Error),
    /// The pipeline stopped although nobody asked it to.
    #[error("the pipeline ended by itself; the log above says why")]
    PipelineEnded,
}

fn model_faults(path: &Path, faults: &sspp_core::ModelFaults) -> String {
    let lines = faults.0.iter().map(|fault| format!("{}: {}: {}", path.display(), fault.path, fault.detail));
    lines.collect::<Vec<_>>().join("\n")
}

/// Runs the service until the process is told to stop (SIGINT, SIGTERM).
///
/// ```no_run
/// use clap::Parser as _;
/// sspp_api::run(&sspp_api::Config::parse())?;
/// # Ok::<(), sspp_api::RunError>(())
/// ```
pub fn run(config: &Config) -> Result<(), RunError> {
    config.check(|name| std::env::var_os(name))?;
    let checked = config.checked()?;
    let model = load_model(config.model.as_deref())?;
    // More threads than this only cost memory: SQLite has one writer.
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(serve(config, checked, model))
}

fn load_model(path: Option<&Path>) -> Result<Arc<ScoringModel>, RunError> {
    let Some(path) = path else { return Ok(ScoringModel::embedded_default()) };
    let text = std::fs::read_to_string(path)
        .map_err(|source| RunError::ModelFile { path: path.to_owned(), source })?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let parsed = if json { ScoringModel::from_json(&text) } else { ScoringModel::from_toml(&text) };
    parsed.map(Arc::new).map_err(|faults| RunError::Model { path: path.to_owned(), faults })
}

async fn serve(config: &Config, checked: Checked, model: Arc<ScoringModel>) -> Result<(), RunError> {
    let Checked { address, prefix, filter, body_timeout, shutdown_timeout } = checked;
    telemetry::start(filter, config.log_format);
    let mut stop = StopSignals::new()?;
    let listener = TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
    let address = listener.local_addr()?;
    let metrics = Metrics::new();
    metrics.install_globally();

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let data = SqliteConfig { max_backlog: config.max_backlog, ..SqliteConfig::new(&config.data) };
    let database = SqliteDatabase::open(data, Arc::clone(&clock))
        .await
        .map_err(|source| RunError::Data { path: config.data.clone(), source })?;
    let (queue, store) = (database.queue(), database.store());
    store.put_model(&model.to_record()).await.map_err(RunError::KeepModel)?;

    let pipeline = Pipeline::new(
        Arc::clone(&queue),
        Arc::clone(&store),
        Arc::clone(&model),
        Arc::clone(&clock),
        Arc::clone(&random),
        PipelineConfig { readers: config.queue_concurrency.into(), ..PipelineConfig::default() },
    );
    let stop_pipeline = CancellationToken::new();
    let mut pipeline = tokio::spawn(pipeline.run(stop_pipeline.clone()));
    let upkeep = tokio::spawn(upkeep(metrics.clone()));

    let ports =
        Ports { queue, queue_service: "sqlite", store, store_service: "sqlite", model, clock, random };
    let settings =
        Settings { prefix, queue_name: config.queue_name.clone(), body_timeout, ..Settings::default() };
    let app = App::new(ports, settings, metrics);
    announce(config, &app, address);

    let stopping = app.stopping().clone();
    let mut pipeline_ended = false;
    let mut deadline = tokio::time::Instant::now();
    let until_stopped = async {
        tokio::select! {
            name = stop.next() => {
                tracing::info!(signal = name, "stopping: finishing requests, then events in hand");
                tokio::spawn(end_at_once(stop));
            }
            _ = &mut pipeline => pipeline_ended = true,
        }
        deadline = tokio::time::Instant::now() + shutdown_timeout;
        stopping.cancel();
    };
    let served = Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?)
        .run_with_graceful_shutdown(service(&app), until_stopped, Some(shutdown_timeout))
        .await;

    stop_pipeline.cancel();
    if !pipeline_ended {
        finish(pipeline, deadline).await;
    }
    upkeep.abort();
    drop(app);
    database.close().await;
    served?;
    if pipeline_ended { Err(RunError::PipelineEnded) } else { Ok(()) }
}

/// Waits for the pipeline, but not for ever: what it still holds comes back at the next start.
async fn finish(mut pipeline: JoinHandle<()>, deadline: tokio::time::Instant) {
    if tokio::time::timeout_at(deadline, &mut pipeline).await.is_err() {
        tracing::warn!(
            "the pipeline did not finish in time; its events are taken up again at the next start"
        );
        pipeline.abort();
    }
}

async fn upkeep(metrics: Metrics) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        metrics.upkeep();
    }
}

/// The signals that tell the process to stop.
struct StopSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl StopSignals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one and names it.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

/// Whoever asks twice does not want to wait. Nothing acknowledged is lost by it.
async fn end_at_once(mut stop: StopSignals) {
    let signal = stop.next().await;
    tracing::warn!(signal, "ending at once; what was in hand is taken up again at the next start");
    std::process::exit(130);
}

/// Says where everything is; a closed standard output is no reason to stop.
fn announce(config: &Config, app: &App, address: std::net::SocketAddr) {
    let state = &app.0;
    let model = &state.ports.model;
    let event_type = model.event_rules().first().map_or("email_opened", |rule| rule.event_type.as_str());
    let base = format!("http://{address}");
    let prefix = &state.settings.prefix;
    let data = std::fs::canonicalize(&config.data).unwrap_or_else(|_| config.data.clone());
    let now = state.now();
    drop(write!(
        std::io::stdout().lock(),
        "SSPP listens on {base}\n\
         docs:  {base}{DOCS_PATH}\n\
         data:  {data}\n\
         model: {name} version {version}\n\
         try:   curl -X POST {base}{prefix}/events -H 'content-type: application/json' -d \
         '{{\"accountId\":\"acc_1\",\"userId\":\"user_1\",\"eventType\":\"{event_type}\",\"timestamp\":\"{now}\"}}'\n",
        data = data.display(),
        name = model.name(),
        version = model.version(),
    ));
    drop(std::io::stdout().flush());
    if config.allow_anonymous && !config.bind.is_loopback() {
        tracing::warn!(%address, "anyone who reaches this address can read and write: --allow-anonymous is set");
    }
}
