//! The store on PostgreSQL, shared by any number of processes.
//!
//! | what | where |
//! |---|---|
//! | settings, what every connection is opened with | `config` |
//! | what every connection is set to | `settings` |
//! | settings of the server that put signals at risk | `risks` |
//! | where it is, and why it cannot be reached | `place` |
//! | one connection for one call, closed when the call fails | `session` |
//! | recording a batch in one transaction | `store_write`, `tallies` |
//! | whether a refused signal is at fault | `at_fault` |
//! | figures, and the horizon | `figures` |
//! | removing what is too old, or erased | `expiry`, `erasure` |
//! | dead letters by themselves | `letters` |
//! | the schema | `migration` |
//! | the predecessor's table | `legacy` |
//! | lists and counts | `signal_select` |
//! | rows as the domain's types | `signal_rows` |
//! | whether the server would take a write | `ping` |
//! | errors by what they mean | `failure` |

mod at_fault;
mod config;
mod erasure;
mod expiry;
mod failure;
mod figures;
mod legacy;
mod letters;
mod migration;
mod ping;
mod place;
mod risks;
mod session;
mod settings;
mod signal_rows;
mod signal_select;
mod store;
mod store_write;
mod tallies;

pub use config::{PgConfig, PgOpenError};
pub use legacy::{LegacyError, LegacySignal, LegacySignals};
pub use store::PgStore;
