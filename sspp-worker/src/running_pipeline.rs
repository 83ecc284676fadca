//! A pipeline that runs in this process, and how it ends.

use sspp_core::Pipeline;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// A pipeline that runs.
#[derive(Debug)]
pub(crate) struct RunningPipeline {
    task: JoinHandle<()>,
    stop: CancellationToken,
}

impl RunningPipeline {
    /// Starts it; it ends when `stop` is cancelled.
    pub(crate) fn start(pipeline: Pipeline, stop: CancellationToken) -> Self {
        Self { task: tokio::spawn(pipeline.run(stop.clone())), stop }
    }

    /// Waits until it ends, which it does by itself only through a defect. The log says how.
    pub(crate) async fn ended(&mut self) {
        if !self.task.is_finished() {
            drop((&mut self.task).await);
        }
    }

    /// Lets it finish or give back what it holds. What it still holds at the deadline is taken up again later.
    pub(crate) async fn finish(mut self, deadline: Instant) {
        self.stop.cancel();
        if self.task.is_finished() {
            return;
        }
        match timeout_at(deadline, &mut self.task).await {
            Ok(Ok(())) => tracing::info!("the pipeline finished every event that it held"),
            Ok(Err(error)) => tracing::error!(%error, "the pipeline failed while it finished"),
            Err(_) => {
                tracing::warn!(
                    "the pipeline did not finish in time; its events are processed again after the claim bound"
                );
                self.task.abort();
            }
        }
    }
}
