//! Figures over all signals, kept in step with the rows that were really inserted or removed.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::state::StoreState;
use crate::failure::Failure;
use sspp_engine::recording::Figures;
use sspp_sql::RemovedSignal;

/// Adds what changes to the tables, in one text.
pub(super) async fn write(figures: Figures<'_>, connection: &mut SqliteConnection) -> Result<(), Failure> {
    let (mut text, mut values) = (String::new(), Vec::new());
    if !figures.types.is_empty() {
        let types =
            figures.types.iter().map(|((event, signal), (count, score))| (event, signal, count, score));
        let accounts = json(&figures.accounts.iter().collect::<Vec<_>>());
        let users = json(&figures.users.iter().collect::<Vec<_>>());
        text.push_str(ADD_SIGNALS);
        values = vec![
            json(&types.collect::<Vec<_>>()),
            accounts.clone(),
            accounts.clone(),
            users.clone(),
            users.clone(),
        ];
        if figures.shrinks {
            text.push_str(REMOVE_EMPTY);
            values.extend([accounts, users]);
        }
    }
    if figures.dead_letters != 0 {
        text.push_str("UPDATE totals SET dead_letters = dead_letters + ?;");
    }
    if text.is_empty() {
        return Ok(());
    }
    let mut query = sqlx::query(AssertSqlSafe(text));
    for value in values {
        query = query.bind(value);
    }
    if figures.dead_letters != 0 {
        query = query.bind(figures.dead_letters);
    }
    query.execute(connection).await?;
    Ok(())
}

/// Corrects the figures after some signals were removed; returns how many.
pub(super) async fn without_signals(
    connection: &mut SqliteConnection,
    removed: &[RemovedSignal],
) -> Result<u32, Failure> {
    write(Figures::without_signals(removed), connection).await?;
    Ok(u32::try_from(removed.len()).unwrap_or(u32::MAX))
}

/// Corrects the count after some letters were removed.
pub(super) async fn without_letters(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    removed: u64,
) -> Result<(), Failure> {
    let figures = Figures::without_letters(removed);
    state.dead_letters += figures.dead_letters;
    write(figures, connection).await
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
