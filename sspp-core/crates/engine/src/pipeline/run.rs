//! The pipeline as a whole: what it joins, and how it runs and ends.

use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::breaker::Breaker;
use super::{PipelineConfig, metrics};
use crate::{EventQueue, Models, Signals};
use sspp_events::{Clock, Random, Timestamp};
use sspp_scoring::ScoringModel;

/// Turns queued events into stored signals until it is stopped.
///
/// No enqueued event is lost and none counts twice, even if the process is killed: a delivery is settled only
/// after the store committed its signal or dead letter, and the store counts an event id once.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::*;
/// use tokio_util::sync::CancellationToken;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let clock: Arc<dyn Clock> = Arc::new(SystemClock);
/// let queue: Arc<dyn EventQueue> = Arc::new(MemoryEventQueue::new(clock.clone()));
/// let store = Arc::new(MemoryStore::new());
/// let pipeline = Pipeline::new(
///     queue.clone(),
///     store.clone(),
///     store,
///     ScoringModel::embedded_default(),
///     clock,
///     Arc::new(SystemRandom::new()),
///     PipelineConfig::default(),
/// );
/// let stop = CancellationToken::new();
/// let running = tokio::spawn(pipeline.run(stop.clone()));
/// // … enqueue events, read signals …
/// stop.cancel();
/// running.await.unwrap();
/// # });
/// ```
#[derive(Debug)]
pub struct Pipeline {
    tasks: Arc<Tasks>,
}

/// What every task of a pipeline works with.
#[derive(Debug)]
pub(super) struct Tasks {
    pub(super) queue: Arc<dyn EventQueue>,
    pub(super) signals: Arc<dyn Signals>,
    pub(super) models: Arc<dyn Models>,
    pub(super) model: Arc<ScoringModel>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) config: PipelineConfig,
    pub(super) breaker: Breaker,
    pub(super) stop: CancellationToken,
}

impl Tasks {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::from_datetime(self.clock.now())
    }
}

impl Pipeline {
    /// Joins a queue, the two ports of a store that recording needs, and a model; nothing happens before [`Pipeline::run`].
    pub fn new(
        queue: Arc<dyn EventQueue>,
        signals: Arc<dyn Signals>,
        models: Arc<dyn Models>,
        model: Arc<ScoringModel>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        config: PipelineConfig,
    ) -> Self {
        let tasks = Tasks {
            queue,
            signals,
            models,
            model,
            clock,
            random,
            config,
            breaker: Breaker::new(),
            stop: CancellationToken::new(),
        };
        Self { tasks: Arc::new(tasks) }
    }

    /// Whether the pipeline takes no events because the store is away: true while its breaker is open.
    ///
    /// ```
    /// # fn show(pipeline: &sspp_core::Pipeline) {
    /// let store_away = pipeline.store_away();
    /// println!("breaker open: {}", *store_away.borrow());
    /// # }
    /// ```
    pub fn store_away(&self) -> tokio::sync::watch::Receiver<bool> {
        self.tasks.breaker.watch()
    }

    /// Runs until `stop` is cancelled: then no more deliveries are taken, those in progress are finished (or given back,
    /// when the store is away), and the future ends.
    ///
    /// It also ends when the queue is closed, which only a defect does to a running pipeline.
    ///
    /// Keeps the model in the store before the first event is scored, so that every signal can be explained.
    ///
    /// # Panics
    /// When a task of the pipeline panicked, which is a defect: what it held is reclaimed by the next pipeline.
    pub async fn run(self, stop: CancellationToken) {
        let tasks = self.tasks;
        let _linked = link(stop, tasks.stop.clone());
        metrics::register();
        if tasks.keep_model().await.is_err() {
            return;
        }
        let mut running = JoinSet::new();
        for _ in 0..tasks.config.readers.max(1) {
            running.spawn(Arc::clone(&tasks).read());
        }
        running.spawn(Arc::clone(&tasks).recover());
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended
                && let Ok(panic) = error.try_into_panic()
            {
                tasks.stop.cancel();
                std::panic::resume_unwind(panic);
            }
        }
    }
}

/// Cancels `inner` when `outer` is cancelled, for as long as the guard lives.
fn link(outer: CancellationToken, inner: CancellationToken) -> tokio_util::task::AbortOnDropHandle<()> {
    tokio_util::task::AbortOnDropHandle::new(tokio::spawn(async move {
        outer.cancelled().await;
        inner.cancel();
    }))
}
