//! The client for programs without async: the same calls, each waiting for its answer.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use futures_util::StreamExt as _;
use sspp_core::EventId;

use crate::builder::ClientBuilder;
use crate::error::Error;
use crate::event::SalesEvent;
use crate::outcome::{CloseReport, Outcome};
use crate::reads::{
    DeadLetter, DeadLetterQuery, EventTypes, Explanation, Job, JobStats, Replay, Signal, SignalQuery,
    SignalStats,
};
use crate::stats::Stats;

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

macro_rules! waiting {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(&self, $($argument: $type),*) -> $answer {
            wait(self.0.$name($($argument),*))
        })*
    };
}

impl Client {
    /// As [`Client::builder`](crate::Client::builder).
    pub fn builder(url: impl Into<String>) -> ClientBuilder<Self> {
        ClientBuilder::new(Some(url.into()))
    }

    /// As [`Client::from_env`](crate::Client::from_env).
    pub fn from_env() -> ClientBuilder<Self> {
        ClientBuilder::new(None)
    }

    /// As [`Client::emit`](crate::Client::emit), which waits for nothing either.
    pub fn emit(&self, event: impl Into<SalesEvent>) -> Result<EventId, Error> {
        self.0.emit(event)
    }

    /// As [`Client::send`](crate::Client::send).
    pub fn send<I>(&self, events: I) -> Result<Vec<Outcome>, Error>
    where
        I: IntoIterator,
        I::Item: Into<SalesEvent>,
    {
        wait(self.0.send(events))
    }

    waiting! {
        /// As [`Client::flush`](crate::Client::flush).
        flush(timeout: Duration) -> Result<(), Error>;
        /// As [`Client::close`](crate::Client::close).
        close(timeout: Duration) -> CloseReport;
        /// As [`Client::signal`](crate::Client::signal).
        signal(id: i64) -> Result<Option<Signal>, Error>;
        /// As [`Client::explanation`](crate::Client::explanation).
        explanation(id: i64) -> Result<Option<Explanation>, Error>;
        /// As [`Client::signal_stats`](crate::Client::signal_stats).
        signal_stats() -> Result<SignalStats, Error>;
        /// As [`Client::event_types`](crate::Client::event_types).
        event_types() -> Result<EventTypes, Error>;
        /// As [`Client::job`](crate::Client::job).
        job(id: &str) -> Result<Option<Job>, Error>;
        /// As [`Client::recent_jobs`](crate::Client::recent_jobs).
        recent_jobs(limit: u32) -> Result<Vec<Job>, Error>;
        /// As [`Client::job_stats`](crate::Client::job_stats).
        job_stats() -> Result<JobStats, Error>;
        /// As [`Client::dead_letter`](crate::Client::dead_letter).
        dead_letter(id: &str) -> Result<Option<DeadLetter>, Error>;
        /// As [`Client::replay_dead_letter`](crate::Client::replay_dead_letter).
        replay_dead_letter(id: &str) -> Result<Replay, Error>;
    }

    /// As [`Client::signals`](crate::Client::signals): pages are asked for as they are needed.
    pub fn signals(&self, query: &SignalQuery) -> impl Iterator<Item = Result<Signal, Error>> {
        let mut signals = self.0.signals(query);
        std::iter::from_fn(move || wait(signals.next()))
    }

    /// As [`Client::dead_letters`](crate::Client::dead_letters): pages are asked for as they are needed.
    pub fn dead_letters(&self, query: &DeadLetterQuery) -> impl Iterator<Item = Result<DeadLetter, Error>> {
        let mut letters = self.0.dead_letters(query);
        std::iter::from_fn(move || wait(letters.next()))
    }

    /// As [`Client::stats`](crate::Client::stats).
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}
