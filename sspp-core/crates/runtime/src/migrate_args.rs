//! The command that brings PostgreSQL's schema up to date, as every binary over PostgreSQL has it.

use clap::Args;
use sspp_postgres::PgConfig;

use super::{ConfigError, DatabaseArgs, LogArgs, RunError, migrate};

/// What is migrated.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct MigrateArgs {
    /// Where PostgreSQL is.
    #[command(flatten)]
    pub database: DatabaseArgs,

    /// What is logged.
    #[command(flatten)]
    pub logs: LogArgs,
}

impl MigrateArgs {
    /// Brings the schema up to this release and says how many migrations that took. Needs no queue.
    pub fn run(&self) -> Result<String, RunError> {
        let logs = self.logs.check()?;
        let url = self.database.url()?.ok_or(ConfigError::Missing {
            missing: "DATABASE_URL (or POSTGRES_HOST, POSTGRES_USER and POSTGRES_DB)",
            why: "the command migrates the schema of that PostgreSQL",
        })?;
        logs.start();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(match runtime.block_on(migrate(PgConfig::new(url.expose())))? {
            0 => "the schema is up to date: no migration was needed".to_owned(),
            1 => "the schema is up to date: 1 migration was applied".to_owned(),
            many => format!("the schema is up to date: {many} migrations were applied"),
        })
    }
}
