//! Events on disk until the server answered for them: they survive a crash, a restart and days offline.
//!
//! A [`Spool`] is a folder of checksummed segments, oldest first. [`append`](Spool::append) puts a payload at the end,
//! [`peek`](Spool::peek) gives the oldest that are not settled, and [`settle`](Spool::settle) forgets them. What was not
//! settled is given again after a restart, so a payload may be seen twice, and never not at all; events carry their own
//! ids, by which the server counts each once.
//!
//! # What a crash loses
//!
//! | | the process dies (also by `kill -9`) | the machine dies |
//! |---|---|---|
//! | [`SpoolSync::EachAppend`] | nothing that was appended | nothing that was appended |
//! | [`SpoolSync::Every`] a second (default) | nothing that was appended | about the last second |
//! | [`SpoolSync::Never`] | nothing that was appended | what the system had not written yet, often 30 s |
//!
//! A write that a crash cut short is a torn tail: it is counted and left out. A record that the disk damaged is counted
//! and skipped, and the records behind it are still found.
//!
//! One process uses a folder at a time; another is refused by name ([`SpoolError::InUse`]).

mod config;
mod cursor;
mod error;
mod folder;
#[cfg(feature = "testing")]
pub mod law;
mod reader;
mod record;
mod segment;
mod state;
mod store;
mod view;
mod write;

pub use config::{SpoolConfig, SpoolFull, SpoolSync};
pub use error::SpoolError;
pub use store::Spool;
pub use view::{SpoolBatch, SpoolStats};
