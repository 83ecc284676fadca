//! Figures over all signals, kept in step with the rows that were really inserted or removed.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::expiry::RemovedSignal;
use crate::failure::Failure;
use sspp_engine::NewSignal;

/// What a batch adds, or takes away. Sorted, so that the tables are touched in their own order.
#[derive(Debug, Default)]
pub(crate) struct Tallies<'a> {
    types: BTreeMap<(&'a str, &'a str), (i64, i64)>,
    accounts: BTreeMap<&'a str, i64>,
    users: BTreeMap<&'a str, i64>,
    dead_letters: i64,
    /// Whether something was taken away: then names may have nothing left.
    shrinks: bool,
}

impl<'a> Tallies<'a> {
    /// Counts an inserted signal.
    pub(crate) fn add(&mut self, signal: &'a NewSignal) {
        let event = &signal.accepted.event;
        let types = (event.event_type.as_str(), signal.signal_type.as_str());
        self.count(types, event.account_id.as_str(), event.user_id.as_str(), 1, signal.score.units().get());
    }

    /// Counts a removed signal.
    pub(crate) fn remove(&mut self, signal: &'a RemovedSignal) {
        let types = (signal.event_type.as_str(), signal.signal_type.as_str());
        self.shrinks = true;
        self.count(types, &signal.account_id, &signal.user_id, -1, -signal.score);
    }

    fn count(
        &mut self,
        types: (&'a str, &'a str),
        account: &'a str,
        user: &'a str,
        signals: i64,
        score: i64,
    ) {
        let types = self.types.entry(types).or_default();
        types.0 += signals;
        types.1 += score;
        *self.accounts.entry(account).or_default() += signals;
        *self.users.entry(user).or_default() += signals;
    }

    /// Counts dead letters: inserted ones above zero, removed ones below.
    pub(crate) fn add_dead_letters(&mut self, count: i64) {
        self.dead_letters += count;
    }

    /// Adds it all to the tables, in one text.
    pub(crate) async fn write(self, connection: &mut SqliteConnection) -> Result<(), Failure> {
        let (mut text, mut values) = (String::new(), Vec::new());
        if !self.types.is_empty() {
            let types =
                self.types.iter().map(|((event, signal), (count, score))| (event, signal, count, score));
            let accounts = json(&self.accounts.iter().collect::<Vec<_>>());
            let users = json(&self.users.iter().collect::<Vec<_>>());
            text.push_str(ADD_SIGNALS);
            values = vec![
                json(&types.collect::<Vec<_>>()),
                accounts.clone(),
                accounts.clone(),
                users.clone(),
                users.clone(),
            ];
            if self.shrinks {
                text.push_str(REMOVE_EMPTY);
                values.extend([accounts, users]);
            }
        }
        if self.dead_letters != 0 {
            text.push_str("UPDATE totals SET dead_letters = dead_letters + ?;");
        }
        if text.is_empty() {
            return Ok(());
        }
        let mut query = sqlx::query(AssertSqlSafe(text));
        for value in values {
            query = query.bind(value);
        }
        if self.dead_letters != 0 {
            query = query.bind(self.dead_letters);
        }
        query.execute(connection).await?;
        Ok(())
    }
}

/// First the new names: the number of rows that statement inserted is what the number of different names grows by.
const ADD_SIGNALS: &str = "\
    INSERT INTO type_tallies (event_type, signal_type, signals, score) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals, score = score + excluded.score; \
    INSERT INTO account_tallies (account_id, signals) \
    SELECT value ->> 0, 0 FROM json_each(?) WHERE true ON CONFLICT DO NOTHING; \
    UPDATE totals SET accounts = accounts + changes(); \
    UPDATE account_tallies SET signals = signals + (added.value ->> 1) \
    FROM json_each(?) AS added WHERE account_id = added.value ->> 0; \
    INSERT INTO user_tallies (user_id, signals) \
    SELECT value ->> 0, 0 FROM json_each(?) WHERE true ON CONFLICT DO NOTHING; \
    UPDATE totals SET users = users + changes(); \
    UPDATE user_tallies SET signals = signals + (added.value ->> 1) \
    FROM json_each(?) AS added WHERE user_id = added.value ->> 0;";

/// Names with nothing left, by which the number of different names falls.
const REMOVE_EMPTY: &str = "\
    DELETE FROM type_tallies WHERE signals = 0; \
    DELETE FROM account_tallies WHERE account_id IN (SELECT value ->> 0 FROM json_each(?)) AND signals = 0; \
    UPDATE totals SET accounts = accounts - changes(); \
    DELETE FROM user_tallies WHERE user_id IN (SELECT value ->> 0 FROM json_each(?)) AND signals = 0; \
    UPDATE totals SET users = users - changes();";

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
