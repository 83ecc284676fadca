//! The service, put together: starts everything, and stops it in the other order.

use std::sync::Arc;
use std::time::Duration;

use sspp_core::{Clock, Pipeline, Random, ScoringModel, SystemClock, SystemRandom, Upkeep};
use sspp_runtime::{
    Adapters, Backends, Limits, Monitor, MonitorMetrics, QueueNeed, RunError, RunningPipeline, Serving,
    StopSignals, Watched, listen, load_model, open_file, open_servers, serve as serve_http,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::announce::announce;
use crate::config::{Checked, Config};
use crate::metrics::Metrics;
use crate::service::service;
use crate::state::{App, Ports, Settings};

/// How long a queue that has to be durable may take to say so.
const DURABLE_WITHIN: Duration = Duration::from_secs(30);

/// Runs the service until a signal stops the process (SIGINT, SIGTERM).
///
/// ```no_run
/// use clap::Parser as _;
/// sspp_api::run(&sspp_api::Config::parse())?;
/// # Ok::<(), sspp_api::RunError>(())
/// ```
pub fn run(config: &Config) -> Result<(), RunError> {
    let Checked { logs, traces, backends, settings } = config.checked()?;
    let model = load_model(config.model.model.as_deref())?;
    // More threads than this only cost memory: SQLite has one writer.
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let exporting = traces.start(logs, "sspp-api", runtime.handle())?;
    let result = runtime.block_on(serve(config, backends, settings, model));
    exporting.finish();
    result
}

async fn serve(
    config: &Config,
    backends: Option<Backends>,
    settings: Settings,
    model: Arc<ScoringModel>,
) -> Result<(), RunError> {
    let mut stop = StopSignals::new()?;
    let (listener, address) = listen(config.address(), "PORT").await?;
    let limits = Limits::new(&config.server);
    let metrics = Metrics::new();
    metrics.install_globally();

    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom::new());
    let embedded = backends.is_none();
    let adapters = match backends {
        None => open_file(config.data_file(), Arc::clone(&clock)).await?,
        // A server that does not answer is waited for, and a signal ends that.
        Some(backends) => tokio::select! {
            opened = open_servers(backends) => opened?,
            _ = stop.next() => return Ok(()),
        },
    };
    let Adapters { queue, store, queue_kind, store_kind, .. } = &adapters;
    if embedded {
        store.put_model(&model.to_record()).await.map_err(RunError::KeepModel)?;
    }
    let ports = Ports {
        queue: Arc::clone(queue),
        queue_kind,
        store: Arc::clone(store),
        store_kind,
        model: Arc::clone(&model),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
    };
    let app = App::new(ports, settings, metrics.clone());
    let watched = Watched {
        queue_need: QueueNeed::Enqueue,
        queue_name: app.0.settings.queue_name.clone(),
        metrics: MonitorMetrics::API,
        clock: Arc::clone(&app.0.clock),
        backpressure: Some(Arc::clone(&app.0.backpressure)),
    };
    let connections = metrics.connections();
    let monitor = Monitor::start(&adapters, watched, move || metrics.sort_durations());
    if config.start.require_durable_queue && !embedded {
        tokio::select! {
            durable = monitor.require_durable(Some(DURABLE_WITHIN)) => durable?,
            _ = stop.next() => return Ok(()),
        }
    }
    announce(config, &app, address, embedded);
    let migrating = config.start.migrate.then(|| AbortOnDropHandle::new(tokio::spawn(adapters.migrated())));

    let background = CancellationToken::new();
    let mut upkeep = Upkeep::new(Arc::clone(store)).erasures(Arc::clone(&app.0.erasures));
    let mut pipeline = None;
    if embedded {
        upkeep = upkeep.retention(config.retention.retention());
        let settings = config.pipeline.config();
        let (signals, models) = (store.clone(), store.clone());
        let made = Pipeline::new(Arc::clone(queue), signals, models, model, clock, random, settings);
        pipeline = Some(RunningPipeline::start(made, background.clone()));
    }
    tokio::spawn(upkeep.run(background.clone()));

    let stopping = app.stopping().clone();
    let (mut result, mut deadline) = (Ok(()), Instant::now());
    let until_stopped = async {
        tokio::select! {
            name = stop.next() => {
                tracing::info!(signal = name, "stopping: finishing requests, then current events");
                stop.end_at_next();
            }
            () = ended(&mut pipeline) => result = Err(RunError::PipelineEnded),
        }
        deadline = Instant::now() + config.shutdown_timeout;
        stopping.cancel();
    };
    let serving = Serving { listener, local: address, endpoint: service(&app), limits, metrics: connections };
    serve_http(serving, until_stopped, config.shutdown_timeout).await;

    drop((monitor, migrating, app));
    background.cancel();
    if let Some(pipeline) = pipeline {
        pipeline.finish(deadline).await;
    }
    adapters.close(deadline).await;
    result
}

/// Waits until a pipeline in this process ends by itself: for ever, where there is none.
async fn ended(pipeline: &mut Option<RunningPipeline>) {
    match pipeline {
        Some(pipeline) => pipeline.ended().await,
        None => std::future::pending().await,
    }
}
