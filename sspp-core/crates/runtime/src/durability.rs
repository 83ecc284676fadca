//! Whether what the queue and the store acknowledged survives: asked at start and again and again, said loudly, shown as
//! metrics.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use sspp_engine::{Durability, EventQueue, Store};

const ASK_WITHIN: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_secs(30);
const AGAIN_WHEN_AWAY: Duration = Duration::from_secs(1);
const FLAG_IS_SET: &str = "and --require-durable-queue (SSPP_REQUIRE_DURABLE_QUEUE) is set";

/// What is asked.
#[derive(Debug, Clone)]
enum Asked {
    Queue(Arc<dyn EventQueue>),
    Store(Arc<dyn Store>),
}

impl Asked {
    const fn name(&self) -> &'static str {
        match self {
            Self::Queue(_) => "queue",
            Self::Store(_) => "store",
        }
    }

    const fn metric(&self) -> &'static str {
        match self {
            Self::Queue(_) => "sspp_queue_durability_at_risk",
            Self::Store(_) => "sspp_store_durability_at_risk",
        }
    }

    async fn ask(&self) -> Result<Durability, String> {
        let asking = async {
            match self {
                Self::Queue(queue) => queue.durability().await.map_err(|error| error.to_string()),
                Self::Store(store) => store.durability().await.map_err(|error| error.to_string()),
            }
        };
        let late = || Err(format!("the {} did not answer within {} s", self.name(), ASK_WITHIN.as_secs()));
        tokio::time::timeout(ASK_WITHIN, asking).await.unwrap_or_else(|_| late())
    }

    /// Asks every 30 seconds; sooner, until it answers.
    async fn watch(self, told: watch::Sender<Option<Durability>>) {
        loop {
            let pause = match self.ask().await {
                Ok(durability) => {
                    gauge!(self.metric()).set(if durability.at_risk().is_empty() { 0.0 } else { 1.0 });
                    if told.borrow().as_ref() != Some(&durability) {
                        self.say(&durability);
                    }
                    told.send_replace(Some(durability));
                    AGAIN
                }
                Err(_) => AGAIN_WHEN_AWAY,
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn say(&self, durability: &Durability) {
        let name = self.name();
        if durability.at_risk().is_empty() {
            tracing::info!("the {name} is durable");
        }
        for reason in durability.at_risk() {
            tracing::warn!(reason, "ACKNOWLEDGED EVENTS ARE AT RISK: the {name}'s server may lose them");
        }
    }

    fn judge(&self, durability: &Durability) -> Result<(), String> {
        if durability.at_risk().is_empty() {
            return Ok(());
        }
        let reasons = durability.at_risk().join("; ");
        Err(format!("the {} is not durable, {FLAG_IS_SET}: {reasons}", self.name()))
    }

    /// Waits until it says that it is durable, as long as there is patience.
    async fn require(&self, patience: Option<Duration>) -> Result<(), String> {
        let name = self.name();
        let mut last = None;
        let asking = async {
            loop {
                match self.ask().await {
                    Ok(durability) => return self.judge(&durability),
                    Err(error) => {
                        if last.is_none() {
                            tracing::warn!(
                                error,
                                "waiting for the {name}, which has to say whether it is durable"
                            );
                        }
                        last = Some(error);
                        tokio::time::sleep(AGAIN_WHEN_AWAY).await;
                    }
                }
            }
        };
        let Some(patience) = patience else { return asking.await };
        let answer = tokio::time::timeout(patience, asking).await.ok();
        answer.unwrap_or_else(|| {
            let seconds = patience.as_secs();
            let last = last.map(|error| format!(": {error}")).unwrap_or_default();
            Err(format!(
                "the {name} did not say within {seconds} seconds whether it is durable, {FLAG_IS_SET}{last}"
            ))
        })
    }
}

/// What is known of the durability of queue and store, and the tasks that keep it up to date; they end with this.
#[derive(Debug)]
pub struct DurabilityState {
    known: [watch::Receiver<Option<Durability>>; 2],
    _asking: [AbortOnDropHandle<()>; 2],
}

impl DurabilityState {
    /// What both answered last; `None` before both answered once, unless one of them is at risk already.
    pub fn get(&self) -> Option<Durability> {
        let [queue, store] = &self.known;
        Durability::of_both(queue.borrow().clone(), store.borrow().clone())
    }
}

/// Asks queue and store about their durability every 30 seconds, says loudly when acknowledged events are at risk, and keeps
/// the gauges `sspp_queue_durability_at_risk` and `sspp_store_durability_at_risk` (1 or 0; absent before the first answer).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use sspp_core::{MemoryEventQueue, SqliteStore, SystemClock};
/// use sspp_runtime::watch_durability;
/// let queue = Arc::new(MemoryEventQueue::new(Arc::new(SystemClock)));
/// let state = watch_durability(queue, Arc::new(SqliteStore::in_memory().await.unwrap()));
/// while state.get().is_none_or(|durability| durability.at_risk().len() < 2) {
///     tokio::task::yield_now().await;
/// }
/// # });
/// ```
pub fn watch_durability(queue: Arc<dyn EventQueue>, store: Arc<dyn Store>) -> DurabilityState {
    let asked = [Asked::Queue(queue), Asked::Store(store)];
    let channels = [watch::channel(None), watch::channel(None)];
    let known = channels.each_ref().map(|(_, known)| known.clone());
    let [(queue_told, _), (store_told, _)] = channels;
    let [queue, store] = asked;
    let tasks = [tokio::spawn(queue.watch(queue_told)), tokio::spawn(store.watch(store_told))];
    DurabilityState { known, _asking: tasks.map(AbortOnDropHandle::new) }
}

/// Waits until queue and store say that they are durable. `Err` says why the process must not start: a server may lose what
/// it acknowledged.
///
/// With `patience`, the queue has to answer within it, and the store is asked only once: who enqueues works without it.
/// With `None` both are waited for, however long it takes.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use sspp_core::{MemoryEventQueue, SqliteStore, SystemClock};
/// use sspp_runtime::require_durable;
/// let queue = Arc::new(MemoryEventQueue::new(Arc::new(SystemClock)));
/// let refusal = require_durable(queue, Arc::new(SqliteStore::in_memory().await.unwrap()), None).await.unwrap_err();
/// assert!(refusal.contains("SSPP_REQUIRE_DURABLE_QUEUE"));
/// # });
/// ```
pub async fn require_durable(
    queue: Arc<dyn EventQueue>,
    store: Arc<dyn Store>,
    patience: Option<Duration>,
) -> Result<(), String> {
    Asked::Queue(queue).require(patience).await?;
    let store = Asked::Store(store);
    match (store.ask().await, patience) {
        (Ok(durability), _) => store.judge(&durability),
        (Err(error), Some(_)) => {
            tracing::warn!(error, "whether the store is durable is not known yet");
            Ok(())
        }
        (Err(_), None) => store.require(None).await,
    }
}
