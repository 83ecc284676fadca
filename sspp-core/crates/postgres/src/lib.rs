#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! | what | where |
//! |---|---|
//! | settings, what every connection is opened with | `config` |
//! | what every connection is set to | `settings` |
//! | where it is, and why it cannot be reached | `place` |
//! | one connection for one call, closed when the call fails | `session` |
//! | which idle connections may still be alive | `last_break` |
//! | the schema | `migration` |
//! | the predecessor's table | `legacy` |
//! | a file for each port | `store` |
//! | errors by what they mean | `failure` |

mod config;
mod failure;
mod last_break;
mod legacy;
mod migration;
mod place;
mod session;
mod settings;
mod store;

pub use config::{PgConfig, PgOpenError};
pub use legacy::{LegacyError, LegacySignal, LegacySignals};
pub use store::PgStore;
