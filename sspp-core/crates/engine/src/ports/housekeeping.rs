//! The port through which signals and dead letters are removed: retention and erasure.

use async_trait::async_trait;

use super::StoreError;
use crate::{Erased, Erasure};
use sspp_events::Timestamp;

/// Retention and erasure.
#[async_trait]
pub trait Housekeeping: Send + Sync + std::fmt::Debug {
    /// Begins to erase. All that the store holds of that account or user goes by [`erase_step`](Housekeeping::erase_step),
    /// whatever its times say. From its return on no event of it that was received up to
    /// [`up_to`](Erasure::up_to) is recorded, wherever it comes from ([`Recorded::Erased`](super::Recorded::Erased)). Repeating it erases what came in
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
}
