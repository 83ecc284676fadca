//! What a background duty is, and how it claims its work.

use async_trait::async_trait;

use crate::StoreError;

/// Work that comes back for as long as the process runs.
///
/// A duty claims its work in the database, since any number of processes may have the same duty. Each step is one transaction
/// that picks rows which no other step holds (`FOR UPDATE SKIP LOCKED` on PostgreSQL; SQLite has one writer), does its work on
/// them and commits. The claim ends with the transaction, so a process that dies holds nothing back.
#[async_trait]
pub(super) trait Duty: Send {
    /// What it does, for the log.
    fn name(&self) -> &'static str;

    /// Does all that is due.
    async fn round(&mut self) -> Result<(), StoreError>;

    /// Waits until there may be more to do.
    async fn rest(&self);
}
