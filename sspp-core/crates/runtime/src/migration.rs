//! Migration of PostgreSQL's schema: once, as a command, or at start until it is done.

use std::sync::Arc;
use std::time::Duration;

use sspp_postgres::{PgConfig, PgStore};

use super::RunError;

const AGAIN: Duration = Duration::from_secs(2);

/// Brings a schema up to this release; gives how many migrations that took.
pub async fn migrate(config: PgConfig) -> Result<usize, RunError> {
    let store = PgStore::open(config).await.map_err(RunError::Migrate)?;
    let applied = store.migrate().await.map_err(RunError::Migrate)?;
    store.close().await;
    Ok(applied)
}

/// Brings the store's schema up to this release, trying again until it is.
pub(super) async fn migrate_until_done(store: Arc<PgStore>) {
    loop {
        match store.migrate().await {
            Ok(applied) => {
                tracing::info!(applied, "the schema is up to date");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the schema could not be migrated; trying again");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }
}
