//! The store in the SQLite file: a file for each of its ports, and what they share.

pub(crate) mod dead_letters;
pub(crate) mod erasure;
pub(crate) mod expiry;
mod figures;
mod housekeeping;
pub(crate) mod models;
pub(crate) mod record;
mod rows;
mod select;
mod signals;
mod sqlite_store;
mod status;

pub use sqlite_store::SqliteStore;
