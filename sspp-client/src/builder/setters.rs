//! The builder: one method for each setting.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use sspp_events::{Clock, Random};

use super::options::Options;
use crate::client::{Client, MemoryEmitter};
use crate::event::SalesEvent;
use crate::outbox::{BeforeSend, DroppedEvent, RejectedEvent};
use crate::settings::{Backoff, Overflow};
use crate::transport::{ProxyChoice, Secret, Transport};

/// The settings of a [`Client`] to be, or of a `blocking::Client` or a [`MemoryEmitter`], which take the same.
///
/// What is not set comes from the environment (`SSPP_URL`, `SSPP_API_KEY`, `SSPP_DISABLED`, and `HTTPS_PROXY` and the like; an
/// empty variable counts as none), else it is the default.
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
pub struct ClientBuilder<C = Client> {
    pub(crate) options: Options,
    built: PhantomData<fn() -> C>,
}

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, $name: $type) -> Self {
            self.options.settings.$name = $name;
            self
        })*
    };
}

impl<C> ClientBuilder<C> {
    pub(crate) fn new(url: Option<String>) -> Self {
        Self { options: Options::new(url), built: PhantomData }
    }

    /// The key that the server knows this program by, with the scope `ingest` to emit and `read` to read. It is sent as a
    /// bearer token and shown nowhere. A blank key [disables](Self::disabled) the client, so that a machine without one needs no
    /// other code.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.options.api_key = Some(Secret(key.into()));
        self
    }

    /// The off switch; else `SSPP_DISABLED` is (`true` or `false`), else a blank API key (but an empty `SSPP_API_KEY`
    /// counts as none). A disabled client says so once, in the log, and by [`is_disabled`](Client::is_disabled). It checks events as ever, so that a test still finds what is wrong with them; then it drops them, and counts them as
    /// [`Disabled`](crate::DropReason::Disabled). It sends nothing, writes to no spool, and answers reads with
    /// [`Error::Disabled`](crate::Error::Disabled).
    ///
    /// ```
    /// use sspp_client::{Client, DropReason, SalesEvent};
    /// let client = Client::builder("https://sspp.example.com").disabled(true).build()?;
    /// client.emit(SalesEvent::call_made("acc_1", "user_1")).unwrap();
    /// assert!(client.emit(SalesEvent::call_made("", "user_1")).is_err());
    /// assert_eq!(client.stats().dropped_by(DropReason::Disabled), 1);
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.options.disabled = Some(disabled);
        self
    }

    /// The [`source`](SalesEvent::source) of events that name none, added after [`before_send`](Self::before_send). An own id counts
    /// within its source: a program that begins to set one begins with new ids for the same events.
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.options.source = Some(source.into());
        self
    }

    /// Looks at each event when it is emitted or sent, before it is checked: gives it back, perhaps edited, or `None` to drop it.
    /// It runs on the thread that emits, so it should be quick, and must not hold a clone of the client, which would never be dropped. A dropped event is counted as
    /// [`BeforeSend`](crate::DropReason::BeforeSend) and is no error: `emit` gives the id that it would have had, `send`
    /// [`Verdict::Dropped`](crate::Verdict::Dropped). If the function panics, its event is dropped in the same manner, and the
    /// program continues.
    ///
    /// ```
    /// use sspp_client::{Client, SalesEvent};
    /// let client = Client::builder("https://sspp.example.com")
    ///     .before_send(|event| (event.get_account() != "test").then(|| event.without("email").with("region", "eu")))
    ///     .build()?;
    /// client.emit(SalesEvent::call_made("test", "user_1")).unwrap();
    /// assert_eq!((client.stats().dropped(), client.stats().depth), (1, 0));
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    pub fn before_send(
        mut self,
        look: impl Fn(SalesEvent) -> Option<SalesEvent> + Send + Sync + 'static,
    ) -> Self {
        self.options.before_send = Some(BeforeSend::new(look));
        self
    }

    /// The HTTP proxy on the way to the server, for instance `http://name:password@proxy.example.com:3128`; name and password are
    /// shown nowhere. Else it is that of the environment (`HTTPS_PROXY` or `HTTP_PROXY`, else `ALL_PROXY`, unless `NO_PROXY` or a
    /// loopback address says otherwise).
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.options.proxy = ProxyChoice::Url(Secret(url.into()));
        self
    }

    /// Uses no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.options.proxy = ProxyChoice::Direct;
        self
    }

    /// Trusts these certificates too, in PEM, beside the system's: those of a company's own authority. Called again, it adds
    /// more.
    ///
    /// ```no_run
    /// # fn build() -> Result<(), Box<dyn std::error::Error>> {
    /// let roots = std::fs::read("/etc/sspp/authority.pem")?;
    /// let client = sspp_client::Client::builder("https://sspp.internal").root_certificates(roots).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.options.root_certificates.push(Secret(pem.into()));
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
        /// For how long a client that was dropped without `close` continues sending, in the background; 5 s by default.
        drop_grace: Duration;
    }

    /// Lets emitted events wait on disk instead of in memory: `emit` returns when the event is written, and it is deleted when
    /// the server accepted or rejected it, so neither a crash nor days without a server lose it. Events of an earlier run
    /// go first. The queue's limits and [`Overflow`](crate::Overflow) do not count then, nor do attempts and budget of the
    /// [`Backoff`]: what the server does not take is kept, also where it does not know the key. One batch is on its way at a
    /// time, so the order stays.
    ///
    /// The folder belongs to this client alone; [`build`](Self::build) refuses one that is in use. What a crash loses, and the
    /// limit of the folder, is described in [`spool`](crate::spool).
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
        self.options.spool = Some(config);
        self
    }

    /// Carries requests some other way than over HTTP or TLS from this process.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.options.transport = Some(transport);
        self
    }

    /// Calls a function for each emitted event that the server rejects. It runs on a thread of its own and may call
    /// anything of the client. While it runs, the next wait; of more than 10,000 the rest is left out and counted. Events of
    /// [`send`](Client::send) cause no call: its caller has their outcomes.
    ///
    /// It may hold a clone of the client: [`close`](Client::close) waits for it, and then releases it. Without `close`, such a client
    /// is never dropped.
    pub fn on_rejected(mut self, hook: impl Fn(&RejectedEvent) + Send + Sync + 'static) -> Self {
        self.options.hooks.rejected = Some(Arc::new(hook));
        self
    }

    /// Calls a function for each event that is given up, as [`on_rejected`](Self::on_rejected) does. Events that the program itself
    /// drops, by [`before_send`](Self::before_send) or the off switch, are only counted.
    pub fn on_dropped(mut self, hook: impl Fn(&DroppedEvent) + Send + Sync + 'static) -> Self {
        self.options.hooks.dropped = Some(Arc::new(hook));
        self
    }

    /// The clock for events without a time; for tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.options.clock = clock;
        self
    }

    /// The source of ids and pauses; for tests.
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.options.random = Some(random);
        self
    }

    fn built_as<D>(self) -> ClientBuilder<D> {
        ClientBuilder { options: self.options, built: PhantomData }
    }

    /// The same settings for a [`MemoryEmitter`]: limits, overflow, source, `before_send`, callbacks and the off switch count
    /// there too. What leads to a server does not: URL, transport, proxy, certificates, spool, environment.
    pub fn in_memory(self) -> ClientBuilder<MemoryEmitter> {
        self.built_as()
    }

    /// The same settings for a client for programs without async.
    #[cfg(feature = "blocking")]
    pub fn blocking(self) -> ClientBuilder<crate::client::blocking::Client> {
        self.built_as()
    }
}
