//! Whether acknowledged events survive a crash of the queue's or the store's server: asked repeatedly, logged, shown as metrics.

use std::fmt::Display;
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
        "it is not known after {seconds} seconds whether the {server} is durable, and --require-durable-queue (SSPP_REQUIRE_DURABLE_QUEUE) is set: {answer}"
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

/// Asks a server every 30 seconds, sooner until it answers, and keeps its gauge.
async fn watch_server<A: Future<Output = Result<Durability, E>>, E: Display>(
    server: &'static str,
    at_risk: &'static str,
    ask: impl Fn() -> A,
    known: watch::Sender<Known>,
) {
    loop {
        let answer = match timeout(ASK_WITHIN, ask()).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("the {server} did not answer within {} s", ASK_WITHIN.as_secs())),
        };
        let pause = if answer.is_ok() { AGAIN } else { AGAIN_WHEN_AWAY };
        if let Ok(durability) = &answer {
            gauge!(at_risk).set(if durability.at_risk().is_empty() { 0.0 } else { 1.0 });
        }
        known.send_if_modified(|known| {
            let is_news = match (&answer, &*known) {
                (Err(_), Some(Ok(_))) => false,
                (Ok(_), Some(before)) => *before != answer,
                _ => true,
            };
            if is_news {
                if let Ok(durability) = &answer {
                    log(server, durability);
                }
                *known = Some(answer);
            }
            is_news
        });
        sleep(pause).await;
    }
}

fn log(server: &str, durability: &Durability) {
    if durability.at_risk().is_empty() {
        tracing::info!("the {server} is durable");
    }
    for reason in durability.at_risk() {
        tracing::warn!(reason, "ACKNOWLEDGED EVENTS ARE AT RISK: the {server}'s server may lose them");
    }
}

/// What is known of the durability of queue and store, and the tasks that keep it up to date; they end with this.
#[derive(Debug)]
pub(super) struct DurabilityState {
    queue: Option<watch::Receiver<Known>>,
    store: watch::Receiver<Known>,
    _asking: Vec<AbortOnDropHandle<()>>,
}

impl DurabilityState {
    /// Asks each every 30 seconds, and keeps the gauges `sspp_queue_durability_at_risk` and `sspp_store_durability_at_risk` (1
    /// or 0; absent before the first answer).
    pub(super) fn watch(queue: Option<&Arc<dyn EventQueue>>, store: &Arc<dyn Store>) -> Self {
        let mut asking = Vec::new();
        let queue = queue.cloned().map(|queue| {
            let (sender, known) = watch::channel(None);
            let ask = move || {
                let queue = Arc::clone(&queue);
                async move { queue.durability().await }
            };
            asking.push(tokio::spawn(watch_server("queue", "sspp_queue_durability_at_risk", ask, sender)));
            known
        });
        let (sender, store_known) = watch::channel(None);
        let store = Arc::clone(store);
        let ask = move || {
            let store = Arc::clone(&store);
            async move { store.durability().await }
        };
        asking.push(tokio::spawn(watch_server("store", "sspp_store_durability_at_risk", ask, sender)));
        let asking = asking.into_iter().map(AbortOnDropHandle::new).collect();
        Self { queue, store: store_known, _asking: asking }
    }

    /// What was answered last; `None` before each answered once, unless one is at risk already.
    pub(super) fn get(&self) -> Option<Durability> {
        let answered = |known: &watch::Receiver<Known>| known.borrow().clone().and_then(Result::ok);
        let store = answered(&self.store);
        match &self.queue {
            Some(queue) => Durability::of_both(answered(queue), store),
            None => store,
        }
    }

    /// Waits until what acknowledges events, and what keeps signals, say that they are durable. With `patience`, the one that
    /// acknowledges has to answer within it, and a store behind a queue may be away: taking events works without it.
    pub(super) async fn require(&self, patience: Option<Duration>) -> Result<(), NotDurable> {
        let (server, mut first) = match &self.queue {
            Some(queue) => ("queue", queue.clone()),
            None => ("store", self.store.clone()),
        };
        let waiting = first.wait_for(|known| matches!(known, Some(Ok(_))));
        drop(timeout(patience.unwrap_or(Duration::MAX), waiting).await.map(drop));
        judge(server, &first.borrow(), patience)?;
        if self.queue.is_none() {
            return Ok(());
        }
        let mut store = self.store.clone();
        let enough = |known: &Known| matches!(known, Some(Ok(_))) || known.is_some() && patience.is_some();
        drop(store.wait_for(enough).await);
        let known = store.borrow();
        if let (Some(Err(error)), Some(_)) = (&*known, patience) {
            tracing::warn!(error, "it is not known yet whether the store is durable");
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

#[cfg(test)]
#[path = "durability_tests.rs"]
mod tests;
