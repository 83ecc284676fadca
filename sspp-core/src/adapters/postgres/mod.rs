//! The store on PostgreSQL.

mod config;
mod store;

pub use config::{PgConfig, PgOpenError};
pub use store::PgSignalStore;
