//! Whether the server would take a signal now, without giving it one.

use sqlx::PgConnection;

use super::failure::{Failure, MIGRATE};
use super::migration;

/// Takes pages of the server's disk and gives them back: a sort that its memory does not hold. A full disk refuses them as it
/// refuses a signal.
const TAKE_PAGES: &str = "BEGIN READ ONLY; SET LOCAL work_mem = '64kB'; \
    SELECT count(*) FROM (SELECT repeat('x', 900) || n FROM generate_series(1, 200) AS n ORDER BY 1) AS sorted; \
    COMMIT";

/// Fails when the schema is older than this release, or the server would refuse to write.
pub(super) async fn can_record(connection: &mut PgConnection) -> Result<(), Failure> {
    let (read_only, rights, version): (bool, bool, i64) = sqlx::query_as(
        "SELECT current_setting('transaction_read_only')::bool OR pg_is_in_recovery(), \
         has_table_privilege('signals', 'INSERT') AND has_table_privilege('dead_letters', 'INSERT'), \
         coalesce(max(version), 0)::bigint FROM _sqlx_migrations WHERE success",
    )
    .fetch_one(&mut *connection)
    .await?;
    let needed = migration::needed();
    if version < needed {
        let reason = format!("its schema is of version {version}, {needed} is needed; {MIGRATE}");
        return Err(Failure::Setup(reason));
    }
    if read_only {
        return Err(Failure::Refused("the server takes no writes"));
    }
    if !rights {
        return Err(Failure::Refused("this user may not insert signals and dead letters"));
    }
    sqlx::raw_sql(TAKE_PAGES).execute(connection).await?;
    Ok(())
}
