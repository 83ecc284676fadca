//! Settings of the store on PostgreSQL.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// Settings of the store on PostgreSQL.
///
/// ```
/// use sspp_core::PgConfig;
/// let config = PgConfig { connections: 4, ..PgConfig::new("postgres://sspp:secret@db.example/sspp") };
/// assert!(!format!("{config:?}").contains("secret"));
/// ```
#[derive(Clone)]
pub struct PgConfig {
    /// `postgres://user:password@host:port/database?sslmode=…`.
    pub url: String,
    /// How many connections at most; 10 by default. Each batch that is recorded holds one, and so does each question.
    pub connections: u32,
    /// How long a statement may take; 10 seconds by default. A call that outlasts its statements' limit by two seconds
    /// is given up and its connection closed. It must be shorter than the queue's claim bound.
    pub statement_timeout: Duration,
    /// How long to wait for a connection; 2 seconds by default.
    pub acquire_timeout: Duration,
}

impl PgConfig {
    /// The defaults for a database.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connections: 10,
            statement_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(2),
        }
    }

    /// What every connection is opened with. The limits are set by the server itself, so that a statement whose client
    /// is gone ends too. A pooler between must let `options` through.
    pub(super) fn connect_options(&self) -> Result<PgConnectOptions, PgOpenError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            let fault = "the URL of PostgreSQL does not begin with postgres:// or postgresql://";
            return Err(PgOpenError::Config(fault.to_owned()));
        }
        let options: PgConnectOptions = self
            .url
            .parse()
            .map_err(|error: sqlx::Error| PgOpenError::Config(format!("the URL of PostgreSQL: {error}")))?;
        let statement = self.statement_timeout.as_millis();
        // Its texts are no news, and would fill the log in an outage.
        let options = options.disable_statement_logging();
        Ok(options.application_name("sspp").options([
            ("statement_timeout", statement.to_string()),
            ("lock_timeout", (statement / 2).max(1).to_string()),
            ("idle_in_transaction_session_timeout", statement.to_string()),
            ("timezone", "UTC".to_owned()),
        ]))
    }
}

impl std::fmt::Debug for PgConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The URL may hold a password.
        f.debug_struct("PgConfig")
            .field("connections", &self.connections)
            .field("statement_timeout", &self.statement_timeout)
            .field("acquire_timeout", &self.acquire_timeout)
            .finish_non_exhaustive()
    }
}

/// Why a store on PostgreSQL cannot be opened or migrated.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use sspp_core::{PgConfig, PgOpenError, PgSignalStore};
/// let refused = PgSignalStore::open(PgConfig::new("mysql://db")).await.unwrap_err();
/// assert!(matches!(refused, PgOpenError::Config(_)));
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PgOpenError {
    /// The settings cannot be used.
    #[error("{0}")]
    Config(String),
    /// The database cannot be reached or refuses.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}
