//! Figures over all signals, kept in step with the rows that were really inserted or removed.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::state::StoreState;
use crate::failure::Failure;
use sspp_engine::recording::Figures;
use sspp_events::Timestamp;
use sspp_sql::RemovedSignal;

/// Adds what changes to the tables, in one text. `stamp` is when something was received.
pub(super) async fn write(
    figures: Figures<'_>,
    stamp: Option<Timestamp>,
    connection: &mut SqliteConnection,
) -> Result<(), Failure> {
    if figures.is_empty() {
        return Ok(());
    }
    let (mut text, mut values) = (String::new(), Vec::new());
    if !figures.types.is_empty() {
        let types =
            figures.types.iter().map(|((event, signal), (count, score))| (event, signal, count, score));
        let (accounts, users) = (json(&figures.accounts), json(&figures.users));
        values = vec![json(&types.collect::<Vec<_>>()), accounts.clone(), users.clone()];
        text.push_str(ADD_SIGNALS);
        if figures.shrinks {
            text.push_str(REMOVE_EMPTY);
            values.extend([accounts, users]);
        }
    }
    if figures.dead_letters != 0 || stamp.is_some() {
        text.push_str("UPDATE totals SET dead_letters = dead_letters + ?, last_stamp = max(last_stamp, ?);");
    }
    let mut query = sqlx::query(AssertSqlSafe(text));
    for value in values {
        query = query.bind(value);
    }
    query = query.bind(figures.dead_letters).bind(stamp.map_or(0, Timestamp::micros));
    query.execute(connection).await?;
    Ok(())
}

/// Corrects the figures after some signals were removed; returns how many.
pub(super) async fn without_signals(
    connection: &mut SqliteConnection,
    removed: &[RemovedSignal],
) -> Result<u32, Failure> {
    write(Figures::without_signals(removed), None, connection).await?;
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
    write(figures, None, connection).await
}

/// Triggers of the tables count the names that are new.
const ADD_SIGNALS: &str = "\
    INSERT INTO type_tallies (event_type, signal_type, signals, score) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals, score = score + excluded.score; \
    INSERT INTO account_tallies (account_id, signals) SELECT key, value FROM json_each(?) WHERE true \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals; \
    INSERT INTO user_tallies (user_id, signals) SELECT key, value FROM json_each(?) WHERE true \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals;";

/// Names with nothing left.
const REMOVE_EMPTY: &str = "\
    DELETE FROM type_tallies WHERE signals = 0; \
    DELETE FROM account_tallies WHERE account_id IN (SELECT key FROM json_each(?)) AND signals = 0; \
    DELETE FROM user_tallies WHERE user_id IN (SELECT key FROM json_each(?)) AND signals = 0;";

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
