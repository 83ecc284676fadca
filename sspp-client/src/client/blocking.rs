//! The client for programs without async: the same calls, each waiting for its answer.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sspp_events::{AccountId, DeadLetterId, EventId, ExternalId, SignalId, Source, UserId};

use crate::errors::Error;
use crate::event::SalesEvent;
use crate::outbox::{CloseReport, Outcome, Stats};
use crate::reads::{
    ActiveModel, DeadLetter, DeadLetterEdit, DeadLetterQuery, Erasure, EventState, EventTypes, Explanation,
    Export, ExportFormat, ExportedSignal, Health, Job, JobStats, Page, Pages, Preview, Ready, Replay,
    ReplayMany, Replayed, Replays, Settled, Signal, SignalQuery, SignalStats, Total, Validation,
};

/// A [`Client`](crate::Client) whose calls block their thread, with the same settings. A client that is there already becomes one
/// by `into()`.
///
/// Needs no runtime, and may be used on a thread that has one; it then blocks that thread's other tasks.
///
/// ```no_run
/// use std::time::Duration;
/// use sspp_client::{SalesEvent, blocking};
///
/// let client = blocking::Client::builder("https://sspp.example.com").api_key("sspp_…").build()?;
/// client.emit(SalesEvent::call_made("acc_1", "user_1"))?;
/// client.flush(Duration::from_secs(5))?;
/// for signal in client.signals(&Default::default()) {
///     println!("{}", signal?.signal_score);
/// }
/// client.close(Duration::from_secs(5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Client(crate::Client);

impl From<crate::Client> for Client {
    fn from(client: crate::Client) -> Self {
        Self(client)
    }
}

impl From<Client> for crate::Client {
    fn from(client: Client) -> Self {
        client.0
    }
}

/// Wakes a thread that waits for a future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// All work is done on the client's own thread, so this one only waits.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Methods that wait for the client's of the same name, and lists that wait for each item.
macro_rules! waiting {
    (
        calls { $($call:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* }
        lists { $($list:ident($query:ident: $query_type:ty) -> $item:ty;)* }
        events { $($judge:ident($($extra:ident: $extra_type:ty)?) -> $judged:ty;)* }
    ) => {
        $(#[doc = concat!("As [`Client::", stringify!($call), "`](crate::Client::", stringify!($call), ").")]
        pub fn $call(&self, $($argument: $type),*) -> $answer {
            wait(self.0.$call($($argument),*))
        })*
        $(#[doc = concat!("As [`Client::", stringify!($list), "`](crate::Client::", stringify!($list), ").")]
        pub fn $list(&self, $query: $query_type) -> Items<$item> {
            Items(self.0.$list($query))
        })*
        $(#[doc = concat!("As [`Client::", stringify!($judge), "`](crate::Client::", stringify!($judge), ").")]
        pub fn $judge<I>(&self, $($extra: $extra_type,)? events: I) -> $judged
        where
            I: IntoIterator,
            I::Item: Into<SalesEvent>,
        {
            wait(self.0.$judge($($extra,)? events))
        })*
    };
}

impl Client {
    /// As [`Client::emit`](crate::Client::emit), which waits for nothing either.
    pub fn emit(&self, event: impl Into<SalesEvent>) -> Result<EventId, Error> {
        self.0.emit(event)
    }

    /// The client with async calls behind this one: for what takes a [`SignalEmitter`](crate::SignalEmitter).
    ///
    /// ```
    /// use sspp_client::{SalesEvent, SignalEmitter, blocking};
    /// fn book(emitter: &dyn SignalEmitter) -> Result<(), sspp_client::Error> {
    ///     emitter.emit(SalesEvent::meeting_booked("acme", "ada"))?; // waits for nothing
    ///     Ok(())
    /// }
    /// let client = blocking::Client::builder("http://127.0.0.1:9").build()?;
    /// book(client.client())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn client(&self) -> &crate::Client {
        &self.0
    }

    /// As [`Client::is_disabled`](crate::Client::is_disabled).
    pub fn is_disabled(&self) -> bool {
        self.0.is_disabled()
    }

    /// As [`Client::url`](crate::Client::url).
    pub fn url(&self) -> &str {
        self.0.url()
    }

    /// As [`Client::stats`](crate::Client::stats).
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    waiting! {
        calls {
            flush(timeout: Duration) -> Result<(), Error>;
            close(timeout: Duration) -> CloseReport;
            signal(id: SignalId) -> Result<Option<Signal>, Error>;
            explanation(id: SignalId) -> Result<Option<Explanation>, Error>;
            signal_stats() -> Result<SignalStats, Error>;
            event(id: EventId) -> Result<Option<EventState>, Error>;
            event_by_external_id(id: &ExternalId, account: &AccountId, source: Option<&Source>) -> Result<Option<EventState>, Error>;
            wait_for_signal(id: EventId, timeout: Duration) -> Result<Settled, Error>;
            job(id: EventId) -> Result<Option<Job>, Error>;
            recent_jobs(limit: u32) -> Result<Vec<Job>, Error>;
            job_stats() -> Result<JobStats, Error>;
            dead_letter(id: DeadLetterId) -> Result<Option<DeadLetter>, Error>;
            edit_dead_letter(id: DeadLetterId, edit: &DeadLetterEdit) -> Result<DeadLetter, Error>;
            remove_dead_letter(id: DeadLetterId) -> Result<(), Error>;
            replay_dead_letter(id: DeadLetterId) -> Result<Replay, Error>;
            replay_dead_letters(query: &DeadLetterQuery, dry_run: bool) -> Result<ReplayMany, Error>;
            erase_account(id: &AccountId) -> Result<Erasure, Error>;
            erase_user(id: &UserId) -> Result<Erasure, Error>;
            scoring_model() -> Result<ActiveModel, Error>;
            event_types() -> Result<EventTypes, Error>;
            health() -> Result<Health, Error>;
            ready() -> Result<Ready, Error>;
            live() -> Result<(), Error>;
            metrics() -> Result<String, Error>;
        }
        lists {
            signals(query: &SignalQuery) -> Pages<Signal>;
            dead_letters(query: &DeadLetterQuery) -> Pages<DeadLetter>;
            replay_all_dead_letters(query: &DeadLetterQuery) -> Replays;
        }
        events {
            send() -> Result<Vec<Outcome>, Error>;
            validate() -> Result<Vec<Validation>, Error>;
            preview() -> Result<Preview, Error>;
            preview_with(model: &str) -> Result<Preview, Error>;
        }
    }

    /// As [`Client::export`](crate::Client::export).
    pub fn export(&self, query: &SignalQuery, format: ExportFormat) -> Result<Items<Export<Bytes>>, Error> {
        wait(self.0.export(query, format)).map(Items)
    }

    /// As [`Client::export_signals`](crate::Client::export_signals).
    pub fn export_signals(&self, query: &SignalQuery) -> Result<Items<Export<ExportedSignal>>, Error> {
        wait(self.0.export_signals(query)).map(Items)
    }

    /// As [`Client::fetch_model`](crate::Client::fetch_model).
    #[cfg(feature = "local-scoring")]
    pub fn fetch_model(&self) -> Result<crate::ModelInfo, Error> {
        wait(self.0.fetch_model())
    }

    /// As [`Client::score_local`](crate::Client::score_local), which waits for nothing either.
    #[cfg(feature = "local-scoring")]
    pub fn score_local(&self, event: &SalesEvent) -> Result<crate::LocalScore, Error> {
        self.0.score_local(event)
    }
}

/// What comes piece by piece: each `next` waits for the next piece. An error is not the end: the next call asks again, so stop at one, or
/// ask again where [`Error::is_retryable`] says so.
#[derive(Debug)]
#[must_use = "nothing is asked for until it is read"]
pub struct Items<S>(S);

impl<S: Stream + Unpin> Iterator for Items<S> {
    type Item = S::Item;

    fn next(&mut self) -> Option<S::Item> {
        wait(self.0.next())
    }
}

impl<T> Items<Pages<T>> {
    /// As [`Pages::limit`].
    pub fn limit(self, items: usize) -> Self {
        Self(self.0.limit(items))
    }

    /// As [`Pages::next_page`].
    pub fn next_page(&mut self) -> Result<Option<Page<T>>, Error> {
        wait(self.0.next_page())
    }

    /// As [`Pages::cursor`].
    pub fn cursor(&self) -> Option<&str> {
        self.0.cursor()
    }

    /// As [`Pages::total`].
    pub fn total(&self) -> Option<Total> {
        self.0.total()
    }
}

impl Items<Replays> {
    /// As [`Replays::finish`].
    pub fn finish(self) -> Result<Replayed, Error> {
        wait(self.0.finish())
    }
}
