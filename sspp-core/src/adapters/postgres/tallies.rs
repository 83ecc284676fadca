//! Figures over all signals, kept in step with the rows that were really inserted.
//!
//! Locks are taken in one order by everybody: accounts, users, then the slots of the counters, each sorted.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::failure::Failure;
use crate::NewSignal;

/// What a batch adds. Sorted, so that everybody locks rows in the same order.
#[derive(Debug, Default)]
pub(super) struct Tallies<'a> {
    types: BTreeMap<(&'a str, &'a str), (i64, i64)>,
    accounts: BTreeMap<&'a str, i64>,
    users: BTreeMap<&'a str, i64>,
    dead_letters: i64,
}

/// Each step names the one before it, which makes the server finish that one first. An account is new when all it has
/// is what was added.
const ADD: &str = "\
    WITH added_accounts AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS a (account_id, added)), \
    added_users AS (SELECT * FROM unnest($3::text[], $4::bigint[]) AS u (user_id, added)), \
    accounts AS ( \
        INSERT INTO account_tallies AS t (account_id, signals) \
        SELECT account_id, added FROM added_accounts ORDER BY account_id COLLATE \"C\" \
        ON CONFLICT (account_id) DO UPDATE SET signals = t.signals + excluded.signals \
        RETURNING account_id, signals), \
    new_accounts AS ( \
        SELECT count(*) AS n FROM accounts JOIN added_accounts USING (account_id) WHERE signals = added), \
    users AS ( \
        INSERT INTO user_tallies AS t (user_id, signals) \
        SELECT user_id, added FROM added_users WHERE (SELECT n FROM new_accounts) >= 0 ORDER BY user_id COLLATE \"C\" \
        ON CONFLICT (user_id) DO UPDATE SET signals = t.signals + excluded.signals \
        RETURNING user_id, signals), \
    new_users AS (SELECT count(*) AS n FROM users JOIN added_users USING (user_id) WHERE signals = added), \
    types AS ( \
        INSERT INTO type_tallies AS t (event_type, signal_type, slot, signals, score) \
        SELECT event_type, signal_type, pg_backend_pid() % 16, signals, score \
        FROM unnest($5::text[], $6::text[], $7::bigint[], $8::bigint[]) AS y (event_type, signal_type, signals, score) \
        WHERE (SELECT n FROM new_users) >= 0 ORDER BY event_type COLLATE \"C\", signal_type COLLATE \"C\" \
        ON CONFLICT (event_type, signal_type, slot) \
        DO UPDATE SET signals = t.signals + excluded.signals, score = t.score + excluded.score \
        RETURNING 1) \
    UPDATE totals SET accounts = accounts + (SELECT n FROM new_accounts), users = users + (SELECT n FROM new_users), \
        dead_letters = dead_letters + $9 \
    WHERE slot = pg_backend_pid() % 16 AND (SELECT count(*) FROM types) >= 0";

impl<'a> Tallies<'a> {
    /// Counts an inserted signal.
    pub(super) fn add(&mut self, signal: &'a NewSignal) {
        let event = &signal.accepted.event;
        let types = self.types.entry((event.event_type.as_str(), signal.signal_type.as_str())).or_default();
        types.0 += 1;
        types.1 += signal.score.units().get();
        *self.accounts.entry(event.account_id.as_str()).or_default() += 1;
        *self.users.entry(event.user_id.as_str()).or_default() += 1;
    }

    /// Counts dead letters: inserted ones above zero, removed ones below.
    pub(super) fn add_dead_letters(&mut self, count: i64) {
        self.dead_letters += count;
    }

    /// Adds it all to the tables.
    pub(super) async fn write(self, connection: &mut PgConnection) -> Result<(), Failure> {
        if self.types.is_empty() && self.dead_letters == 0 {
            return Ok(());
        }
        let texts = |map: &BTreeMap<&str, i64>| map.keys().map(|&key| key.to_owned()).collect::<Vec<_>>();
        let counts = |map: &BTreeMap<&str, i64>| map.values().copied().collect::<Vec<_>>();
        let event_types: Vec<String> = self.types.keys().map(|(event, _)| (*event).to_owned()).collect();
        let signal_types: Vec<String> = self.types.keys().map(|(_, signal)| (*signal).to_owned()).collect();
        let signals: Vec<i64> = self.types.values().map(|(count, _)| *count).collect();
        let scores: Vec<i64> = self.types.values().map(|(_, score)| *score).collect();
        sqlx::query(ADD)
            .bind(texts(&self.accounts))
            .bind(counts(&self.accounts))
            .bind(texts(&self.users))
            .bind(counts(&self.users))
            .bind(event_types)
            .bind(signal_types)
            .bind(signals)
            .bind(scores)
            .bind(self.dead_letters)
            .execute(connection)
            .await?;
        Ok(())
    }
}
