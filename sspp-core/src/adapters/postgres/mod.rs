//! The store on PostgreSQL, shared by any number of processes.
//!
//! | what | where |
//! |---|---|
//! | settings, what every connection is given | [`config`](config) |
//! | one connection for one call, closed when the call fails | `session` |
//! | recording a batch in one transaction | `store_write`, `tallies` |
//! | removing what is too old | `expiry` |
//! | lists and counts | `signal_select` |
//! | rows as the domain's types | `signal_rows` |
//! | errors by what they mean | `failure` |

mod config;
mod expiry;
mod failure;
mod session;
mod signal_rows;
mod signal_select;
mod store;
mod store_write;
mod tallies;

pub use config::{PgConfig, PgOpenError};
pub use store::PgSignalStore;
