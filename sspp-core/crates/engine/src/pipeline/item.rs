//! An event that the pipeline holds: its delivery, the record made of it, and the outcome of a failed attempt.

use super::process::dead_letter;
use crate::{DeadLetterReason, Delivery, Record, Settled};
use sspp_events::{ContentDigest, Timestamp};

/// A delivery and what the store is to keep of it.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) delivery: Delivery,
    pub(super) record: Record,
    /// The event's own span, where a trace brought it.
    pub(super) span: tracing::Span,
}

impl Item {
    /// Turns what was to be recorded into the event's dead letter.
    pub(super) fn turn_into_letter(&mut self, reason: DeadLetterReason, detail: String, now: Timestamp) {
        self.record = dead_letter(&self.delivery, self.content(), reason, detail, now);
    }

    /// What the event says, where it was decoded.
    pub(super) fn content(&self) -> Option<ContentDigest> {
        match &self.record {
            Record::Signal { signal, .. } => Some(signal.content),
            Record::DeadLetter(letter) => letter.content,
        }
    }
}

/// What a failed attempt leads to.
pub(super) enum Spent {
    /// Another attempt, later.
    Retry(Settled),
    /// A dead letter to record.
    Exhausted(Box<Item>),
}

/// The pipeline was stopped while it waited for a dependency.
#[derive(Debug)]
pub(super) struct Stopped;
