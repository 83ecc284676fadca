//! Whether acknowledged events survive a crash of the queue's or the store's server: asked repeatedly, logged, shown as metrics.

use std::sync::Arc;
use std::time::Duration;

use metrics::gauge;
use sspp_engine::{Durability, EventQueue, Store};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

const ASK_WITHIN: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_secs(30);
const AGAIN_WHEN_AWAY: Duration = Duration::from_secs(1);

/// What a server answered last, or why it did not; `None` before it was asked. An outage does not change what is known.
type Known = Option<Result<Durability, String>>;

/// Why a process that needs a durable queue and store does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotDurable {
    /// A server may lose what it acknowledged.
    #[error(
        "the {server} is not durable, and --require-durable-queue (SSPP_REQUIRE_DURABLE_QUEUE) is set: {}",
        reasons.join("; ")
    )]
    AtRisk {
        /// The queue or the store.
        server: &'static str,
        /// Why, and what to change.
        reasons: Vec<String>,
    },
    /// A server does not say whether it may.
    #[error(
        "the {server} did not say within {seconds} seconds whether it is durable, and --require-durable-queue \
         (SSPP_REQUIRE_DURABLE_QUEUE) is set: {answer}"
    )]
    Unknown {
        /// The queue or the store.
        server: &'static str,
        /// For how long it was asked.
        seconds: u64,
        /// What it said last.
        answer: String,
    },
}

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
        timeout(ASK_WITHIN, asking).await.unwrap_or_else(|_| late())
    }

    /// Asks every 30 seconds; sooner, until it answers.
    async fn watch(self, known: watch::Sender<Known>) {
        loop {
            let answer = self.ask().await;
            let pause = if answer.is_ok() { AGAIN } else { AGAIN_WHEN_AWAY };
            if let Ok(durability) = &answer {
                gauge!(self.metric()).set(if durability.at_risk().is_empty() { 0.0 } else { 1.0 });
            }
            known.send_if_modified(|known| {
                let is_news = match (&answer, &*known) {
                    (Err(_), Some(Ok(_))) => false,
                    (Ok(_), Some(before)) => *before != answer,
                    _ => true,
                };
                if is_news {
                    self.log(&answer);
                    *known = Some(answer);
                }
                is_news
            });
            sleep(pause).await;
        }
    }

    fn log(&self, answer: &Result<Durability, String>) {
        let name = self.name();
        let Ok(durability) = answer else { return };
        if durability.at_risk().is_empty() {
            tracing::info!("the {name} is durable");
        }
        for reason in durability.at_risk() {
            tracing::warn!(reason, "ACKNOWLEDGED EVENTS ARE AT RISK: the {name}'s server may lose them");
        }
    }
}

/// What is known of the durability of queue and store, and the tasks that keep it up to date; they end with this.
#[derive(Debug)]
pub(super) struct DurabilityState {
    queue: watch::Receiver<Known>,
    store: watch::Receiver<Known>,
    _asking: [AbortOnDropHandle<()>; 2],
}

impl DurabilityState {
    /// Asks both every 30 seconds, and keeps the gauges `sspp_queue_durability_at_risk` and `sspp_store_durability_at_risk` (1
    /// or 0; absent before the first answer).
    pub(super) fn watch(queue: &Arc<dyn EventQueue>, store: &Arc<dyn Store>) -> Self {
        let (queue_sender, queue_known) = watch::channel(None);
        let (store_sender, store_known) = watch::channel(None);
        let tasks = [
            tokio::spawn(Asked::Queue(Arc::clone(queue)).watch(queue_sender)),
            tokio::spawn(Asked::Store(Arc::clone(store)).watch(store_sender)),
        ];
        Self { queue: queue_known, store: store_known, _asking: tasks.map(AbortOnDropHandle::new) }
    }

    /// What both answered last; `None` before both answered once, unless one of them is at risk already.
    pub(super) fn get(&self) -> Option<Durability> {
        let answered = |known: &watch::Receiver<Known>| known.borrow().clone().and_then(Result::ok);
        Durability::of_both(answered(&self.queue), answered(&self.store))
    }

    /// Waits until both say that they are durable. With `patience`, the queue has to answer within it, and the store may be
    /// away: taking events works without it.
    pub(super) async fn require(&self, patience: Option<Duration>) -> Result<(), NotDurable> {
        let (mut queue, mut store) = (self.queue.clone(), self.store.clone());
        let waiting = queue.wait_for(|known| matches!(known, Some(Ok(_))));
        drop(timeout(patience.unwrap_or(Duration::MAX), waiting).await.map(drop));
        judge("queue", &queue.borrow(), patience)?;
        let enough = |known: &Known| matches!(known, Some(Ok(_))) || known.is_some() && patience.is_some();
        drop(store.wait_for(enough).await);
        let known = store.borrow();
        if let (Some(Err(error)), Some(_)) = (&*known, patience) {
            tracing::warn!(error, "whether the store is durable is not known yet");
            return Ok(());
        }
        judge("store", &known, patience)
    }
}

fn judge(server: &'static str, known: &Known, patience: Option<Duration>) -> Result<(), NotDurable> {
    let seconds = patience.unwrap_or_default().as_secs();
    match known {
        Some(Ok(durability)) if durability.at_risk().is_empty() => Ok(()),
        Some(Ok(durability)) => Err(NotDurable::AtRisk { server, reasons: durability.at_risk().to_vec() }),
        Some(Err(answer)) => Err(NotDurable::Unknown { server, seconds, answer: answer.clone() }),
        None => Err(NotDurable::Unknown { server, seconds, answer: "no answer yet".to_owned() }),
    }
}
