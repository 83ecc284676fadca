#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! | what | where |
//! |---|---|
//! | contract suites that every adapter passes, port by port | [`contract`] |
//! | valid events, signals, models and dead letters by number | [`builders`] |
//! | laws that the fuzzers and the normal tests check | [`fuzz`] |
//! | stores that fail on demand, mocks of the ports | `faulty_store`, `mock` |
//! | a SQLite store in memory; Redis and PostgreSQL in containers | `sqlite`, `servers` |
//! | waiting for a condition; exported metrics against their list | `eventually`, `exposition` |

pub mod builders;
pub mod contract;
mod did_not_run;
mod eventually;
mod exposition;
mod faulty_store;
pub mod fuzz;
#[cfg(feature = "mock")]
mod mock;

#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use did_not_run::did_not_run;
pub use eventually::eventually;
pub use exposition::{differences, label_values};
pub use faulty_store::FaultyStore;
#[cfg(feature = "mock")]
pub use mock::{MockEventQueue, MockStore};
#[cfg(feature = "sqlite")]
pub use sqlite::store_in_memory;
