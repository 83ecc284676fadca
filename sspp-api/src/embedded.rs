//! Embedded mode: queue, store and pipeline in this process, over one SQLite file.

use std::path::PathBuf;
use std::sync::Arc;

use sspp_core::{Clock, Pipeline, Random, ScoringModel, SqliteConfig, SqliteDatabase, retain};
use sspp_runtime::{DurabilityState, watch_durability};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::app::RunError;
use crate::config::Config;
use crate::state::Ports;

/// What runs in embedded mode.
#[derive(Debug)]
pub(crate) struct Embedded {
    database: SqliteDatabase,
    pipeline: JoinHandle<()>,
    retaining: AbortOnDropHandle<()>,
    durability: DurabilityState,
    stop: CancellationToken,
    ended: bool,
}

impl Embedded {
    /// Opens the file, keeps the model in it and starts the pipeline.
    pub(crate) async fn start(
        config: &Config,
        model: Arc<ScoringModel>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<(Self, Ports), RunError> {
        let data = SqliteConfig {
            max_backlog: config.backends.queue.max_backlog,
            claim_bound: config.claims.claim_bound.get(),
            ..SqliteConfig::new(config.data.path())
        };
        let database = open(data, Arc::clone(&clock)).await?;
        let (queue, store) = (database.queue(), database.store());
        store.put_model(&model.to_record()).await.map_err(RunError::KeepModel)?;
        let pipeline = Pipeline::new(
            Arc::clone(&queue),
            store.clone(),
            store.clone(),
            Arc::clone(&model),
            Arc::clone(&clock),
            Arc::clone(&random),
            config.pipeline.config(),
        );
        let stop = CancellationToken::new();
        let pipeline = tokio::spawn(pipeline.run(stop.clone()));
        let retaining = retain(Arc::clone(&store), config.retention.retention());
        let retaining = AbortOnDropHandle::new(tokio::spawn(retaining));
        let durability = watch_durability(Arc::clone(&queue), Arc::clone(&store));
        let ports =
            Ports { queue, queue_service: "sqlite", store, store_service: "sqlite", model, clock, random };
        Ok((Self { database, pipeline, retaining, durability, stop, ended: false }, ports))
    }

    /// Tells how many connections for reading are open and idle.
    pub(crate) fn connections(&self) -> impl Fn() -> (u32, u32) + Send + Sync + use<> {
        self.database.connections()
    }

    /// Waits until the pipeline ends, which it does by itself only through a defect.
    pub(crate) async fn pipeline_ended(&mut self) {
        // How it ended is in the log.
        drop((&mut self.pipeline).await);
        self.ended = true;
    }

    /// Stops the pipeline, but does not wait for ever: what it still holds comes back at the next start.
    pub(crate) async fn close(mut self, deadline: Instant) {
        self.stop.cancel();
        self.retaining.abort();
        drop(self.durability);
        if !self.ended && tokio::time::timeout_at(deadline, &mut self.pipeline).await.is_err() {
            tracing::warn!(
                "the pipeline did not finish in time; its events are taken up again at the next start"
            );
            self.pipeline.abort();
        }
        self.database.close().await;
    }
}

/// Opens the data file.
pub(crate) async fn open(data: SqliteConfig, clock: Arc<dyn Clock>) -> Result<SqliteDatabase, RunError> {
    let path = data.path.clone();
    SqliteDatabase::open(data, clock).await.map_err(|source| RunError::Data { path, source })
}

/// Where the file is, as a person would look for it.
pub(crate) fn shown(data: &std::path::Path) -> PathBuf {
    std::fs::canonicalize(data).unwrap_or_else(|_| data.to_owned())
}
