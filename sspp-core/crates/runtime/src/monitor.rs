//! Watches the store, and the queue where there is one: asks each every second, logs when one goes away or comes back, and measures the queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{gauge, histogram};
use sspp_engine::{EventQueue, QueueDepth, SignalStats, Store};
use sspp_events::Timestamp;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::durability::DurabilityState;
use super::metric_list::measure;
use super::{Adapters, Backpressure, Dependency, HealthReport, NotDurable, QueueNeed, StampClock};

const EVERY: Duration = Duration::from_secs(1);
/// With the pause between two rounds, readiness follows what happens within three seconds.
const ASK_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_secs(5);
const CLOCKS_EVERY: Duration = Duration::from_secs(15);

/// The last answers of the dependencies: of the queue first, where there is one.
type Seen = Vec<(&'static str, Dependency)>;

/// The names under which a binary exports what its monitor sees.
#[derive(Debug, Clone, Copy)]
pub struct MonitorMetrics {
    /// The gauge that is 1 while a dependency can be used, by `dependency`.
    up: &'static str,
    /// The histogram of how long a dependency takes to answer, by `dependency`.
    ping: &'static str,
    /// The gauge of what is in the queue, and of what became of it, by `queue_name` and `state`.
    size: &'static str,
    /// The gauge of how far this process's clock is ahead of a dependency's, by `dependency`.
    clock_offset: &'static str,
}

impl MonitorMetrics {
    /// Of `sspp-api`.
    pub const API: Self = Self {
        up: "sspp_api_dependency_up",
        ping: "sspp_api_dependency_ping_duration_seconds",
        size: "sspp_api_queue_size",
        clock_offset: "sspp_api_clock_offset_seconds",
    };
    /// Of `sspp-worker`.
    pub const WORKER: Self = Self {
        up: "sspp_worker_dependency_up",
        ping: "sspp_worker_dependency_ping_duration_seconds",
        size: "sspp_worker_queue_size",
        clock_offset: "sspp_worker_clock_offset_seconds",
    };
}

const DRAIN_RATE: &str = "sspp_api_queue_drain_rate";

/// What a process watches.
#[derive(Debug, Clone)]
pub struct Watched {
    /// What this process needs of a queue.
    pub queue_need: QueueNeed,
    /// A queue's name in metrics.
    pub queue_name: String,
    /// The names of its metrics.
    pub metrics: MonitorMetrics,
    /// This process's clock, which is compared with those of the dependencies.
    pub clock: Arc<StampClock>,
    /// Kept up to date where clients wait for room in the queue. The store's figures are looked at for that.
    pub backpressure: Option<Arc<Backpressure>>,
}

/// Keeps an eye on the store, the queue where there is one, and the process itself, until it is dropped: whether they can be used,
/// whether they are durable, how full the queue is, how their clocks differ, and what the process uses. All of it becomes metrics.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use sspp_core::{SqliteStore, SystemClock};
/// use sspp_runtime::*;
/// let adapters = Adapters::new(None, ("sqlite", Arc::new(SqliteStore::in_memory().await.unwrap())));
/// let watched = Watched {
///     queue_need: QueueNeed::Enqueue,
///     queue_name: "events".to_owned(),
///     metrics: MonitorMetrics::API,
///     clock: Arc::new(StampClock::new(Arc::new(SystemClock))),
///     backpressure: None,
/// };
/// let metrics = recorder().handle();
/// let monitor = Monitor::start(&adapters, watched, move || metrics.run_upkeep());
/// while !monitor.report().is_healthy() {
///     tokio::task::yield_now().await;
/// }
/// # });
/// ```
#[derive(Debug)]
pub struct Monitor {
    seen: watch::Receiver<Seen>,
    durability: DurabilityState,
    clock: Arc<StampClock>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

impl Monitor {
    /// Starts to watch. Every five seconds `sort_durations` is called, which moves recorded durations into their buckets.
    pub fn start(adapters: &Adapters, watched: Watched, sort_durations: impl Fn() + Send + 'static) -> Self {
        let (sender, seen) = watch::channel(Seen::new());
        let clock = Arc::clone(&watched.clock);
        let durability = DurabilityState::watch(adapters.queue.as_ref(), &adapters.store);
        if watched.backpressure.is_some() {
            gauge!(DRAIN_RATE).set(0.0);
        }
        let watch = Watch {
            queue: adapters.queue.clone().map(|queue| (adapters.queue_kind, queue)),
            store: (adapters.store_kind, Arc::clone(&adapters.store)),
            watched,
        };
        let tasks = [
            tokio::spawn(watch.run(sender)),
            tokio::spawn(measure(sort_durations, Arc::clone(&adapters.connections))),
        ];
        Self { seen, durability, clock, _tasks: tasks.map(AbortOnDropHandle::new) }
    }

    /// Waits until queue and store say that acknowledged events survive. The error says why the process must not start.
    ///
    /// With `patience`, what acknowledges events has to answer within it: the queue, or the store where there is none. A store
    /// behind a queue may be away: taking events works without it. Without `patience`, both are waited for, however long it takes.
    pub async fn require_durable(&self, patience: Option<Duration>) -> Result<(), NotDurable> {
        self.durability.require(patience).await
    }

    /// What was seen last, at most three seconds ago; no dependency before the first time.
    pub fn report(&self) -> HealthReport {
        let seen = self.seen.borrow().clone();
        HealthReport::new(seen, self.durability.get().as_ref(), &self.clock)
    }
}

#[derive(Debug)]
struct Watch {
    /// What each runs on, and how to ask it.
    queue: Option<(&'static str, Arc<dyn EventQueue>)>,
    store: (&'static str, Arc<dyn Store>),
    watched: Watched,
}

impl Watch {
    async fn run(self, seen: watch::Sender<Seen>) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut lined_up, mut compared, mut looked) = (None, None::<Instant>, None::<Instant>);
        let is_due = |last: Option<Instant>, every| last.is_none_or(|at| at.elapsed() >= every);
        loop {
            ticks.tick().await;
            let asking = async {
                let (name, queue) = self.queue.as_ref()?;
                Some((*name, Dependency::of_queue(&**queue, self.watched.queue_need, ASK_WITHIN).await))
            };
            let (queue, store) = tokio::join!(asking, Dependency::of_store(&*self.store.1, ASK_WITHIN));
            // A full queue still says how much it holds.
            let queue_answers = queue
                .as_ref()
                .is_some_and(|(_, queue)| !matches!(queue.reason(), Some("unavailable" | "slow" | "closed")));
            let store_answers = store.is_healthy();
            let now: Seen = queue.into_iter().chain([(self.store.0, store)]).collect();
            let before = seen.borrow().clone();
            for (at, (name, dependency)) in now.iter().enumerate() {
                self.report(name, before.get(at).map(|(_, before)| before), dependency);
            }
            let all_up = now.iter().all(|(_, dependency)| dependency.is_healthy());
            lined_up = if all_up { self.line_up(lined_up).await } else { None };
            seen.send_replace(now);
            // By what stamps events: without a store behind it, the queue's clock still judges what producers say.
            let stamps = if self.queue.is_some() { queue_answers } else { store_answers };
            if stamps && is_due(compared, CLOCKS_EVERY) {
                compared = Some(Instant::now());
                self.compare_clocks().await;
            }
            if (queue_answers || store_answers) && is_due(looked, LOOK_EVERY) {
                looked = Some(Instant::now());
                self.look(queue_answers, store_answers).await;
            }
        }
    }

    /// Logs changes, not every second.
    fn report(&self, name: &'static str, before: Option<&Dependency>, now: &Dependency) {
        histogram!(self.watched.metrics.ping, "dependency" => name).record(now.response_time());
        gauge!(self.watched.metrics.up, "dependency" => name).set(if now.is_healthy() { 1.0 } else { 0.0 });
        match (before.map(Dependency::reason), now.reason()) {
            (Some(Some(_)) | None, None) => tracing::info!(dependency = name, "a dependency is available"),
            (Some(before), Some(reason)) if before == Some(reason) => {}
            // This process closed it, and stops.
            (Some(None), None) | (_, Some("closed")) => {}
            (_, Some(reason)) => {
                tracing::warn!(dependency = name, reason, detail = now.detail, "waiting for a dependency");
            }
        }
    }

    async fn compare_clocks(&self) {
        let (clock, offset) = (&self.watched.clock, self.watched.metrics.clock_offset);
        let queue = async {
            if let Some((name, queue)) = &self.queue {
                clock.measure(name, offset, true, queue.now()).await;
            }
        };
        let (name, store) = &self.store;
        let store = clock.measure(name, offset, self.queue.is_none(), store.now());
        // One that does not answer in time is measured again later.
        drop(timeout(ASK_WITHIN, async { tokio::join!(queue, store) }).await);
    }

    /// The queue's stamps continue after all that was erased: when one of them came, or came back, perhaps without what it knew, and when
    /// a process without the queue ordered an erasure. Takes and gives up to where the line is drawn; none where it is not.
    async fn line_up(&self, drawn: Option<Timestamp>) -> Option<Timestamp> {
        let (_, queue) = self.queue.as_ref()?;
        let draw = async {
            let erased = self.store.1.erased_up_to().await?;
            if erased.is_some() && erased != drawn {
                queue.fence(erased).await?;
            }
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(erased)
        };
        let drawn = timeout(ASK_WITHIN, draw).await.unwrap_or_else(|_| Err("no answer in time".into()));
        drawn
            .inspect_err(|error| {
                tracing::warn!(%error, "the queue's clock could not be moved past the last erasure; trying again");
            })
            .unwrap_or_default()
    }

    /// Looks at how full the queue is and, where clients wait for room, at how much is done.
    async fn look(&self, queue_answers: bool, store_answers: bool) {
        let Some((_, queue)) = &self.queue else { return };
        let backpressure = self.watched.backpressure.as_ref();
        let depth = async {
            if !queue_answers {
                return None;
            }
            timeout(ASK_WITHIN, queue.depth()).await.ok()?.ok()
        };
        let figures = async {
            if !store_answers || backpressure.is_none() {
                return None;
            }
            timeout(ASK_WITHIN, self.store.1.stats()).await.ok()?.ok()
        };
        let (depth, figures) = tokio::join!(depth, figures);
        self.show_sizes(depth, figures.as_ref());
        // A queue that is away is not full.
        if let (Some(backpressure), Some(depth)) = (backpressure, depth) {
            let done = figures.map(|figures| figures.signals + figures.dead_letters);
            if let Some(rate) = backpressure.see(Instant::now(), depth.total(), done) {
                gauge!(DRAIN_RATE).set(rate);
            }
        }
    }

    fn show_sizes(&self, depth: Option<QueueDepth>, figures: Option<&SignalStats>) {
        let sizes = [
            ("waiting", depth.map(|depth| depth.waiting)),
            ("active", depth.map(|depth| depth.active)),
            ("delayed", depth.map(|depth| depth.delayed)),
            ("completed", figures.map(|figures| figures.signals)),
            ("failed", figures.map(|figures| figures.dead_letters)),
        ];
        for (state, size) in sizes {
            let labels = [("queue_name", self.watched.queue_name.clone()), ("state", state.to_owned())];
            #[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
            if let Some(size) = size {
                gauge!(self.watched.metrics.size, &labels).set(size as f64);
            }
        }
    }
}
