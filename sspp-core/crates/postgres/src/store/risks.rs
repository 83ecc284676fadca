//! What of the server's settings puts recorded signals at risk, and what is to be changed.

use sqlx::PgConnection;

use crate::failure::Failure;
use sspp_engine::Durability;

/// Settings that no session can set, and those that ours set and must find again: what they have to be, and what else means.
const NEEDED: [(&str, &str, &str); 8] = [
    ("fsync", "on", "a crash of its machine can destroy the database: set `fsync = on`"),
    (
        "full_page_writes",
        "on",
        "a crash of its machine can leave pages half written: set `full_page_writes = on`",
    ),
    ("data_sync_retry", "off", "what its disk failed to write may be lost: set `data_sync_retry = off`"),
    (
        "zero_damaged_pages",
        "off",
        "damaged rows are silently removed: set `zero_damaged_pages = off`, also for the role",
    ),
    (
        "ignore_checksum_failure",
        "off",
        "damaged rows are read as if they were whole: set `ignore_checksum_failure = off`, also for the role",
    ),
    ("synchronous_commit", "on", POOLER),
    ("transaction_isolation", "read committed", POOLER),
    ("row_security", "off", POOLER),
];

const POOLER: &str = "a session does not keep what it is set to: a pooler in between has to pool sessions";

/// Tables that a crash empties.
const UNLOGGED: &str = "\
    SELECT relname::text FROM pg_class WHERE relpersistence = 'u' AND pg_table_is_visible(oid) AND relname IN \
    ('signals', 'dead_letters', 'models', 'erasures', 'type_tallies', 'account_tallies', 'user_tallies', 'totals') \
    ORDER BY relname";

/// What the server's own words say of its durability.
pub(crate) async fn durability(connection: &mut PgConnection) -> Result<Durability, Failure> {
    let names: Vec<&str> = NEEDED.iter().map(|(name, ..)| *name).collect();
    let values: Vec<Option<String>> =
        sqlx::query_scalar("SELECT current_setting(name, true) FROM unnest($1::text[]) WITH ORDINALITY AS n (name, at) ORDER BY at")
            .bind(names)
            .fetch_all(&mut *connection)
            .await?;
    let unlogged: Vec<String> = sqlx::query_scalar(UNLOGGED).fetch_all(connection).await?;
    let settings = NEEDED.iter().zip(values).filter_map(|((name, needed, meaning), value)| {
        let value = value?;
        // All but `off` wait for the disk.
        let kept = if *name == "synchronous_commit" { value != "off" } else { value == *needed };
        (!kept).then(|| format!("PostgreSQL has {name} = {value}: {meaning}"))
    });
    let tables = unlogged.into_iter().map(|table| {
        format!("the table {table} of PostgreSQL is unlogged, so a crash empties it: ALTER TABLE {table} SET LOGGED")
    });
    let reasons: Vec<String> = settings.chain(tables).collect();
    Ok(if reasons.is_empty() { Durability::Durable } else { Durability::AtRisk(reasons) })
}
