//! A signal: an event that was scored and stored.

use std::sync::Arc;

use indexmap::IndexMap;

use sspp_events::{
    AcceptedEvent, ContentDigest, EventId, EventType, ModelDigest, Score, SignalId, SignalType, Timestamp,
};

/// A scored event on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignal {
    /// The event with its id and the instant it was received; shared, since a batch may have to be recorded again.
    pub accepted: Arc<AcceptedEvent>,
    /// Digest of the event's content.
    pub content: ContentDigest,
    /// What the event tells.
    pub signal_type: SignalType,
    /// Its score.
    pub score: Score,
    /// The model that scored it.
    pub model: ModelDigest,
    /// When it was scored, by the store's clock; of an import, what it says.
    pub processed_at: Timestamp,
}

/// A stored signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its number in the store.
    pub id: SignalId,
    /// What was stored.
    pub recorded: NewSignal,
}

impl Signal {
    /// The id of the event that became this signal.
    pub fn event_id(&self) -> EventId {
        self.recorded.accepted.event_id
    }
}

/// Figures over all signals, kept up to date as they are recorded.
///
/// ```
/// let stats = sspp_core::SignalStats::default();
/// assert_eq!(stats.average_score(), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignalStats {
    /// How many signals are stored.
    pub signals: u64,
    /// How many accounts have a signal.
    pub accounts: u64,
    /// How many users have a signal.
    pub users: u64,
    /// How many dead letters are stored.
    pub dead_letters: u64,
    /// The sum of all scores, in units of 0.0001.
    pub score_units: i64,
    /// Signals by signal type, the most frequent first.
    pub by_signal_type: IndexMap<SignalType, u64>,
    /// Signals by event type, the most frequent first.
    pub by_event_type: IndexMap<EventType, u64>,
}

impl SignalStats {
    /// Puts the most frequent types first; types of the same frequency follow the alphabet.
    pub fn sort(&mut self) {
        fn sort<K: Ord + std::hash::Hash>(counts: &mut IndexMap<K, u64>) {
            counts.sort_by(|name, count, other, others| others.cmp(count).then_with(|| name.cmp(other)));
        }
        sort(&mut self.by_signal_type);
        sort(&mut self.by_event_type);
    }

    /// The mean of all scores; `None` without a signal.
    #[expect(clippy::cast_precision_loss, reason = "a mean needs no more than a double's precision")]
    pub fn average_score(&self) -> Option<f64> {
        (self.signals > 0).then(|| self.score_units as f64 / 10_000.0 / self.signals as f64)
    }
}
