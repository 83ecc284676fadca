//! What became of everything that was emitted, in figures.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Why an event was given up.
///
/// ```
/// assert_eq!(sspp_client::DropReason::QueueFull.as_str(), "queue_full");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DropReason {
    /// The queue was full; see [`Overflow`](crate::Overflow).
    QueueFull,
    /// It was sent as often, and for as long, as [`Backoff`](crate::Backoff) allows.
    RetriesSpent,
    /// The server refused the whole request, for instance because of the API key.
    Refused,
    /// The client was closed before the server took it.
    Closed,
    /// The caller of `send` stopped waiting.
    Cancelled,
    /// The program's [`before_send`](crate::ClientBuilder::before_send) dropped it, or panicked.
    BeforeSend,
    /// The client is [`disabled`](crate::ClientBuilder::disabled).
    Disabled,
    /// The [`Transport`](crate::Transport) that carried it panicked.
    Panicked,
}

const REASONS: [DropReason; 8] = [
    DropReason::QueueFull,
    DropReason::RetriesSpent,
    DropReason::Refused,
    DropReason::Closed,
    DropReason::Cancelled,
    DropReason::BeforeSend,
    DropReason::Disabled,
    DropReason::Panicked,
];

impl DropReason {
    /// The name, for metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::RetriesSpent => "retries_spent",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::BeforeSend => "before_send",
            Self::Disabled => "disabled",
            Self::Panicked => "panicked",
        }
    }

    const fn place(self) -> usize {
        self as usize
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Figures since the client was built. At rest `emitted = accepted + rejected + dropped + depth`.
///
/// ```
/// let client = sspp_client::Client::builder("http://127.0.0.1:9").build()?;
/// let stats = client.stats();
/// assert_eq!((stats.emitted, stats.depth, stats.dropped()), (0, 0, 0));
/// # Ok::<(), sspp_client::BuildError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Events that `emit` or `send` were given, but for those that came back because of a full queue or a closed client.
    pub emitted: u64,
    /// Events that went over the wire, each time counted.
    pub sent: u64,
    /// Events that the server took.
    pub accepted: u64,
    /// Events that were refused one by one, with reasons: by the server, or before they were sent because it would not take them.
    pub rejected: u64,
    /// Events that were sent again, each time counted.
    pub retried: u64,
    /// Events that wait or are on their way.
    pub depth: u64,
    /// Callbacks that were left out because those before them took too long, or the client's time to close was over.
    pub callbacks_missed: u64,
    dropped: [u64; REASONS.len()],
}

impl Stats {
    /// Adds events that were given up for a reason: for an emitter of your own.
    ///
    /// ```
    /// use sspp_client::{DropReason, Stats};
    /// let mut stats = Stats::default();
    /// stats.emitted = 3;
    /// stats.add_dropped(DropReason::QueueFull, 2);
    /// assert_eq!((stats.dropped(), stats.dropped_by(DropReason::Closed)), (2, 0));
    /// ```
    pub const fn add_dropped(&mut self, reason: DropReason, count: u64) {
        self.dropped[reason.place()] += count;
    }

    /// Events given up, for whatever reason.
    pub fn dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Events given up for one reason.
    pub const fn dropped_by(&self, reason: DropReason) -> u64 {
        self.dropped[reason.place()]
    }

    /// Every reason with its figure.
    pub fn drops(&self) -> impl Iterator<Item = (DropReason, u64)> {
        let dropped = self.dropped;
        REASONS.into_iter().map(move |reason| (reason, dropped[reason.place()]))
    }
}

/// The figures as they grow.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    emitted: AtomicU64,
    sent: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    retried: AtomicU64,
    callbacks_missed: AtomicU64,
    dropped: [AtomicU64; REASONS.len()],
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Ordering::Release);
}

impl Counters {
    pub(crate) fn emitted(&self, count: usize) {
        add(&self.emitted, count);
    }

    /// The event that was counted last is its owner's again.
    pub(crate) fn not_emitted(&self) {
        self.emitted.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, count: usize) {
        add(&self.sent, count);
    }

    pub(crate) fn accepted(&self, count: usize) {
        add(&self.accepted, count);
    }

    pub(crate) fn rejected(&self, count: usize) {
        add(&self.rejected, count);
    }

    pub(crate) fn retried(&self, count: usize) {
        add(&self.retried, count);
    }

    pub(crate) fn callbacks_missed(&self, count: usize) {
        add(&self.callbacks_missed, count);
    }

    pub(crate) fn dropped(&self, reason: DropReason, count: usize) {
        add(&self.dropped[reason.place()], count);
    }

    pub(crate) fn read(&self, depth: usize) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        Stats {
            sent: read(&self.sent),
            accepted: read(&self.accepted),
            rejected: read(&self.rejected),
            retried: read(&self.retried),
            depth: depth as u64,
            callbacks_missed: read(&self.callbacks_missed),
            dropped: std::array::from_fn(|place| read(&self.dropped[place])),
            // Last, so that what is settled meanwhile is not more than what was emitted.
            emitted: read(&self.emitted),
        }
    }
}
