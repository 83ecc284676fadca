//! The port through which signals are kept and asked for.

use async_trait::async_trait;

use super::{Durability, StoreError};
use crate::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, Erased, Erasure, Horizon, NewDeadLetter, NewSignal,
    NumberedDeadLetter, Page, Signal, SignalFilter, SignalQuery, SignalStats, Total,
};
use sspp_events::{ContentDigest, DeadLetterId, EventId, ModelDigest, SignalId, Timestamp};
use sspp_scoring::ModelRecord;

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
    /// The event's account or user [was erased](Store::begin_erasure) after it was received: nothing was kept of it.
    Erased,
}

/// Where signals are kept. The effect is exactly once: an event id is a signal or a dead letter, never both and never
/// twice, however often it is recorded and whatever is killed in between; until it [expires](Store::expire_signals).
#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Records a batch in one transaction and answers one [`Recorded`] a record, in their order.
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
    /// A store on a server of its own dates what is recorded by that server's clock, so that no worker's clock decides how
    /// long it is kept.
    /// Every signal's model has to be there: otherwise nothing is recorded, and the error is
    /// [`MissingModel`](StoreError::MissingModel). A store that was restored from an older backup lacks models that were kept.
    ///
    /// After an error of class [`Data`](crate::FailureClass::Data) nothing of the batch was recorded: record its halves
    /// to find the event that may be [at fault](Store::is_at_fault). After any other error the batch was recorded whole
    /// or not at all: record it again.
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError>;

    /// Records what was scored elsewhere, as [`record`](Store::record) does, except that everything keeps its time of
    /// processing.
    async fn import(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record(batch).await
    }

    /// Whether a signal that was refused is at fault itself. Records it once more, and ordinary signals after it, in one
    /// transaction that is rolled back: `true` when the store refuses the signal and takes an ordinary one, `false` when it
    /// takes the signal now.
    ///
    /// When it refuses ordinary signals too, the schema is at fault: that is [`Setup`](StoreError::Setup). Any number of
    /// callers may ask at once, and nothing of what was tried stays, though numbers of signals may be left out.
    async fn is_at_fault(&self, signal: &NewSignal, payload: &bytes::Bytes) -> Result<bool, StoreError>;

    /// A signal by its number.
    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError>;

    /// A signal by the event it was made from.
    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError>;

    /// A stretch of a sorted list. Following [`SignalQuery::position`] with the last row's key returns every row
    /// that was there at the start once, whatever is added meanwhile.
    ///
    /// With [`SignalQuery::until`] it is a list of what was stored before then: following it returns exactly that, less what
    /// is removed meanwhile.
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

    /// A dead letter by its id.
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError>;

    /// Dead letters, the last first.
    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError>;

    /// A stretch of the dead letters, in the order of recording or against it.
    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError>;

    /// How many dead letters a filter has, of those with a higher number than `after`; counted up to
    /// [`Total::COUNTED_UP_TO`].
    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError>;

    /// Gives a dead letter another payload and content, if it still has the payload `held`; answers whether it had.
    ///
    /// Its id, its place in the order of recording and why it died stay. An event of the former content that is still on
    /// its way becomes a [`Recorded::Conflict`] from then on.
    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: bytes::Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError>;

    /// Removes a dead letter; answers whether it was there.
    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError>;

    /// Begins to erase. All that the store holds of that account or user goes by [`erase_step`](Store::erase_step),
    /// whatever its times say. From its return on no event of it that was received up to
    /// [`up_to`](Erasure::up_to) is recorded, wherever it comes from ([`Recorded::Erased`]). Repeating it erases what came in
    /// between too; the later instant counts.
    ///
    /// The store remembers a digest of the id for ever, and the id itself until its rows are gone.
    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError>;

    /// The latest instant up to which something was erased: a queue has to stamp later than that, or new events would be taken
    /// for erased ones ([`EventQueue::fence`](crate::EventQueue::fence)).
    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Removes up to `max` signals and `max` dead letters of an erasure that was begun, with all they add to the statistics,
    /// in small transactions. `None` when every erasure is complete. Any number of callers may do so at once.
    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError>;

    /// Removes up to `max` of the oldest signals that were processed before an instant, with all they add to the
    /// statistics, in one transaction; answers how many went. Models stay.
    ///
    /// Forgetting has a price: an event that is delivered again after its signal went is a new event to the store and counts
    /// again. Signals have to be kept for longer than any client retries and any queue delivers again.
    ///
    /// Recording goes on meanwhile. A batch whose known event expires while it is recorded may fail as
    /// [`Contention`](StoreError::Contention), like any batch that is to be recorded again.
    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError>;

    /// Removes up to `max` of the oldest dead letters that died before an instant, in one transaction; answers how many went.
    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError>;

    /// What the store's clock shows: by it the times of processing are given and ages are counted.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Keeps a scoring model under its digest; a known digest changes nothing.
    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError>;

    /// A scoring model by its digest.
    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError>;

    /// Whether the store can record now. What refuses a signal refuses this too: a full disk, a server or file that is only
    /// read, a missing right.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Whether what the store recorded survives a crash of its server, as far as the server tells.
    async fn durability(&self) -> Result<Durability, StoreError>;
}
