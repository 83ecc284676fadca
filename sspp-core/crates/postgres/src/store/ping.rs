//! Whether the server would take a signal now, without giving it one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::PgConnection;

use crate::failure::{Failure, MIGRATE};
use crate::migration;

/// Takes pages of the database's disk and gives them back: a sort that memory does not hold. A full disk refuses them as it
/// refuses a signal.
const TAKE_PAGES: &str = "BEGIN READ ONLY; SET LOCAL work_mem = '64kB'; SET LOCAL temp_tablespaces = ''; \
    SELECT count(*) FROM (SELECT repeat('x', 900) || n FROM generate_series(1, 200) AS n ORDER BY 1) AS sorted; \
    COMMIT";

/// What recording needs.
const RIGHTS: &str = "\
    SELECT bool_and(has_table_privilege(name, needed)) FROM (VALUES \
    ('signals', 'SELECT'), ('signals', 'INSERT'), ('models', 'SELECT'), ('erasures', 'SELECT'), \
    ('dead_letters', 'SELECT'), ('dead_letters', 'INSERT'), ('dead_letters', 'DELETE'), \
    ('type_tallies', 'INSERT'), ('type_tallies', 'UPDATE'), ('account_tallies', 'INSERT'), \
    ('account_tallies', 'UPDATE'), ('user_tallies', 'INSERT'), ('user_tallies', 'UPDATE'), \
    ('totals', 'UPDATE')) AS rights (name, needed)";

/// A server that gave pages is asked for some again after so long: looks are frequent, and each would be a write.
const PAGES_EVERY: Duration = Duration::from_secs(15);

/// When the server last gave pages.
#[derive(Debug, Default)]
pub(crate) struct Pages(Mutex<Option<Instant>>);

impl Pages {
    pub(crate) fn are_due(&self) -> bool {
        let taken = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.is_none_or(|at| at.elapsed() >= PAGES_EVERY)
    }

    pub(crate) fn were_taken(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Fails when the schema is older than this release, or the server would refuse to write.
pub(crate) async fn can_record(connection: &mut PgConnection, take_pages: bool) -> Result<(), Failure> {
    let (needed, checksum) = migration::needed();
    let (read_only, version, is_ours): (bool, i64, bool) = sqlx::query_as(
        "SELECT current_setting('transaction_read_only')::bool OR pg_is_in_recovery(), \
         coalesce(max(version), 0)::bigint, coalesce(bool_or(version = $1 AND checksum = $2), false) \
         FROM _sqlx_migrations WHERE success",
    )
    .bind(needed)
    .bind(checksum)
    .fetch_one(&mut *connection)
    .await?;
    if version < needed {
        let reason = format!("its schema is of version {version}, {needed} is needed; {MIGRATE}");
        return Err(Failure::Setup(reason));
    }
    if !is_ours {
        return Err(Failure::Setup(migration::OTHER_SCHEMA.to_owned()));
    }
    if read_only {
        return Err(Failure::Refused("the server accepts no writes"));
    }
    let rights: bool = sqlx::query_scalar(RIGHTS).fetch_one(&mut *connection).await?;
    if !rights {
        return Err(Failure::Refused(
            "this user has no right to write all tables of signals and dead letters",
        ));
    }
    if take_pages {
        sqlx::raw_sql(TAKE_PAGES).execute(connection).await?;
    }
    Ok(())
}
