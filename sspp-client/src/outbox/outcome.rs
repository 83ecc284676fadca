//! What became of an event: as an answer to `send`, as a report of `close`, as a notice to a callback.

use std::sync::Arc;

use bytes::Bytes;
use sspp_events::{DeadLetterId, EventId, Violation};

use super::stats::{DropReason, Stats};
use crate::errors::Error;
use crate::event::SalesEvent;

/// What became of one event of a `send`.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
/// use sspp_client::{SalesEvent, Verdict};
/// for outcome in client.send([SalesEvent::call_made("acc_1", "user_1")]).await? {
///     match outcome.verdict {
///         Verdict::Accepted => println!("{} was taken", outcome.event_id),
///         Verdict::DeadLetter { id } => println!("{} is the dead letter {id}", outcome.event_id),
///         Verdict::Rejected { errors } => println!("{} is not valid: {errors:?}", outcome.event_id),
///         Verdict::NotSent { error, event } => println!("{event:?} did not arrive, send it again: {error}"),
///         _ => {}
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// The event's id.
    pub event_id: EventId,
    /// What became of it.
    pub verdict: Verdict,
}

/// What the server said about one event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Verdict {
    /// The server took it. Its job has the event's id.
    Accepted,
    /// The server took it, and it became a dead letter at once, for instance because another event has its id. Sent again, it
    /// would become the same dead letter. Only a server without a queue says so; behind a queue this shows later.
    DeadLetter {
        /// The dead letter: see [`dead_letter`](crate::Client::dead_letter).
        id: DeadLetterId,
    },
    /// It is not valid, however often it is sent.
    Rejected {
        /// All its faults.
        errors: Vec<Violation>,
    },
    /// It did not arrive, or it is not known whether it did.
    NotSent {
        /// Why.
        error: Arc<Error>,
        /// The event as it was sent, with its id and its time. However often it is sent again, it counts once.
        event: Box<SalesEvent>,
    },
    /// The program did not want it sent: [`before_send`](crate::ClientBuilder::before_send) dropped it, or the client is
    /// [`disabled`](crate::ClientBuilder::disabled).
    Dropped {
        /// Which of them.
        reason: DropReason,
    },
}

impl Outcome {
    /// What became of an event: for a [`SignalEmitter`](crate::SignalEmitter) of your own, or a mock.
    pub const fn new(event_id: EventId, verdict: Verdict) -> Self {
        Self { event_id, verdict }
    }

    /// Whether the server took it, so that it need not be sent again.
    pub fn is_accepted(&self) -> bool {
        matches!(self.verdict, Verdict::Accepted | Verdict::DeadLetter { .. })
    }
}

/// What `close` leaves behind.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = sspp_client::Client::builder("http://127.0.0.1:9").build().unwrap();
/// let report = client.close(std::time::Duration::from_secs(1)).await;
/// assert!(report.is_clean());
/// # });
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReport {
    /// Events that were given up after the client was asked to close, for any reason, in the order in which they were emitted.
    pub undelivered: Vec<EventId>,
    /// The last figures.
    pub stats: Stats,
}

impl CloseReport {
    /// A report: for a [`SignalEmitter`](crate::SignalEmitter) of your own, or a mock.
    pub const fn new(undelivered: Vec<EventId>, stats: Stats) -> Self {
        Self { undelivered, stats }
    }

    /// Whether nothing that was emitted or sent since the client was built was dropped or rejected. What the program itself wanted
    /// dropped, by [`before_send`](crate::ClientBuilder::before_send) or the off switch, does not count, nor does what waits in a spool.
    pub fn is_clean(&self) -> bool {
        let wanted = [DropReason::BeforeSend, DropReason::Disabled];
        let wanted: u64 = wanted.map(|reason| self.stats.dropped_by(reason)).iter().sum();
        self.undelivered.is_empty() && self.stats.rejected == 0 && self.stats.dropped() == wanted
    }
}

/// An emitted event that the server refused: given to [`on_rejected`](crate::ClientBuilder::on_rejected).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RejectedEvent {
    /// The event's id.
    pub event_id: EventId,
    /// All its faults.
    pub errors: Vec<Violation>,
    /// The event as it was sent: JSON.
    pub json: Bytes,
}

impl RejectedEvent {
    /// A notice, for tests of a callback.
    pub const fn new(event_id: EventId, errors: Vec<Violation>, json: Bytes) -> Self {
        Self { event_id, errors, json }
    }
}

/// An event that was given up: given to [`on_dropped`](crate::ClientBuilder::on_dropped).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DroppedEvent {
    /// The event's id.
    pub event_id: EventId,
    /// Why it was given up.
    pub reason: DropReason,
    /// The last error, where there was one.
    pub error: Option<Arc<Error>>,
    /// The event as it would have been sent: JSON, with its id.
    pub json: Bytes,
}

impl DroppedEvent {
    /// A notice, for tests of a callback.
    pub const fn new(event_id: EventId, reason: DropReason, error: Option<Arc<Error>>, json: Bytes) -> Self {
        Self { event_id, reason, error, json }
    }
}
