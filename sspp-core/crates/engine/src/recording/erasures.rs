//! Which events are erased: those of an account or user that were received up to an instant.

use std::collections::HashMap;

use crate::{ErasureDigest, NewSignal, Record};
use sspp_events::Timestamp;

/// Up to when the events of an account or user are erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasures(HashMap<ErasureDigest, Timestamp>);

impl Erasures {
    /// Adds one; the later instant counts.
    pub fn add(&mut self, digest: ErasureDigest, up_to: Timestamp) {
        let last = self.0.entry(digest).or_insert(up_to);
        *last = up_to.max(*last);
    }

    /// Whether a signal's account or user was erased after its event was received.
    pub fn cover_signal(&self, signal: &NewSignal) -> bool {
        let accepted = &signal.accepted;
        !self.0.is_empty() && self.cover(&ErasureDigest::of_event(&accepted.event), accepted.received_at)
    }

    /// Whether a record's account or user was erased after its event was received.
    pub fn cover_record(&self, record: &Record) -> bool {
        match record {
            Record::Signal { signal, .. } => self.cover_signal(signal),
            Record::DeadLetter(_) if self.0.is_empty() => false,
            Record::DeadLetter(letter) => self.cover(&digests(record), letter.enqueued_at),
        }
    }

    fn cover(&self, digests: &[ErasureDigest], received: Timestamp) -> bool {
        digests.iter().any(|digest| self.0.get(digest).is_some_and(|up_to| received <= *up_to))
    }
}

/// The digests under which a record may be erased.
pub(super) fn digests(record: &Record) -> Vec<ErasureDigest> {
    match record {
        Record::Signal { signal, .. } => ErasureDigest::of_event(&signal.accepted.event).to_vec(),
        Record::DeadLetter(letter) => letter.facts().erasure_digests(),
    }
}
