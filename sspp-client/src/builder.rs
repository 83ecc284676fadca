//! From settings to a client: code first, then the environment, then defaults; every fault named at once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use sspp_core::{Clock, Random, SystemClock, SystemRandom};

use crate::backoff::Backoff;
use crate::client::Client;
use crate::notices::Hooks;
use crate::outcome::{DroppedEvent, RejectedEvent};
use crate::settings::{Overflow, Settings};
use crate::transport::{HttpTransport, Transport};
use crate::url::Root;

/// The server of a developer's machine.
const DEFAULT_URL: &str = "http://127.0.0.1:3000";

/// Why a client could not be built: every setting that is wrong.
///
/// ```
/// use sspp_client::Client;
/// let error = Client::builder("ftp://sspp").batch_events(0).build().unwrap_err();
/// assert_eq!(error.faults().len(), 2);
/// assert!(error.to_string().contains("batch_events is 0: give 1 to 1000"), "{error}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError(Vec<String>);

impl BuildError {
    /// Each fault names its setting and says what to give.
    pub fn faults(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the client cannot be built: {}", self.0.join("; "))
    }
}

impl std::error::Error for BuildError {}

/// An API key: never shown.
#[derive(Clone)]
struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// The settings of a [`Client`] to be.
///
/// What is not set comes from the environment (`SSPP_URL`, `SSPP_API_KEY`), else it is the default.
///
/// ```
/// use std::time::Duration;
/// use sspp_client::{Client, Overflow};
///
/// let client = Client::builder("https://sspp.example.com")
///     .api_key("sspp_0123456789")
///     .queue_events(50_000)
///     .overflow(Overflow::Oldest)
///     .flush_interval(Duration::from_millis(200))
///     .on_dropped(|event| eprintln!("lost {}: {}", event.event_id, event.reason))
///     .build()?;
/// assert!(!format!("{client:?}").contains("0123456789"));
/// # Ok::<(), sspp_client::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing before build()"]
pub struct ClientBuilder {
    url: Option<String>,
    api_key: Option<Secret>,
    settings: Settings,
    transport: Option<Arc<dyn Transport>>,
    hooks: Hooks,
    clock: Arc<dyn Clock>,
    random: Option<Arc<dyn Random>>,
    #[cfg(feature = "spool")]
    spool: Option<crate::spool::SpoolConfig>,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, $name: $type) -> Self {
            self.settings.$name = $name;
            self
        })*
    };
}

impl ClientBuilder {
    pub(crate) fn new(url: Option<String>) -> Self {
        Self {
            url,
            api_key: None,
            settings: Settings::default(),
            transport: None,
            hooks: Hooks::default(),
            clock: Arc::new(SystemClock),
            random: None,
            #[cfg(feature = "spool")]
            spool: None,
        }
    }

    /// The key that the server knows this program by, with the scope `ingest` to emit and `read` to read. It is sent as a
    /// bearer token and shown nowhere.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = Some(Secret(key.into()));
        self
    }

    settings! {
        /// How many events may wait or be on their way: 1 to 10,000,000; 10,000 by default.
        queue_events: usize;
        /// How many bytes of JSON those may have: 1 KiB to 1 TiB; 16 MiB by default.
        queue_bytes: usize;
        /// What `emit` does when the queue is full; drops the newest by default.
        overflow: Overflow;
        /// The most events in a request: 1 to 1,000; 100 by default.
        batch_events: usize;
        /// The most bytes of events in a request, before compression: 1 KiB to 4 MiB less 4 KiB; 475,000 by default. One event
        /// may have more.
        batch_bytes: usize;
        /// How long an event waits for others to share its request: 1 ms to 24 h; 1 s by default.
        flush_interval: Duration;
        /// How many requests with events may be on their way at a time: 1 to 64; 4 by default.
        in_flight: usize;
        /// How long a connection may take to come about: 1 ms to 24 h; 5 s by default.
        connect_timeout: Duration;
        /// How long an answer may take, the connection included: 1 ms to 24 h; 10 s by default.
        request_timeout: Duration;
        /// When what failed is sent again, and for how long.
        backoff: Backoff;
        /// The tokens that failures take (5 for a retry, 10 after a timeout) and successes give back; 500 by default. Without
        /// tokens, retries go at the slowest pace.
        retry_tokens: u32;
        /// Whether requests above 1 KiB are compressed; true by default.
        gzip: bool;
        /// For how long a client that was dropped without `close` goes on sending, in the background; 5 s by default.
        drop_grace: Duration;
    }

    /// Lets emitted events wait on disk instead of in memory: `emit` returns when the event is written, and it is deleted when
    /// the server accepted or rejected it, so neither a crash nor days without a server lose it. Events of an earlier run
    /// go first. The queue's limits and [`Overflow`](crate::Overflow) do not count then, nor do attempts and budget of the
    /// [`Backoff`]: what the server does not take is kept, also where it does not know the key. One batch is on its way at a
    /// time, so the order stays.
    ///
    /// The folder belongs to this client alone; [`build`](Self::build) refuses one that is in use. What a crash loses, and the
    /// limit of the folder, is told in [`spool`](crate::spool).
    ///
    /// ```
    /// use sspp_client::spool::SpoolConfig;
    /// use sspp_client::{Client, SalesEvent};
    /// # let folder = tempfile::tempdir()?;
    /// let client = Client::builder("http://127.0.0.1:9").spool(SpoolConfig::new(folder.path())).build()?;
    /// client.emit(SalesEvent::call_made("acc_1", "user_1"))?;
    /// assert_eq!(client.stats().depth, 1); // on disk
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "spool")]
    pub fn spool(mut self, config: crate::spool::SpoolConfig) -> Self {
        self.spool = Some(config);
        self
    }

    /// Carries requests some other way than over HTTP or TLS from this process.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Calls a function for each emitted event that the server rejects. It runs on a thread of its own and may call
    /// anything of the client. While it runs, the next wait; of more than 10,000 the rest is left out and counted.
    pub fn on_rejected(mut self, hook: impl Fn(&RejectedEvent) + Send + Sync + 'static) -> Self {
        self.hooks.rejected = Some(Arc::new(hook));
        self
    }

    /// Calls a function for each event that is given up, as [`on_rejected`](Self::on_rejected) does.
    pub fn on_dropped(mut self, hook: impl Fn(&DroppedEvent) + Send + Sync + 'static) -> Self {
        self.hooks.dropped = Some(Arc::new(hook));
        self
    }

    /// Tells the time of events that have none; for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Draws ids and pauses; for tests.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = Some(random);
        self
    }

    /// Builds the client and starts its thread. Nothing is sent yet; a server that is away is no error here.
    ///
    /// # Errors
    /// Names every setting that is wrong.
    pub fn build(self) -> Result<Client, BuildError> {
        self.build_in(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// Builds with an environment that is given.
    pub(crate) fn build_in(self, variable: impl Fn(&str) -> Option<String>) -> Result<Client, BuildError> {
        let mut faults = self.settings.faults();
        let (origin, url) = match self.url {
            Some(url) => ("the URL", url),
            None => variable("SSPP_URL").map_or(("the URL", DEFAULT_URL.to_owned()), |url| ("SSPP_URL", url)),
        };
        let root = Root::parse(&url).map_err(|fault| faults.push(format!("{origin} {fault}"))).ok();
        let (origin, key) = match self.api_key {
            Some(key) => ("api_key", Some(key.0)),
            None => ("SSPP_API_KEY", variable("SSPP_API_KEY")),
        };
        let authorization = key.as_deref().map(bearer).transpose();
        let authorization =
            authorization.map_err(|fault| faults.push(format!("{origin} {fault}"))).ok().flatten();
        let (Some(root), true) = (root, faults.is_empty()) else { return Err(BuildError(faults)) };
        if authorization.is_some() && root.is_exposed() && self.transport.is_none() {
            tracing::warn!(url = %root, "the API key travels unencrypted: use https");
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(
                HttpTransport::new(root.is_tls(), self.settings.connect_timeout)
                    .map_err(|fault| BuildError(vec![fault]))?,
            ),
        };
        let random = self.random.unwrap_or_else(|| Arc::new(SystemRandom::new()));
        let api =
            crate::api::Api::new(transport, root, authorization, &self.settings, Arc::clone(&self.clock));
        #[cfg(feature = "spool")]
        let disk = match self.spool.map(crate::disk::Disk::open).transpose() {
            Ok(disk) => disk,
            Err(error) => return Err(BuildError(vec![error.to_string()])),
        };
        #[cfg(not(feature = "spool"))]
        let disk = None;
        Client::start(self.settings, api, self.hooks, (self.clock, random), disk)
            .map_err(|error| BuildError(vec![format!("no thread for the client could be started: {error}")]))
    }
}

/// The key is in no message.
fn bearer(key: &str) -> Result<HeaderValue, &'static str> {
    let key = key.trim();
    if key.is_empty() {
        return Err("is empty: give a key, or leave it out");
    }
    let header = HeaderValue::from_str(&format!("Bearer {key}"));
    let mut header =
        header.map_err(|_| "holds characters that no key has: give it as the server printed it")?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_comes_before_the_environment_and_the_environment_before_defaults() {
        let environment = |name: &str| (name == "SSPP_URL").then(|| "http://from.env:1".to_owned());
        let url = |builder: ClientBuilder| builder.build_in(environment).unwrap().url().to_owned();
        assert_eq!(url(ClientBuilder::new(None)), "http://from.env:1/api/v1");
        assert_eq!(url(ClientBuilder::new(Some("http://from.code:1".into()))), "http://from.code:1/api/v1");
        let bare = ClientBuilder::new(None).build_in(|_| None).unwrap();
        assert_eq!(bare.url(), "http://127.0.0.1:3000/api/v1");
    }

    #[test]
    fn every_fault_is_named_at_once_and_no_key_is_shown() {
        let environment =
            |name: &str| Some(if name == "SSPP_URL" { "nonsense" } else { "se\ncret" }.to_owned());
        let builder = ClientBuilder::new(None).queue_events(0).in_flight(65).request_timeout(Duration::ZERO);
        let error = builder.build_in(environment).unwrap_err().to_string();
        for part in ["queue_events", "in_flight", "request_timeout", "SSPP_URL", "SSPP_API_KEY"] {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(!error.contains("cret"), "{error}");
        let builder = ClientBuilder::new(None).api_key("hush-hush");
        assert!(!format!("{builder:?}").contains("hush"));
        let client = builder.build_in(|_| None).unwrap();
        assert!(!format!("{client:?}").contains("hush"));
    }
}
