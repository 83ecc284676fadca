//! A signal: an event that was scored and stored.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{AcceptedEvent, EventId, EventType, Score, SignalId, SignalType, Timestamp};

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let wrong = || format!("'{text}' is not a SHA-256 digest of 64 hexadecimal digits");
                if text.len() != 64 || !text.is_ascii() {
                    return Err(wrong());
                }
                let mut bytes = [0_u8; 32];
                for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
                    *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
                }
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.to_string()
            }
        }
    };
}

digest!(
    /// The SHA-256 of a scoring model's canonical JSON: what a model is known by.
    ///
    /// ```
    /// use sspp_core::ModelDigest;
    /// let digest: ModelDigest = "ab".repeat(32).parse().unwrap();
    /// assert_eq!(digest.as_bytes()[0], 0xab);
    /// assert!("ab".parse::<ModelDigest>().is_err());
    /// ```
    ModelDigest
);

digest!(
    /// The SHA-256 of what an event says: tells a retry from another event under the same id.
    ///
    /// ```
    /// use sspp_core::{ContentDigest, Event};
    /// let event = |user| Event::builder("a", user, "call_made", "2024-12-21").build().unwrap();
    /// assert_eq!(ContentDigest::of(&event("u")), ContentDigest::of(&event("u")));
    /// assert_ne!(ContentDigest::of(&event("u")), ContentDigest::of(&event("v")));
    /// ```
    ContentDigest
);

impl ContentDigest {
    /// Digests source, account, user, type, timestamp and metadata, each with its length before it.
    pub fn of(event: &super::Event) -> Self {
        let mut hash = Sha256::new();
        let micros = event.timestamp.micros().to_be_bytes();
        let source = event.source.as_ref().map_or("", super::Source::as_str);
        let parts = [
            source.as_bytes(),
            event.account_id.as_str().as_bytes(),
            event.user_id.as_str().as_bytes(),
            event.event_type.as_str().as_bytes(),
            &micros,
            event.metadata.as_str().as_bytes(),
        ];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// A scored event on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSignal {
    /// The event with its id and the instant it was received; shared, since a batch may have to be recorded again.
    pub accepted: Arc<AcceptedEvent>,
    /// Digest of the event's content.
    pub content: ContentDigest,
    /// What the event tells.
    pub signal_type: SignalType,
    /// What it is worth.
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

/// A scoring model as the store keeps it: the document by its digest.
///
/// ```
/// use sspp_core::ScoringModel;
/// let record = ScoringModel::embedded_default().to_record();
/// assert_eq!(record.name, "default");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRecord {
    /// SHA-256 of `document`.
    pub digest: ModelDigest,
    /// The document's name.
    pub name: String,
    /// The document's version.
    pub version: u32,
    /// The document as canonical JSON.
    pub document: String,
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
