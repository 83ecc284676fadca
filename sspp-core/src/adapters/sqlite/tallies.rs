//! Figures over all signals, kept in step with the rows that were really inserted.

use std::collections::BTreeMap;

use sqlx::SqliteConnection;

use super::failure::Failure;
use crate::NewSignal;

/// What a batch adds. Sorted, so that the tables are touched in their own order.
#[derive(Debug, Default)]
pub(super) struct Tallies<'a> {
    types: BTreeMap<(&'a str, &'a str), (i64, i64)>,
    accounts: BTreeMap<&'a str, i64>,
    users: BTreeMap<&'a str, i64>,
    dead_letters: i64,
}

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
    pub(super) async fn write(self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        if !self.types.is_empty() {
            let types: Vec<_> = self
                .types
                .iter()
                .map(|((event, signal), (count, score))| (event, signal, count, score))
                .collect();
            sqlx::query(
                "INSERT INTO type_tallies (event_type, signal_type, signals, score) \
                 SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true \
                 ON CONFLICT DO UPDATE SET signals = signals + excluded.signals, score = score + excluded.score",
            )
            .bind(json(&types))
            .execute(&mut *connection)
            .await?;
        }
        let mut accounts = 0;
        let mut users = 0;
        if !self.accounts.is_empty() {
            // First the new names: the statement's count of rows is what grows the number of different ones.
            let names = json(&self.accounts.iter().collect::<Vec<_>>());
            accounts = change(
                connection,
                "INSERT INTO account_tallies (account_id, signals) \
                 SELECT value ->> 0, 0 FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
                &names,
            )
            .await?;
            change(
                connection,
                "UPDATE account_tallies SET signals = signals + (added.value ->> 1) \
                 FROM json_each(?) AS added WHERE account_id = added.value ->> 0",
                &names,
            )
            .await?;
            let names = json(&self.users.iter().collect::<Vec<_>>());
            users = change(
                connection,
                "INSERT INTO user_tallies (user_id, signals) \
                 SELECT value ->> 0, 0 FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
                &names,
            )
            .await?;
            change(
                connection,
                "UPDATE user_tallies SET signals = signals + (added.value ->> 1) \
                 FROM json_each(?) AS added WHERE user_id = added.value ->> 0",
                &names,
            )
            .await?;
        }
        if (accounts, users, self.dead_letters) != (0, 0, 0) {
            sqlx::query(
                "UPDATE totals SET accounts = accounts + ?, users = users + ?, dead_letters = dead_letters + ?",
            )
            .bind(accounts)
            .bind(users)
            .bind(self.dead_letters)
            .execute(connection)
            .await?;
        }
        Ok(())
    }
}

async fn change(connection: &mut SqliteConnection, sql: &'static str, names: &str) -> Result<i64, Failure> {
    let changed = sqlx::query(sql).bind(names).execute(connection).await?.rows_affected();
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
