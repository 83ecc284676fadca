//! The port through which signals are recorded and read.

use async_trait::async_trait;

use super::StoreError;
use crate::{Horizon, NewDeadLetter, NewSignal, Page, Signal, SignalFilter, SignalQuery, SignalStats, Total};
use sspp_events::{DeadLetterId, EventId, SignalId};

/// What a pipeline gives the store to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// The event became a signal. The payload is kept for a dead letter, should its id turn out to be taken.
    Signal {
        /// The signal.
        signal: NewSignal,
        /// The queue's payload.
        payload: bytes::Bytes,
    },
    /// The event became a dead letter.
    DeadLetter(NewDeadLetter),
}

/// What a store made of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// A new signal.
    Signal(SignalId),
    /// The event was recorded before, with the same content: nothing changed.
    Duplicate(SignalId),
    /// The event's id belongs to a signal or dead letter with other content: a dead letter `event_id_conflict` says so.
    Conflict(DeadLetterId),
    /// A dead letter, new or recorded before.
    DeadLetter(DeadLetterId),
    /// The event's account or user [was erased](super::Housekeeping::begin_erasure) after it was received: nothing was kept of it.
    Erased,
}

/// Where signals are kept. The effect is exactly once: an event id is a signal or a dead letter, never both and never
/// twice, even if it is recorded again or a process is killed in between, until it [expires](super::Housekeeping::expire_signals).
#[async_trait]
pub trait Signals: Send + Sync + std::fmt::Debug {
    /// Records a batch in one transaction. Returns one [`Recorded`] for each record, in order.
    ///
    /// - A signal whose event id is new is inserted, and all statistics follow in the same transaction. A dead letter
    ///   that the event had is removed when it has the same content, or none; one with other content stays, and the
    ///   signal becomes a dead letter [`Recorded::Conflict`]: an id belongs to the content that came first.
    /// - A signal whose event id is known changes nothing when its content digest is the same
    ///   ([`Recorded::Duplicate`]); with another digest it becomes a dead letter [`Recorded::Conflict`] under an id of its own.
    ///   The same holds inside a batch, in its order.
    /// - A dead letter whose id is known changes nothing when it [is about the same](NewDeadLetter::is_about);
    ///   otherwise it is recorded [as a conflict](NewDeadLetter::as_conflict) under an id of its own.
    /// - A dead letter whose event is a signal is not recorded ([`Recorded::Duplicate`]), unless both contents are known
    ///   and differ: then it is recorded as a conflict too.
    ///
    /// A store on a server dates records by that server's clock, so that no worker's clock decides how
    /// long they are kept.
    /// Every signal's model has to be there: otherwise nothing is recorded, and the error is
    /// [`MissingModel`](StoreError::MissingModel). A store that was restored from an older backup lacks models that were kept.
    ///
    /// After an error of class [`Data`](crate::FailureClass::Data) no record of the batch was stored: record its halves
    /// to find the event that may be [at fault](Signals::is_at_fault). After any other error the batch was recorded whole
    /// or not at all: record it again.
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError>;

    /// Records a batch as [`record`](Signals::record) does, of events that are received at this moment: by the store's own stamp,
    /// whatever the records say. The stamp is later than every instant up to which something was erased, so an event that comes
    /// after an erasure is kept, whatever the clocks show.
    async fn receive(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record(batch).await
    }

    /// Records signals that were scored elsewhere, as [`record`](Signals::record) does, except that they keep their time of
    /// processing.
    async fn import(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record(batch).await
    }

    /// Whether a signal that was refused is at fault itself. Records it once more, and ordinary signals after it, in one
    /// transaction that is rolled back: `true` when the store refuses the signal and takes an ordinary one, `false` when it
    /// takes the signal now.
    ///
    /// When it refuses ordinary signals too, the schema is at fault: that is [`Setup`](StoreError::Setup). Any number of
    /// callers may ask at once. No row of the attempt stays, but signal numbers may have gaps.
    async fn is_at_fault(&self, signal: &NewSignal, payload: &bytes::Bytes) -> Result<bool, StoreError>;

    /// A signal by its number.
    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError>;

    /// A signal by the event it was made from.
    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError>;

    /// A page of a sorted list. Following [`SignalQuery::position`] with the last row's key returns every row
    /// that existed at the start once, even if rows are added meanwhile.
    ///
    /// With [`SignalQuery::until`] the list holds only signals stored before then, less those
    /// removed meanwhile.
    ///
    /// A list that no index serves reads for two seconds at most, then it fails as [`TooBroad`](StoreError::TooBroad); so
    /// does a count that no counter serves.
    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError>;

    /// The latest instant of the store before which nothing is added any more. Signals of transactions that are under way,
    /// and of all that began after the oldest of these, come after it.
    async fn horizon(&self) -> Result<Horizon, StoreError>;

    /// How many signals a filter has: exact for [single dimensions](SignalFilter::single_dimension), otherwise counted up to
    /// [`Total::COUNTED_UP_TO`].
    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError>;

    /// Figures over all signals, at a cost that does not grow with their number.
    async fn stats(&self) -> Result<SignalStats, StoreError>;
}
