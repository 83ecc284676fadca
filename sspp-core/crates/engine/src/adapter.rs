//! What adapters share: rules that every queue or store keeps, written once.

pub use crate::ordinary::ordinary;
pub use crate::ports::CALL_BYTES;
pub use crate::query::Snapshot;
