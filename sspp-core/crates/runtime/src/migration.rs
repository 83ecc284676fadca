//! Migration at start, by processes that are told to.

use std::sync::Arc;
use std::time::Duration;

use sspp_postgres::PgStore;

const AGAIN: Duration = Duration::from_secs(2);

/// Brings the store's schema up to this release, trying again until it is: the database may come up later than the process.
///
/// ```no_run
/// # async fn at_start(store: std::sync::Arc<sspp_core::PgStore>) {
/// tokio::spawn(sspp_runtime::migrate_until_done(store));
/// # }
/// ```
pub async fn migrate_until_done(store: Arc<PgStore>) {
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
