//! The worker, put together: starts everything, and stops it in the other order.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use sspp_core::{
    EventQueue, PgConfig, Pipeline, RedisConfig, ScoringModel, Store, SystemClock, SystemRandom, Upkeep,
};
use sspp_runtime::{
    ConnectionMetrics, Limits, Monitor, MonitorMetrics, QueueNeed, RunError, Serving, StampClock,
    StopSignals, Watched, describe_metrics, listen, load_model, open_servers, recorder, serve as serve_http,
    show_release,
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::config::{Checked, Config};
use crate::health::{Health, Phase, Probes};
use crate::running_pipeline::RunningPipeline;

/// Scores events until a signal stops the process (SIGINT, SIGTERM).
pub fn run(config: &Config) -> Result<(), RunError> {
    let Checked { logs, traces, redis, postgres } = config.checked()?;
    let model = load_model(config.model.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let exporting = traces.start(logs, "sspp-worker", runtime.handle())?;
    let result = runtime.block_on(serve(config, redis, postgres, model));
    exporting.finish();
    // A call to a server that is away must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

async fn serve(
    config: &Config,
    redis: RedisConfig,
    postgres: PgConfig,
    model: Arc<ScoringModel>,
) -> Result<(), RunError> {
    let mut stop = StopSignals::new()?;
    let (listener, address) = listen(config.address(), "WORKER_PORT").await?;
    let recorder = recorder();
    let metrics = recorder.handle();
    // The process has one composition root, so no other recorder was installed.
    drop(metrics::set_global_recorder(recorder));
    describe_metrics();
    show_release(env!("CARGO_PKG_VERSION"), &model);

    let (adapters, queue) = open_servers(redis, postgres).await?;
    let watched = Watched {
        queue_need: QueueNeed::Drain,
        queue_name: config.backends.queue.queue_name.clone(),
        metrics: MonitorMetrics::WORKER,
        clock: Arc::new(StampClock::new(Arc::new(SystemClock))),
        backpressure: None,
    };
    let rendered = metrics.clone();
    let monitor = Monitor::start(&adapters, watched, move || rendered.run_upkeep());
    let health = Arc::new(Health::new(monitor, metrics));
    let serving = Serving {
        listener,
        local: address,
        endpoint: Probes { health: Arc::clone(&health), allowed_hosts: config.server.allowed_hosts.clone() },
        limits: Limits::new(&config.server),
        metrics: ConnectionMetrics::new("sspp_worker_connections", "sspp_worker_connections_refused_total"),
    };
    // Probes are answered to the end.
    let stop_serving = CancellationToken::new();
    let serving = serve_http(serving, stop_serving.clone().cancelled_owned(), Duration::from_secs(1));
    let server = AbortOnDropHandle::new(tokio::spawn(serving));
    announce(address, &model);

    let migrating = config.start.migrate.then(|| AbortOnDropHandle::new(tokio::spawn(adapters.migrated())));
    let store = Arc::clone(&adapters.store);
    let worked = work(config, &health, (queue, store), model, &mut stop).await;
    let deadline = Instant::now() + config.shutdown_timeout;
    drop(migrating);
    let result = match worked {
        Ok((signal, pipeline)) => {
            tracing::info!(signal, "stopping: finishing the current events, or returning them to the queue");
            health.enter(Phase::Stopping);
            stop.end_at_next();
            if let Some(pipeline) = pipeline {
                pipeline.finish(deadline).await;
            }
            Ok(())
        }
        Err(error) => Err(error),
    };
    health.enter(Phase::Ended);
    // A second is enough for a server that is there.
    adapters.close(deadline.max(Instant::now() + Duration::from_secs(1))).await;
    stop_serving.cancel();
    drop(server.await);
    result
}

/// Runs pipeline and upkeep until a signal comes; gives its name, and the pipeline, which has to be finished.
async fn work(
    config: &Config,
    health: &Health,
    (queue, store): (Arc<dyn EventQueue>, Arc<dyn Store>),
    model: Arc<ScoringModel>,
    signals: &mut StopSignals,
) -> Result<(&'static str, Option<RunningPipeline>), RunError> {
    if config.start.require_durable_queue {
        tokio::select! {
            durable = health.monitor.require_durable(None) => durable?,
            signal = signals.next() => return Ok((signal, None)),
        }
    }
    let upkeep = Upkeep::new(Arc::clone(&store)).retention(config.retention.retention());
    let stop = CancellationToken::new();
    let _stopped_at_the_end = stop.clone().drop_guard();
    tokio::spawn(upkeep.run(stop.clone()));
    let pipeline = Pipeline::new(
        queue,
        store.clone(),
        store,
        model,
        Arc::new(SystemClock),
        Arc::new(SystemRandom::new()),
        config.pipeline.config(),
    );
    health.enter(Phase::Running(pipeline.store_away()));
    let mut pipeline = RunningPipeline::start(pipeline, stop);
    tokio::select! {
        signal = signals.next() => Ok((signal, Some(pipeline))),
        () = pipeline.ended() => Err(RunError::PipelineEnded),
    }
}

/// Says where probes and metrics are; a closed standard output is no reason to stop.
fn announce(address: SocketAddr, model: &ScoringModel) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "sspp-worker listens on http://{address} (/livez /ready /health /metrics)"));
    drop(writeln!(out, "model: {} version {}", model.name(), model.version()));
    drop(out.flush());
}
