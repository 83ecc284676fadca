//! The service, put together: starts everything, and stops it in the other order.

use std::sync::Arc;
use std::time::Duration;

use sspp_core::{Clock, Random, ScoringModel, SystemClock, SystemRandom, Upkeep};
use sspp_runtime::{
    Adapters, Backends, Limits, Monitor, MonitorMetrics, QueueNeed, RunError, Serving, StopSignals, Watched,
    listen, load_model, open, serve as serve_http,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::announce::{Shape, announce};
use crate::config::{Checked, Config};
use crate::metrics::Metrics;
use crate::service::service;
use crate::state::{App, Ports, Settings};

/// How long what acknowledges events may take to say that it is durable, where it has to be.
const DURABLE_WITHIN: Duration = Duration::from_secs(30);

/// Runs the service until a signal stops the process (SIGINT, SIGTERM).
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
    backends: Backends,
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
    let shape = Shape::of(&backends, config);
    // A server that does not answer is waited for, and a signal ends that.
    let adapters = tokio::select! {
        opened = open(backends, config.data.path(), Arc::clone(&clock)) => opened?,
        _ = stop.next() => return Ok(()),
    };
    let Adapters { queue, store, queue_kind, store_kind, .. } = &adapters;
    let ports = Ports {
        queue: queue.clone(),
        queue_kind,
        store: Arc::clone(store),
        store_kind,
        model,
        clock,
        random,
    };
    let app = App::new(ports, settings, metrics.clone());
    let watched = Watched {
        queue_need: QueueNeed::Enqueue,
        queue_name: app.0.settings.queue_name.clone(),
        metrics: MonitorMetrics::API,
        clock: Arc::clone(&app.0.clock),
        backpressure: queue.is_some().then(|| Arc::clone(&app.0.backpressure)),
    };
    let connections = metrics.connections();
    let monitor = Monitor::start(&adapters, watched, move || metrics.sort_durations());
    if config.start.require_durable_queue {
        tokio::select! {
            durable = monitor.require_durable(Some(DURABLE_WITHIN)) => durable?,
            _ = stop.next() => return Ok(()),
        }
    }
    announce(config, &app, address, shape);
    let migrating = config.start.migrate.then(|| AbortOnDropHandle::new(tokio::spawn(adapters.migrated())));

    let background = CancellationToken::new();
    let mut upkeep = Upkeep::new(Arc::clone(store)).erasures(Arc::clone(&app.0.erasures));
    if queue.is_none() {
        // Behind a queue the workers do it.
        upkeep = upkeep.retention(config.retention.retention());
    }
    tokio::spawn(upkeep.run(background.clone()));

    let stopping = app.stopping().clone();
    let mut deadline = Instant::now();
    let until_stopped = async {
        let signal = stop.next().await;
        stop.end_at_next();
        stopping.cancel();
        if !config.shutdown_delay.is_zero() {
            let delay = config.shutdown_delay;
            tracing::info!(
                signal,
                ?delay,
                "stopping: not ready; accepting requests until load balancers have noticed"
            );
            tokio::time::sleep(delay).await;
        }
        tracing::info!(signal, "stopping: finishing requests and the commits of their events");
        deadline = Instant::now() + config.shutdown_timeout;
    };
    let serving = Serving { listener, local: address, endpoint: service(&app), limits, metrics: connections };
    serve_http(serving, until_stopped, config.shutdown_timeout).await;

    drop((monitor, migrating, app));
    background.cancel();
    adapters.close(deadline).await;
    Ok(())
}
