//! Figures over all signals, kept in step with the rows that were really inserted or removed.
//!
//! Every writer takes locks in one order: accounts, users, then the slots of the counters, each sorted.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::failure::Failure;
use sspp_engine::recording::Figures;

/// Each step names the one before it, which makes the server finish that one first. An account is new when all it has
/// is what was added, and gone when it has nothing.
const ADD: &str = "\
    WITH added_accounts AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS a (account_id, added)), \
    added_users AS (SELECT * FROM unnest($3::text[], $4::bigint[]) AS u (user_id, added)), \
    accounts AS ( \
        INSERT INTO account_tallies AS t (account_id, signals) \
        SELECT account_id, added FROM added_accounts ORDER BY account_id COLLATE \"C\" \
        ON CONFLICT (account_id) DO UPDATE SET signals = t.signals + excluded.signals \
        RETURNING account_id, signals), \
    new_accounts AS ( \
        SELECT count(*) FILTER (WHERE signals = added) - count(*) FILTER (WHERE signals = 0) AS n \
        FROM accounts JOIN added_accounts USING (account_id)), \
    users AS ( \
        INSERT INTO user_tallies AS t (user_id, signals) \
        SELECT user_id, added FROM added_users WHERE (SELECT n FROM new_accounts) IS NOT NULL ORDER BY user_id COLLATE \"C\" \
        ON CONFLICT (user_id) DO UPDATE SET signals = t.signals + excluded.signals \
        RETURNING user_id, signals), \
    new_users AS ( \
        SELECT count(*) FILTER (WHERE signals = added) - count(*) FILTER (WHERE signals = 0) AS n \
        FROM users JOIN added_users USING (user_id)), \
    types AS ( \
        INSERT INTO type_tallies AS t (event_type, signal_type, slot, signals, score) \
        SELECT event_type, signal_type, pg_backend_pid() % 16, signals, score \
        FROM unnest($5::text[], $6::text[], $7::bigint[], $8::bigint[]) AS y (event_type, signal_type, signals, score) \
        WHERE (SELECT n FROM new_users) IS NOT NULL ORDER BY event_type COLLATE \"C\", signal_type COLLATE \"C\" \
        ON CONFLICT (event_type, signal_type, slot) \
        DO UPDATE SET signals = t.signals + excluded.signals, score = t.score + excluded.score \
        RETURNING 1) \
    UPDATE totals SET accounts = accounts + (SELECT n FROM new_accounts), users = users + (SELECT n FROM new_users), \
        dead_letters = dead_letters + $9 \
    WHERE slot = pg_backend_pid() % 16 AND (SELECT count(*) FROM types) >= 0";

/// Names with nothing left. Their rows are this transaction's already, so it waits for no other; a transaction that waits for one
/// makes it again.
const REMOVE_EMPTY: &str = "\
    WITH accounts AS (DELETE FROM account_tallies WHERE account_id = ANY($1) AND signals = 0) \
    DELETE FROM user_tallies WHERE user_id = ANY($2) AND signals = 0";

/// Adds what changes to the tables.
pub(super) async fn write(figures: Figures<'_>, connection: &mut PgConnection) -> Result<(), Failure> {
    if figures.is_empty() {
        return Ok(());
    }
    let counts = |map: &BTreeMap<&str, i64>| map.values().copied().collect::<Vec<_>>();
    let (event_types, signal_types): (Vec<&str>, Vec<&str>) = figures.types.keys().copied().unzip();
    let (signals, scores): (Vec<i64>, Vec<i64>) = figures.types.values().copied().unzip();
    sqlx::query(ADD)
        .bind(texts(&figures.accounts))
        .bind(counts(&figures.accounts))
        .bind(texts(&figures.users))
        .bind(counts(&figures.users))
        .bind(event_types)
        .bind(signal_types)
        .bind(signals)
        .bind(scores)
        .bind(figures.dead_letters)
        .execute(&mut *connection)
        .await?;
    if figures.shrinks {
        let (accounts, users) = (texts(&figures.accounts), texts(&figures.users));
        sqlx::query(REMOVE_EMPTY).bind(accounts).bind(users).execute(connection).await?;
    }
    Ok(())
}

fn texts<'a>(map: &BTreeMap<&'a str, i64>) -> Vec<&'a str> {
    map.keys().copied().collect()
}
