#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! One process owns the file. All writes go through one task, the `writer`, which gathers what callers ask for
//! at the same time into one durable transaction; reads have a few connections of their own.
//!
//! | what | where |
//! |---|---|
//! | the file: opened, locked, found again, closed | `open`, `connect`, `lock`, `place`, `log_name` |
//! | the task that writes, and what it is asked to do | `writer`, `command`, `multi_insert` |
//! | the store, a file for each port | `store` |
//! | when events are received | `stamp` |
//! | the log, moved into the file beside the writer | `log` |
//! | reads with a time limit | `bounded` |
//! | errors by what they mean | `failure`, `open_error` |

mod bounded;
mod command;
mod config;
mod connect;
mod failure;
mod lock;
mod log;
mod log_lock;
mod log_name;
mod multi_insert;
mod open;
mod open_error;
mod place;
mod stamp;
mod store;
mod writer;

pub use config::SqliteConfig;
pub use open_error::SqliteOpenError;
pub use store::SqliteStore;
