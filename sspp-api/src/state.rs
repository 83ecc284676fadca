//! The state of the service: the ports, the model, the clock, and how long a call of a port may take.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sspp_core::{
    Clock, DirectConfig, EventQueue, Intake, IntakeError, ModelDigest, QueueError, Random, ScoringModel,
    Store, StoreError, Timestamp,
};
use sspp_runtime::{AllowedHosts, Backpressure, StampClock};
use tokio_util::sync::CancellationToken;

use crate::http::guard::{ApiKeys, CorsOrigins, RateLimit, TrustedProxies};
use crate::http::{BodyMemory, Problem};
use crate::metrics::Metrics;

/// What the service is made of: the engine's ports and what comes in from outside.
///
/// ```no_run
/// # fn ports(store: std::sync::Arc<dyn sspp_core::Store>) {
/// use std::sync::Arc;
/// use sspp_core::{ScoringModel, SystemClock, SystemRandom};
/// let ports = sspp_api::Ports {
///     // Events are scored and recorded before they are acknowledged.
///     queue: None,
///     queue_kind: "none",
///     store,
///     store_kind: "sqlite",
///     model: ScoringModel::embedded_default(),
///     clock: Arc::new(SystemClock),
///     random: Arc::new(SystemRandom::new()),
/// };
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Ports {
    /// Where accepted events wait; without it intake is direct.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// What a queue runs on, as /health names it.
    pub queue_kind: &'static str,
    /// Where signals are kept.
    pub store: Arc<dyn Store>,
    /// What the store runs on, as /health names it.
    pub store_kind: &'static str,
    /// The active scoring model: says which event types exist.
    pub model: Arc<ScoringModel>,
    /// The host's clock.
    pub clock: Arc<dyn Clock>,
    /// Makes event ids and request ids.
    pub random: Arc<dyn Random>,
}

/// Bounds and names of the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Before every path of the API; begins with a slash and does not end in one, or is empty.
    pub prefix: String,
    /// A queue's name in metrics.
    pub queue_name: String,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long the queue or the store may take to answer before the client gets a 503.
    pub dependency_timeout: Duration,
    /// How many commits of direct intake run side by side.
    pub commits: usize,
    /// The keys that are accepted; with none, no key is needed.
    pub keys: Arc<ApiKeys>,
    /// The host names that requests may name while there are no keys.
    pub allowed_hosts: AllowedHosts,
    /// How many requests each key or address may send; no limit unless set.
    pub rate_limit: Option<RateLimit>,
    /// The proxies whose headers about a client's address are believed.
    pub trusted_proxies: TrustedProxies,
    /// The origins whose pages may use the API.
    pub cors: CorsOrigins,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: "/api/v1".to_owned(),
            queue_name: "events".to_owned(),
            body_timeout: Duration::from_secs(30),
            dependency_timeout: Duration::from_secs(3),
            commits: 1,
            keys: Arc::default(),
            allowed_hosts: AllowedHosts::default(),
            rate_limit: None,
            trusted_proxies: TrustedProxies::default(),
            cors: CorsOrigins::default(),
        }
    }
}

/// The state of a running service; clones share it.
#[derive(Debug, Clone)]
pub struct App(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) ports: Ports,
    /// The ports' clock, corrected by the one that stamps events where the process watches that.
    pub(crate) clock: Arc<StampClock>,
    pub(crate) settings: Settings,
    /// The one way in for events.
    pub(crate) intake: Intake,
    pub(crate) metrics: Metrics,
    pub(crate) backpressure: Arc<Backpressure>,
    pub(crate) bodies: BodyMemory,
    pub(crate) stopping: CancellationToken,
    /// Notified when there is something to erase.
    pub(crate) erasures: Arc<tokio::sync::Notify>,
    pub(crate) started: Instant,
    /// Models of older signals, by digest.
    models: Mutex<HashMap<ModelDigest, Arc<ScoringModel>>>,
}

/// Cached models. A service rarely meets more; the cache starts afresh rather than grow.
const MODELS_CACHED: usize = 32;

impl App {
    /// Builds the state of a service.
    pub fn new(ports: Ports, settings: Settings, metrics: Metrics) -> Self {
        metrics.know_event_types(&ports.model);
        let (clock, random) = (Arc::clone(&ports.clock), Arc::clone(&ports.random));
        let intake = if let Some(queue) = &ports.queue {
            Intake::queued(Arc::clone(queue), clock, random)
        } else {
            let (commits, patience) = (settings.commits, settings.dependency_timeout);
            let config = DirectConfig { commits, patience, ..DirectConfig::default() };
            let (store, model) = (&ports.store, Arc::clone(&ports.model));
            Intake::direct(store.clone(), store.clone(), model, clock, random, config)
        };
        Self(Arc::new(Inner {
            clock: Arc::new(StampClock::new(Arc::clone(&ports.clock))),
            intake,
            ports,
            settings,
            metrics,
            backpressure: Arc::default(),
            bodies: BodyMemory::default(),
            stopping: CancellationToken::new(),
            erasures: Arc::default(),
            started: Instant::now(),
            models: Mutex::default(),
        }))
    }

    /// The service's metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Cancelled when the process is about to stop: from then on it is not ready.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stopping
    }
}

impl Inner {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_datetime(self.clock.now())
    }

    /// Whether events are recorded before they are acknowledged.
    pub(crate) fn is_direct(&self) -> bool {
        self.ports.queue.is_none()
    }

    /// Asks the queue, but not for longer than a client should wait.
    pub(crate) async fn ask_queue<T>(
        &self,
        answer: impl Future<Output = Result<T, QueueError>> + Send,
    ) -> Result<T, QueueError> {
        self.bounded(answer, |after_ms| QueueError::Timeout { after_ms }).await
    }

    /// Asks the store, but not for longer than a client should wait.
    pub(crate) async fn ask_store<T>(
        &self,
        answer: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.bounded(answer, |after_ms| StoreError::Timeout { after_ms }).await
    }

    /// Asks what intake runs on, but not for longer than a client should wait.
    pub(crate) async fn ask_intake<T>(
        &self,
        answer: impl Future<Output = Result<T, IntakeError>> + Send,
    ) -> Result<T, IntakeError> {
        let late = |after_ms| match &self.ports.queue {
            Some(_) => QueueError::Timeout { after_ms }.into(),
            None => StoreError::Timeout { after_ms }.into(),
        };
        self.bounded(answer, late).await
    }

    /// Waits for intake to take events. Direct intake keeps to its deadline itself, so that its answer says what was recorded in time.
    pub(crate) async fn take<T>(
        &self,
        taking: impl Future<Output = Result<T, IntakeError>> + Send,
    ) -> Result<T, IntakeError> {
        if self.is_direct() { taking.await } else { self.ask_intake(taking).await }
    }

    async fn bounded<T, E>(
        &self,
        answer: impl Future<Output = Result<T, E>> + Send,
        late: impl FnOnce(u64) -> E + Send,
    ) -> Result<T, E> {
        let limit = self.settings.dependency_timeout;
        let answer = tokio::time::timeout(limit, answer).await;
        answer.unwrap_or_else(|_| Err(late(u64::try_from(limit.as_millis()).unwrap_or(u64::MAX))))
    }

    /// The model that scored a signal: the active one, a cached one, or the store's.
    pub(crate) async fn model(&self, digest: ModelDigest) -> Result<Arc<ScoringModel>, Problem> {
        if digest == self.ports.model.digest() {
            return Ok(Arc::clone(&self.ports.model));
        }
        if let Some(model) = self.models.lock().unwrap_or_else(PoisonError::into_inner).get(&digest) {
            return Ok(Arc::clone(model));
        }
        let record = self.ask_store(self.ports.store.model(digest)).await?.ok_or_else(|| {
            Problem::not_found(format!(
                "The scoring model {digest} is not in the store, so nothing can be explained by it"
            ))
        })?;
        let model = Arc::new(ScoringModel::from_json(&record.document).map_err(|faults| {
            let detail = format!(
                "The scoring model {digest} was made for another release and cannot be read by this one"
            );
            Problem::not_found(detail).with_cause(faults.to_string())
        })?);
        let mut models = self.models.lock().unwrap_or_else(PoisonError::into_inner);
        if models.len() >= MODELS_CACHED {
            models.clear();
        }
        models.insert(digest, Arc::clone(&model));
        Ok(model)
    }
}
