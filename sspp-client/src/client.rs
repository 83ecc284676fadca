//! The client: a handle that is cheap to clone, over one queue and one background thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sspp_events::{Clock, EventId, Random};
use tokio::sync::mpsc;

use crate::api::Api;
use crate::background::Background;
use crate::builder::ClientBuilder;
use crate::core::{Core, UnderWay};
use crate::disk::{Disk, empty};
use crate::error::Error;
use crate::event::SalesEvent;
use crate::gather::gather;
use crate::intake::Intake;
use crate::notices::{Hooks, Notices};
use crate::outcome::{CloseReport, Outcome};
use crate::queue::Pushed;
use crate::settings::Settings;
use crate::stats::{Counters, Stats};

/// Sends events to an SSPP server and reads what became of them. Clones share one queue, one thread and one set of figures.
///
/// Dropping the last clone waits for nothing: what was not sent yet goes on being sent in the background for
/// [`drop_grace`](ClientBuilder::drop_grace), if the program lives on. Call [`close`](Self::close) before it ends.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use sspp_client::{Client, SalesEvent};
///
/// let client = Client::builder("https://sspp.example.com").api_key("sspp_…").build()?;
/// let id = client.emit(SalesEvent::email_clicked("acc_1", "user_1").with("link", "pricing"))?;
/// let report = client.close(Duration::from_secs(5)).await;
/// assert!(report.is_clean(), "not everything arrived: {report:?}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

/// The client that speaks HTTP, by the name it has beside [`MemoryEmitter`](crate::MemoryEmitter).
pub type HttpClient = Client;

pub(crate) struct Shared {
    pub(crate) core: Arc<Core>,
    pub(crate) background: Background,
    /// The model that scores here.
    #[cfg(feature = "local-scoring")]
    pub(crate) model: std::sync::RwLock<Arc<sspp_scoring::ScoringModel>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("url", &self.url())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Starts a client of the server at a URL: `https://sspp.example.com`, or the API's own root where it is not below
    /// `/api/v1`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(Some(url.into()))
    }

    /// Starts a client of the server that the environment names (`SSPP_URL`, `SSPP_API_KEY`), else of
    /// `http://127.0.0.1:3000`.
    pub fn from_env() -> ClientBuilder {
        ClientBuilder::new(None)
    }

    pub(crate) fn start(
        settings: Settings,
        api: Api,
        intake: Intake,
        hooks: Hooks,
        outside: (Arc<dyn Clock>, Arc<dyn Random>),
        disk: Option<Disk>,
    ) -> std::io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let notices = Notices::start(hooks, Arc::clone(&counters))?;
        let core = Arc::new(Core::new(settings, api, intake, counters, notices, outside, disk));
        let background = Background::start(run(Arc::clone(&core)))?;
        Ok(Self {
            shared: Arc::new(Shared {
                core,
                background,
                #[cfg(feature = "local-scoring")]
                model: std::sync::RwLock::new(sspp_scoring::ScoringModel::embedded_default()),
            }),
        })
    }

    /// The root of the API that is asked.
    pub fn url(&self) -> &str {
        self.shared.core.api.root().as_str()
    }

    /// Takes an event to be sent soon, and gives the id it is known by. Never waits for the network.
    ///
    /// When the queue is full, the [`Overflow`](crate::Overflow) policy decides; an event that it drops is counted, and is no error here.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::TooLarge`] for what the server would never take: it is counted as rejected, and told here
    /// alone. [`Error::Closed`] after [`close`](Self::close), [`Error::QueueFull`] where [`Overflow::Error`](crate::Overflow::Error) is set.
    ///
    /// ```
    /// # use sspp_client::{Client, SalesEvent};
    /// let client = Client::builder("http://127.0.0.1:9").build()?;
    /// let id = client.emit(SalesEvent::demo_completed("acc_1", "user_1")).unwrap();
    /// assert_eq!(id.as_uuid().get_version_num(), 7);
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    pub fn emit(&self, event: impl Into<SalesEvent>) -> Result<EventId, Error> {
        let core = &self.shared.core;
        core.emit(event.into(), |_, encoded| match &core.disk {
            Some(_) if core.queue.is_closed() => Ok(Pushed::Closed),
            Some(disk) => disk.put(&encoded.json).map(|()| Pushed::Kept { displaced: Vec::new() }),
            None => Ok(core.queue.push(encoded)),
        })
    }

    /// Sends events now, past the queue, and tells what became of each, in their order. Retries as `emit` does. An event that the
    /// server would never take, because it is not valid or too large, is rejected without being sent, and keeps no other back. Once a
    /// request has spent its retries, the rest is not tried: it is [`NotSent`](crate::Verdict::NotSent) too, which gives each event back
    /// in a form that is safe to send again.
    ///
    /// Works in any async runtime. A future that is dropped stops sending; what was under way may have arrived.
    ///
    /// # Errors
    /// [`Error::Closed`] after [`close`](Self::close): nothing was looked at.
    pub async fn send<I>(&self, events: I) -> Result<Vec<Outcome>, Error>
    where
        I: IntoIterator,
        I::Item: Into<SalesEvent>,
    {
        self.send_all(events.into_iter().map(Into::into).collect()).await
    }

    async fn send_all(&self, events: Vec<SalesEvent>) -> Result<Vec<Outcome>, Error> {
        let core = &self.shared.core;
        // Before it is asked whether the client is closed, so that its end waits for this.
        let under_way = UnderWay::begin(core);
        let mut sending = core.sort(events, |_| {})?;
        let (answers, mut answered) = mpsc::unbounded_channel();
        let load = sending.load(core, &answers, under_way);
        drop(answers);
        let failed = self.shared.background.run(load.deliver()).await.err();
        sending.settle(&mut answered);
        Ok(sending.outcomes(failed.unwrap_or(Error::Closed)))
    }

    /// Sends what was emitted before this call without waiting for more, and returns when all of it is settled: accepted,
    /// rejected, or given up. [`stats`](Self::stats) tells which.
    ///
    /// # Errors
    /// [`Error::Unsettled`] when time is over; nothing is given up because of that.
    pub async fn flush(&self, timeout: Duration) -> Result<(), Error> {
        let core = &self.shared.core;
        if core.disk.is_some() {
            return self.flush_disk(timeout).await;
        }
        let Some(settled) = core.queue.flush() else { return Ok(()) };
        let waiting = self.shared.background.run(async move {
            // An answer that is dropped means that the client ended, and with it everything was settled.
            Ok(tokio::time::timeout(timeout, settled).await.is_ok())
        });
        if waiting.await? {
            return Ok(());
        }
        Err(Error::Unsettled { unsettled: core.queue.held().events, timeout })
    }

    async fn flush_disk(&self, timeout: Duration) -> Result<(), Error> {
        let core = Arc::clone(&self.shared.core);
        let waiting = self.shared.background.run(async move {
            let Some(disk) = &core.disk else { return Ok(None) };
            let flushed = tokio::time::timeout(timeout, disk.flushed()).await;
            Ok(flushed.err().map(|_| disk.pending()))
        });
        match waiting.await? {
            None => Ok(()),
            Some(unsettled) => Err(Error::Unsettled { unsettled, timeout }),
        }
    }

    /// Takes no more events, sends what there is, and returns when all of it is settled or time is over: then the rest is given
    /// up, counted, and told. A [`send`](Self::send) that is under way counts as the rest does.
    ///
    /// It also waits until callbacks have been told of everything, for a second more than its time, and lets go of them: they may hold a
    /// clone of the client. One that is under way then has a second more. What did not run is counted
    /// ([`callbacks_missed`](Stats::callbacks_missed)). A callback that closes the client waits for no callback.
    ///
    /// Called again, also at the same time, it gives the same report; the earliest deadline holds. Reading goes on working.
    pub async fn close(&self, timeout: Duration) -> CloseReport {
        let core = &self.shared.core;
        core.begin_close(timeout);
        let report = if core.notices.is_inside() { &core.settled } else { &core.finished };
        let mut finished = report.subscribe();
        let report = finished.wait_for(Option::is_some).await;
        report.ok().and_then(|report| report.clone()).unwrap_or_default()
    }

    /// Whether the client only checks events and drops them: by [`disabled`](ClientBuilder::disabled), by `SSPP_DISABLED`, or
    /// because its API key is blank. (An empty `SSPP_API_KEY` counts as none: then events are sent without a key.)
    ///
    /// ```
    /// use sspp_client::Client;
    /// assert!(Client::builder("https://sspp.example.com").api_key("").build()?.is_disabled());
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    pub fn is_disabled(&self) -> bool {
        self.shared.core.intake.disabled
    }

    /// The figures since the client was built.
    pub fn stats(&self) -> Stats {
        self.shared.core.stats()
    }
}

/// What the client's thread does until the client is closed.
async fn run(core: Arc<Core>) {
    match &core.disk {
        Some(disk) => empty(Arc::clone(&core), disk).await,
        None => gather(Arc::clone(&core)).await,
    }
    // Each ends when time is over.
    let _ = core.sends.subscribe().wait_for(|sends| *sends == 0).await;
    core.settle();
    // Reading goes on meanwhile.
    let _ = tokio::task::spawn_blocking(move || core.end_callbacks()).await;
}

impl Drop for Shared {
    fn drop(&mut self) {
        let core = &self.core;
        let held = core.queue.held().events;
        if held > 0 && !core.queue.is_closed() {
            tracing::warn!(
                events = held,
                "a client was dropped with events not sent yet: call close() before, to wait for them"
            );
        }
        core.begin_close(core.settings.drop_grace);
    }
}
