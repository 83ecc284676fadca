//! Everything that can be set, with its default.

use std::time::Duration;

use super::backoff::Backoff;

/// What `emit` does when the queue is full.
///
/// ```
/// assert_eq!(sspp_client::Overflow::default(), sspp_client::Overflow::Newest);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// The event that is being emitted is dropped and counted: what was taken is kept.
    #[default]
    Newest,
    /// The oldest events that are not on their way yet are dropped and counted, to make room.
    Oldest,
    /// `emit` blocks its thread until there is room. Not for threads that run async tasks.
    Wait,
    /// `emit` returns [`Error::QueueFull`](crate::Error::QueueFull), and nothing is counted; clone an event that is to be emitted again.
    Error,
}

/// The settings of a client, valid.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) queue_events: usize,
    pub(crate) queue_bytes: usize,
    pub(crate) overflow: Overflow,
    pub(crate) batch_events: usize,
    pub(crate) batch_bytes: usize,
    pub(crate) flush_interval: Duration,
    pub(crate) in_flight: usize,
    pub(crate) connect_timeout: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) backoff: Backoff,
    pub(crate) retry_tokens: u32,
    pub(crate) gzip: bool,
    pub(crate) drop_grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_events: 10_000,
            queue_bytes: 16 << 20,
            overflow: Overflow::Newest,
            batch_events: 100,
            batch_bytes: 475_000,
            flush_interval: Duration::from_secs(1),
            in_flight: 4,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            backoff: Backoff::default(),
            retry_tokens: 500,
            gzip: true,
            drop_grace: Duration::from_secs(5),
        }
    }
}

/// The most events that the server takes in a batch.
const MOST_BATCH_EVENTS: usize = 1_000;
/// The most bytes that the server takes in a batch, less what surrounds the events.
const MOST_BATCH_BYTES: usize = (4 << 20) - 4_096;
/// No timer of ours reaches further.
const LONGEST: Duration = Duration::from_hours(24);

impl Settings {
    /// Every setting that is out of its range, in words.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut number = |name: &str, value: usize, least: usize, most: usize| {
            if !(least..=most).contains(&value) {
                faults.push(format!("{name} is {value}: give {least} to {most}"));
            }
        };
        number("queue_events", self.queue_events, 1, 10_000_000);
        number("queue_bytes", self.queue_bytes, 1_024, 1 << 40);
        number("batch_events", self.batch_events, 1, MOST_BATCH_EVENTS);
        number("batch_bytes", self.batch_bytes, 1_024, MOST_BATCH_BYTES);
        number("in_flight", self.in_flight, 1, 64);
        number("backoff.attempts", self.backoff.attempts as usize, 1, 1_000_000);
        let mut duration = |name: &str, value: Duration, least: Duration| {
            if value < least || value > LONGEST {
                faults.push(format!("{name} is {value:?}: give {least:?} to 24 hours"));
            }
        };
        let (some, none) = (Duration::from_millis(1), Duration::ZERO);
        duration("flush_interval", self.flush_interval, some);
        duration("connect_timeout", self.connect_timeout, some);
        duration("request_timeout", self.request_timeout, some);
        duration("backoff.base", self.backoff.base, some);
        duration("backoff.max", self.backoff.max, self.backoff.base.min(LONGEST));
        duration("backoff.budget", self.backoff.budget, none);
        duration("backoff.retry_after_cap", self.backoff.retry_after_cap, none);
        duration("drop_grace", self.drop_grace, none);
        faults
    }
}
