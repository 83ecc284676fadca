//! The `migrate` command.

use sspp_core::PgSignalStore;

use crate::app::RunError;
use crate::config::Config;

/// Brings the schema of PostgreSQL up to this release and says how many migrations that took. Needs no queue.
///
/// ```no_run
/// use clap::Parser as _;
/// let config = sspp_worker::Config::parse_from(["sspp-worker", "--database-url", "postgres://localhost/sspp"]);
/// println!("{}", sspp_worker::migrate(&config)?);
/// # Ok::<(), sspp_worker::RunError>(())
/// ```
pub fn migrate(config: &Config) -> Result<String, RunError> {
    let logs = config.logs.check()?;
    let database = config.backends.resolve_database()?;
    logs.start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let failed = |error: sspp_core::PgOpenError| RunError::Migrate(error.to_string());
        let store = PgSignalStore::open(database).await.map_err(failed)?;
        let applied = store.migrate().await.map_err(failed)?;
        store.close().await;
        Ok(match applied {
            0 => "the schema is up to date: no migration was needed".to_owned(),
            1 => "the schema is up to date: 1 migration was applied".to_owned(),
            many => format!("the schema is up to date: {many} migrations were applied"),
        })
    })
}
