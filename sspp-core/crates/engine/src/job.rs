//! Jobs: events on their way through the queue.

use bytes::Bytes;

use sspp_events::{EventId, Timestamp};

/// Where an event is on its way.
///
/// ```
/// assert_eq!(sspp_core::JobState::Waiting.as_str(), "waiting");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// In the queue, to be taken next.
    Waiting,
    /// Taken by a pipeline, not yet settled.
    Active,
    /// In the queue, to be taken at a later time.
    Delayed,
    /// It became a signal.
    Completed,
    /// It became a dead letter.
    Failed,
}

impl JobState {
    /// The state as the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Active => "active",
            Self::Delayed => "delayed",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// How much is in the queue.
///
/// ```
/// let depth = sspp_core::QueueDepth { waiting: 3, active: 1, delayed: 2 };
/// assert_eq!(depth.total(), 6);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Jobs to be taken next.
    pub waiting: u64,
    /// Jobs taken and not yet settled.
    pub active: u64,
    /// Jobs to be taken later.
    pub delayed: u64,
}

impl QueueDepth {
    /// Everything that is not settled.
    pub const fn total(&self) -> u64 {
        self.waiting + self.active + self.delayed
    }
}

/// One job as the queue shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    /// The event it carries.
    pub event_id: EventId,
    /// `Waiting`, `Active` or `Delayed`: the queue knows no others.
    pub state: JobState,
    /// The payload it was enqueued with.
    pub payload: Bytes,
    /// How many attempts failed.
    pub attempts: u32,
    /// When it was first enqueued, by the queue's clock.
    pub enqueued_at: Timestamp,
}
