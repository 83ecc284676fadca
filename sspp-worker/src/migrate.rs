//! The `migrate` command.

use clap::Args;
use sspp_core::PgConfig;
use sspp_runtime::{ConfigError, DatabaseArgs, LogArgs, RunError};

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

/// Brings the schema of PostgreSQL up to this release and says how many migrations that took. Needs no queue.
///
/// ```no_run
/// use clap::Parser as _;
/// let line = ["sspp-worker", "migrate", "--database-url", "postgres://localhost/sspp"];
/// if let Some(sspp_worker::Command::Migrate(args)) = sspp_worker::CommandLine::parse_from(line).command {
///     println!("{}", sspp_worker::migrate(&args)?);
/// }
/// # Ok::<(), sspp_worker::RunError>(())
/// ```
pub fn migrate(args: &MigrateArgs) -> Result<String, RunError> {
    let logs = args.logs.check()?;
    let url = args.database.url()?.ok_or(ConfigError::Missing {
        missing: "DATABASE_URL (or POSTGRES_HOST, POSTGRES_USER and POSTGRES_DB)",
        why: "it says where the PostgreSQL is whose schema is to be migrated",
    })?;
    logs.start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(match runtime.block_on(sspp_runtime::migrate(PgConfig::new(url.expose())))? {
        0 => "the schema is up to date: no migration was needed".to_owned(),
        1 => "the schema is up to date: 1 migration was applied".to_owned(),
        many => format!("the schema is up to date: {many} migrations were applied"),
    })
}
