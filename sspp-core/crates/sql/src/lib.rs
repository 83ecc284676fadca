#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! | what | where |
//! |---|---|
//! | what differs between the databases | `dialect` |
//! | statements and rows, by port | `signals`, `stats`, `dead_letters`, `models` |
//! | what a batch finds in the tables | `found` |
//! | structs that are read from rows, and their values | `row`, `rows` |

mod dead_letters;
mod dialect;
mod found;
mod models;
mod row;
mod rows;
mod signals;
mod stats;

pub use dead_letters::{DeadLetterRow, count_dead_letters, dead_letter, dead_letters};
pub use dialect::{Dialect, Value};
pub use found::{FoundRow, add_found};
pub use models::{ModelRow, model};
pub use rows::{Corrupt, Row, StoredId, StoredInstant, one, page, read_count, read_digest, total};
pub use signals::{RemovedSignal, SignalRow, count_signals, last_signal, signal, signal_of_event, signals};
pub use stats::{StatsRow, stats};
