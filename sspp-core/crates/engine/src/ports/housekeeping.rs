//! The port through which signals and dead letters are removed: retention and erasure.

use async_trait::async_trait;

use super::StoreError;
use crate::{Erased, Erasure};
use sspp_events::Timestamp;

/// Retention and erasure.
#[async_trait]
pub trait Housekeeping: Send + Sync + std::fmt::Debug {
    /// Begins to erase an account or user. [`erase_step`](Housekeeping::erase_step) then removes all its rows, whatever their times.
    /// After this call returns, no event of it that was received up to [`up_to`](Erasure::up_to) is recorded
    /// ([`Recorded::Erased`](super::Recorded::Erased)), whether it is new, replayed or imported. Repeating the call also erases events received
    /// in between; the later instant counts.
    ///
    /// The store remembers a digest of the id for ever, and the id itself until its rows are gone.
    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError>;

    /// The latest instant up to which something was erased: a queue has to give later stamps, or new events would be
    /// dropped as erased ([`EventQueue::fence`](crate::EventQueue::fence)).
    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Removes up to `max` signals and `max` dead letters of an erasure that was begun, and their part of the statistics,
    /// in small transactions. `None` when every erasure is complete. Any number of callers may do so at once.
    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError>;

    /// Removes up to `max` of the oldest signals that were processed before an instant, and their part of the
    /// statistics, in one transaction. Returns how many were removed. Models stay.
    ///
    /// An event that is delivered again after its signal was removed is a new event to the store and counts
    /// again. So keep signals for longer than any client retries and any queue redelivers.
    ///
    /// Recording continues meanwhile. A batch whose known event expires while it is recorded may fail as
    /// [`Contention`](StoreError::Contention), like any batch that is to be recorded again.
    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError>;

    /// Removes up to `max` of the oldest dead letters that died before an instant, in one transaction. Returns how many were removed.
    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError>;
}
