//! A pipeline that runs in this process, and how it ends.

use sspp_engine::Pipeline;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// A pipeline that runs.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # use std::sync::Arc;
/// # use sspp_core::*;
/// # let clock: Arc<dyn Clock> = Arc::new(SystemClock);
/// # let queue = Arc::new(MemoryEventQueue::new(clock.clone()));
/// # let (model, random) = (ScoringModel::embedded_default(), Arc::new(SystemRandom::new()));
/// # let store = Arc::new(MemoryStore::new());
/// # let pipeline = Pipeline::new(queue, store.clone(), store, model, clock, random, PipelineConfig::default());
/// let stop = tokio_util::sync::CancellationToken::new();
/// let running = sspp_runtime::RunningPipeline::start(pipeline, stop);
/// // … until the process stops …
/// running.finish(tokio::time::Instant::now() + std::time::Duration::from_secs(8)).await;
/// # });
/// ```
#[derive(Debug)]
pub struct RunningPipeline {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl RunningPipeline {
    /// Starts it; it ends when `stop` is cancelled.
    pub fn start(pipeline: Pipeline, stop: CancellationToken) -> Self {
        Self { task: tokio::spawn(pipeline.run(stop.clone())), stop }
    }

    /// Waits until it ends, which it does by itself only through a defect. The log says how.
    pub async fn ended(&mut self) {
        if !self.task.is_finished() {
            drop((&mut self.task).await);
        }
    }

    /// Lets it finish or give back what it holds. What it still holds at the deadline is taken up again later.
    pub async fn finish(mut self, deadline: Instant) {
        self.stop.cancel();
        if self.task.is_finished() {
            return;
        }
        match timeout_at(deadline, &mut self.task).await {
            Ok(Ok(())) => tracing::info!("the pipeline finished every event that it held"),
            Ok(Err(error)) => tracing::error!(%error, "the pipeline failed while it finished"),
            Err(_) => {
                tracing::warn!(
                    "the pipeline did not finish in time; its events are taken up again after the claim bound"
                );
                self.task.abort();
            }
        }
    }
}
