//! Settings of the store on PostgreSQL.

use std::time::Duration;

/// Settings of the store on PostgreSQL.
#[derive(Clone)]
pub struct PgConfig {
    /// `postgres://user:password@host:port/database?sslmode=…`.
    pub url: String,
    /// How many connections at most; 10 by default.
    pub connections: u32,
    /// How long a statement may take; 10 seconds by default.
    pub statement_timeout: Duration,
}

impl PgConfig {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), connections: 10, statement_timeout: Duration::from_secs(10) }
    }
}

impl std::fmt::Debug for PgConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("PgConfig").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// Why a store on PostgreSQL cannot be opened or migrated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PgOpenError {
    /// The settings cannot be used.
    #[error("{0}")]
    Config(String),
    /// The database cannot be reached or refuses.
    #[error("{0}")]
    Database(String),
}
