//! The store in the SQLite file: a file for each of its ports, and what they share.

pub(crate) mod dead_letters;
mod dialect;
pub(crate) mod erasure;
pub(crate) mod figures;
pub(crate) mod housekeeping;
mod in_memory;
pub(crate) mod index;
pub(crate) mod models;
pub(crate) mod record;
mod signals;
mod sqlite_store;
pub(crate) mod state;
mod status;

pub use sqlite_store::SqliteStore;
