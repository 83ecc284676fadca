//! Settings of the store on PostgreSQL.

use std::time::Duration;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use super::place::Place;
use super::settings::Settings;

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

    /// Which server and which database that is, without user and password.
    ///
    /// ```
    /// let config = sspp_core::PgConfig::new("postgres://sspp:secret@db.example/sspp");
    /// assert_eq!(config.place().unwrap(), "PostgreSQL at db.example:5432, database sspp");
    /// ```
    pub fn place(&self) -> Result<String, PgOpenError> {
        Ok(Place::new(self.connect_options()?).to_string().trim_end_matches(',').to_owned())
    }

    /// What every connection is opened with: only what a pooler lets through. The rest is [set](super::settings) after it.
    pub(super) fn connect_options(&self) -> Result<PgConnectOptions, PgOpenError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| self.url.starts_with(scheme)) {
            let fault = "the URL of PostgreSQL does not begin with postgres:// or postgresql://";
            return Err(PgOpenError::Config(fault.to_owned()));
        }
        let options: PgConnectOptions = self
            .url
            .parse()
            .map_err(|error: sqlx::Error| PgOpenError::Config(format!("the URL of PostgreSQL: {error}")))?;
        // Its texts are no news, and would fill the log in an outage.
        let options = options.disable_statement_logging();
        Ok(options.application_name("sspp").extra_float_digits(None))
    }

    pub(super) fn settings(&self) -> Settings {
        Settings::with_limits(self.statement_timeout)
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
/// use sspp_core::{PgConfig, PgOpenError, PgStore};
/// let refused = PgStore::open(PgConfig::new("mysql://db")).await.unwrap_err();
/// assert!(matches!(refused, PgOpenError::Config(_)));
/// # });
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PgOpenError {
    /// The settings cannot be used.
    #[error("{0}")]
    Config(String),
    /// The database cannot hold every text.
    #[error("{0}")]
    Encoding(String),
    /// The database cannot be reached, or refuses this user.
    #[error("{0}")]
    Unreachable(String),
    /// The database refuses the migration.
    #[error("the database cannot be migrated: {0}")]
    Migrate(#[source] Box<dyn std::error::Error + Send + Sync>),
}
