//! Whether what the queue acknowledged survives: asked at start and again and again, said loudly, shown as a metric.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use crate::{Durability, EventQueue, QueueError};

const AT_RISK: &str = "sspp_queue_durability_at_risk";
const ASK_WITHIN: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_secs(30);
const AGAIN_WHEN_AWAY: Duration = Duration::from_secs(1);

/// What is known of the queue's durability, and the task that keeps it up to date; ends with this.
#[derive(Debug)]
pub struct DurabilityState {
    known: watch::Receiver<Option<Durability>>,
    _asking: AbortOnDropHandle<()>,
}

impl DurabilityState {
    /// What the queue answered last; `None` before it answered once.
    pub fn get(&self) -> Option<Durability> {
        self.known.borrow().clone()
    }
}

/// Asks the queue about its durability every 30 seconds, says loudly when acknowledged events are at risk, and keeps the
/// gauge `sspp_queue_durability_at_risk` (1 or 0; absent before the first answer).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use sspp_core::{Durability, MemoryEventQueue, SystemClock, service::watch_durability};
/// let state = watch_durability(Arc::new(MemoryEventQueue::new(Arc::new(SystemClock))));
/// while state.get().is_none() {
///     tokio::task::yield_now().await;
/// }
/// # });
/// ```
pub fn watch_durability(queue: Arc<dyn EventQueue>) -> DurabilityState {
    let (told, known) = watch::channel(None);
    let asking = tokio::spawn(async move {
        loop {
            let pause = match ask(&*queue).await {
                Ok(durability) => {
                    let at_risk = !durability.at_risk().is_empty();
                    gauge!(AT_RISK).set(if at_risk { 1.0 } else { 0.0 });
                    if told.borrow().as_ref() != Some(&durability) {
                        say(&durability);
                    }
                    told.send_replace(Some(durability));
                    AGAIN
                }
                Err(QueueError::Closed) => return,
                Err(_) => AGAIN_WHEN_AWAY,
            };
            tokio::time::sleep(pause).await;
        }
    });
    DurabilityState { known, _asking: AbortOnDropHandle::new(asking) }
}

/// Waits until the queue says that it is durable. `Err` says why the process must not start: the queue's server may lose what
/// it acknowledged, or it did not answer within `patience` (`None`: however long it takes).
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use sspp_core::{MemoryEventQueue, SystemClock, service::require_durable};
/// let queue = MemoryEventQueue::new(Arc::new(SystemClock));
/// let refusal = require_durable(&queue, None).await.unwrap_err();
/// assert!(refusal.contains("SSPP_REQUIRE_DURABLE_QUEUE"));
/// # });
/// ```
pub async fn require_durable(queue: &dyn EventQueue, patience: Option<Duration>) -> Result<(), String> {
    let asking = async {
        let mut said = false;
        loop {
            match ask(queue).await {
                Ok(durability) if durability.at_risk().is_empty() => return Ok(()),
                Ok(durability) => {
                    let reasons = durability.at_risk().join("; ");
                    return Err(format!(
                        "the queue is not durable, and --require-durable-queue (SSPP_REQUIRE_DURABLE_QUEUE) is set: {reasons}"
                    ));
                }
                Err(error) => {
                    if !std::mem::replace(&mut said, true) {
                        tracing::warn!(%error, "waiting for the queue, which has to say whether it is durable");
                    }
                    tokio::time::sleep(AGAIN_WHEN_AWAY).await;
                }
            }
        }
    };
    let Some(patience) = patience else { return asking.await };
    tokio::time::timeout(patience, asking).await.unwrap_or_else(|_| {
        Err(format!(
            "the queue did not answer within {} seconds whether it is durable, and --require-durable-queue \
             (SSPP_REQUIRE_DURABLE_QUEUE) is set",
            patience.as_secs()
        ))
    })
}

async fn ask(queue: &dyn EventQueue) -> Result<Durability, QueueError> {
    let late = QueueError::Timeout { after_ms: u64::try_from(ASK_WITHIN.as_millis()).unwrap_or(u64::MAX) };
    tokio::time::timeout(ASK_WITHIN, queue.durability()).await.unwrap_or(Err(late))
}

fn say(durability: &Durability) {
    if durability.at_risk().is_empty() {
        tracing::info!("the queue is durable");
    }
    for reason in durability.at_risk() {
        tracing::warn!(reason, "ACKNOWLEDGED EVENTS ARE AT RISK: the queue's server may lose them");
    }
}
