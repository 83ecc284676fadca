//! Stopping: the pipeline finishes or gives back what it holds, within one deadline for everything.

use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Waits for the pipeline until the deadline. What it still holds then is taken over by another worker, or by the next one.
pub(crate) async fn finish(mut pipeline: JoinHandle<()>, deadline: Instant) {
    match tokio::time::timeout_at(deadline, &mut pipeline).await {
        Ok(Ok(())) => tracing::info!("the pipeline finished; nothing is left in hand"),
        Ok(Err(error)) => tracing::error!(%error, "the pipeline failed while it finished"),
        Err(_) => {
            tracing::warn!(
                "the pipeline did not finish in time; its events are taken over after the claim bound"
            );
            pipeline.abort();
        }
    }
}
