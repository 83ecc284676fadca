//! Bringing the schema up to date.

use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, SqlSafeStr as _};

use super::place::Place;
use super::settings::Settings;
use super::{PgConfig, PgOpenError};

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let sql = include_str!("../migrations/0001_store.sql").into_sql_str();
    Migrator::with_migrations(vec![Migration::new(1, "store".into(), MigrationType::Simple, sql, false)])
});

/// How long a migration tries to connect.
const MIGRATION_CONNECT: Duration = Duration::from_secs(5);

/// What is said of a schema of a later version, or of one from before the first release.
pub(super) const OTHER_SCHEMA: &str =
    "its schema is that of another version of SSPP; run that version, or use an empty database";

/// The version of the schema that this release needs, and the digest of what made it.
pub(super) fn needed() -> (i64, &'static [u8]) {
    let last = MIGRATIONS.iter().max_by_key(|migration| migration.version);
    last.map_or((0, &[]), |migration| (migration.version, &*migration.checksum))
}

/// Applies what is missing, under a lock; returns how many migrations that were.
pub(super) async fn migrate(config: &PgConfig) -> Result<usize, PgOpenError> {
    let options = config.connect_options()?;
    let place = Place::new(options.clone());
    // The pool would only say that it was late.
    let first = place.connect(MIGRATION_CONNECT).await.map_err(PgOpenError::Unreachable)?;
    drop(first.close().await);
    let (pool, unfit) = Settings::without_limits()
        .of_pool(PgPoolOptions::new().max_connections(1).acquire_timeout(MIGRATION_CONNECT));
    let pool = pool.connect_with(options).await;
    let pool = pool.map_err(|error| PgOpenError::Unreachable(place.unreachable(&error)))?;
    if let Some(reason) = unfit.borrow().clone() {
        return Err(PgOpenError::Encoding(reason));
    }
    let before = applied(&pool).await;
    MIGRATIONS.run(&pool).await.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) => {
            PgOpenError::Migrate(OTHER_SCHEMA.into())
        }
        error if is_forbidden(&error) => {
            PgOpenError::Migrate(format!("{error}; connect as the user that owns the tables").into())
        }
        error => PgOpenError::Migrate(error.into()),
    })?;
    let after = applied(&pool).await;
    pool.close().await;
    Ok(after.saturating_sub(before))
}

/// Whether the user lacks a right.
fn is_forbidden(error: &MigrateError) -> bool {
    let (MigrateError::Execute(cause) | MigrateError::ExecuteMigration(cause, _)) = error else {
        return false;
    };
    cause.as_database_error().is_some_and(|cause| cause.code().as_deref() == Some("42501"))
}

/// How many migrations a database has; none where there is no table of them.
async fn applied(pool: &sqlx::PgPool) -> usize {
    let count: Result<i64, _> =
        sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success").fetch_one(pool).await;
    count.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}
