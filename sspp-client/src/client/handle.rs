//! The client: a handle that is cheap to clone, over one queue and one background thread.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sspp_events::EventId;

use crate::errors::Error;
use crate::event::SalesEvent;
use crate::outbox::{Background, CloseReport, Outbox, Outcome, Sending, Stats, run};

/// Sends events to an SSPP server and reads what became of them. Clones share one queue, one thread and one set of figures.
///
/// Dropping the last clone waits for nothing: what was not sent yet continues being sent in the background for
/// [`drop_grace`](crate::ClientBuilder::drop_grace), if the program lives on. Call [`close`](Self::close) before it ends.
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
    pub(crate) inner: Arc<Inner>,
}

/// The client that speaks HTTP, by the name it has beside [`MemoryEmitter`](crate::MemoryEmitter).
pub type HttpClient = Client;

pub(crate) struct Inner {
    pub(crate) outbox: Arc<Outbox>,
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
    pub(crate) fn start(outbox: Outbox) -> std::io::Result<Self> {
        let outbox = Arc::new(outbox);
        let background = Background::start(run(Arc::clone(&outbox)))?;
        Ok(Self {
            inner: Arc::new(Inner {
                outbox,
                background,
                #[cfg(feature = "local-scoring")]
                model: std::sync::RwLock::new(sspp_scoring::ScoringModel::embedded_default()),
            }),
        })
    }

    /// The root of the API that is asked.
    pub fn url(&self) -> &str {
        self.inner.outbox.api.root().as_str()
    }

    /// Takes an event to be sent soon, and gives the id it is known by. Never waits for the network.
    ///
    /// When the queue is full, the [`Overflow`](crate::Overflow) policy decides; an event that it drops is counted, and is no error here.
    ///
    /// # Errors
    /// [`Error::Invalid`] and [`Error::TooLarge`] for an event that the server would never take: it is counted as rejected, and only this
    /// error reports it. [`Error::Closed`] after [`close`](Self::close), [`Error::QueueFull`] where [`Overflow::Error`](crate::Overflow::Error) is set.
    ///
    /// ```
    /// # use sspp_client::{Client, SalesEvent};
    /// let client = Client::builder("http://127.0.0.1:9").build()?;
    /// let id = client.emit(SalesEvent::demo_completed("acc_1", "user_1")).unwrap();
    /// assert_eq!(id.as_uuid().get_version_num(), 7);
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    pub fn emit(&self, event: impl Into<SalesEvent>) -> Result<EventId, Error> {
        let outbox = &self.inner.outbox;
        outbox.emit(event.into(), |_, encoded| outbox.store.push(encoded))
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
        let (mut sending, mut answers, deliveries) = Sending::begin(&self.inner.outbox, events)?;
        let failed = self.inner.background.run(deliveries.run()).await.err();
        sending.settle(&mut answers);
        Ok(sending.outcomes(failed.unwrap_or(Error::Closed)))
    }

    /// Sends what was emitted before this call without waiting for more, and returns when all of it is settled: accepted,
    /// rejected, or given up. [`stats`](Self::stats) has the figures.
    ///
    /// # Errors
    /// [`Error::Unsettled`] when time is over; nothing is given up because of that.
    pub async fn flush(&self, timeout: Duration) -> Result<(), Error> {
        let outbox = &self.inner.outbox;
        let store = &outbox.store;
        let Some(settled) = store.flush() else { return Ok(()) };
        let waiting =
            self.inner.background.run(async move { Ok(tokio::time::timeout(timeout, settled).await) });
        match waiting.await? {
            Ok(Ok(())) => Ok(()),
            // The client ended: that settled every event but those on disk.
            Ok(Err(_)) if store.depth() == 0 => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Error::Unsettled { unsettled: store.depth(), timeout }),
        }
    }

    /// Takes no more events, sends what there is, and returns when all of it is settled or time is over: then the rest is given
    /// up, counted, and given to callbacks. A [`send`](Self::send) that is under way counts as the rest does.
    ///
    /// It also waits until all callbacks have run, for a second more than its time, and releases them: they may hold a
    /// clone of the client. One that is under way then has a second more. What did not run is counted
    /// ([`callbacks_missed`](Stats::callbacks_missed)). A callback that closes the client waits for no callback.
    ///
    /// Called again, also at the same time, it gives the same report; the earliest deadline holds. Reading continues working.
    pub async fn close(&self, timeout: Duration) -> CloseReport {
        let outbox = &self.inner.outbox;
        outbox.begin_close(timeout);
        let report = if outbox.callbacks.is_inside() { &outbox.settled } else { &outbox.finished };
        let mut finished = report.subscribe();
        let report = finished.wait_for(Option::is_some).await;
        report.ok().and_then(|report| report.clone()).unwrap_or_default()
    }

    /// Whether the client only checks events and drops them: by [`disabled`](crate::ClientBuilder::disabled), by `SSPP_DISABLED`, or
    /// because its API key is blank. (An empty `SSPP_API_KEY` counts as none: then events are sent without a key.)
    ///
    /// ```
    /// use sspp_client::Client;
    /// assert!(Client::builder("https://sspp.example.com").api_key("").build()?.is_disabled());
    /// # Ok::<(), sspp_client::BuildError>(())
    /// ```
    pub fn is_disabled(&self) -> bool {
        self.inner.outbox.intake.disabled
    }

    /// The figures since the client was built.
    pub fn stats(&self) -> Stats {
        self.inner.outbox.stats()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let outbox = &self.outbox;
        let events = outbox.store.depth();
        if events > 0 && !outbox.store.is_lasting() && !outbox.store.is_closed() {
            tracing::warn!(events, "a client was dropped with unsent events: call close() first");
        }
        outbox.begin_close(outbox.settings.drop_grace);
    }
}
