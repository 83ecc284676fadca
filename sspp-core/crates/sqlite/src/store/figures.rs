//! Figures over all signals. The newest signals are counted in stretches, in the transaction of the last of them, and while the writer
//! is idle; so a signal that is added does not change a page for its account and one for its user. Readers count the rest themselves:
//! figures can be read while nothing can be written.

use sqlx::SqliteConnection;

use super::state::StoreState;
use crate::failure::Failure;
use sspp_engine::recording::Figures;
use sspp_events::Timestamp;
use sspp_sql::RemovedSignal;

/// So many new signals are counted together.
const STRETCH: i64 = 1_000;

/// Notes what a batch adds beside its signals, and counts the newest signals where there are enough of them. `stamp` is when something
/// was received.
pub(super) async fn write(
    dead_letters: i64,
    stamp: Option<Timestamp>,
    connection: &mut SqliteConnection,
    state: &mut StoreState,
) -> Result<(), Failure> {
    if dead_letters != 0 || stamp.is_some() {
        sqlx::query("UPDATE totals SET dead_letters = dead_letters + ?, last_stamp = max(last_stamp, ?)")
            .bind(dead_letters)
            .bind(stamp.map_or(0, Timestamp::micros))
            .execute(&mut *connection)
            .await?;
    }
    if state.last_id - state.counted_to >= STRETCH { count_newest(connection, state).await } else { Ok(()) }
}

/// Brings the figures up to the last signal.
pub(crate) async fn count_newest(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
) -> Result<(), Failure> {
    if !state.is_behind() {
        return Ok(());
    }
    let mut query = sqlx::query(COUNT);
    for _ in 0..3 {
        query = query.bind(state.counted_to);
    }
    query.bind(state.last_id).execute(connection).await?;
    state.counted_to = state.last_id;
    Ok(())
}

/// Corrects the figures after some signals were removed; returns how many. They have to be [counted](count_newest).
pub(super) async fn without_signals(
    connection: &mut SqliteConnection,
    removed: &[RemovedSignal],
) -> Result<u32, Failure> {
    let figures = Figures::without_signals(removed);
    if !figures.types.is_empty() {
        let types =
            figures.types.iter().map(|((event, signal), (count, score))| (event, signal, count, score));
        let (accounts, users) = (json(&figures.accounts), json(&figures.users));
        let mut query = sqlx::query(REMOVE).bind(json(&types.collect::<Vec<_>>()));
        for names in [&accounts, &users, &accounts, &users] {
            query = query.bind(names);
        }
        query.execute(connection).await?;
    }
    Ok(u32::try_from(removed.len()).unwrap_or(u32::MAX))
}

/// Corrects the count after some letters were removed.
pub(super) async fn without_letters(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    removed: u64,
) -> Result<(), Failure> {
    let removed = i64::try_from(removed).unwrap_or(i64::MAX);
    state.dead_letters -= removed;
    write(-removed, None, connection, state).await
}

/// Triggers of the tables count the names that are new. No index but the key serves: the newest signals are at its end.
const COUNT: &str = "\
    INSERT INTO type_tallies (event_type, signal_type, signals, score) \
    SELECT event_type, signal_type, count(*), sum(score) FROM signals NOT INDEXED WHERE id > ? GROUP BY 1, 2 \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals, score = score + excluded.score; \
    INSERT INTO account_tallies (account_id, signals) \
    SELECT account_id, count(*) FROM signals NOT INDEXED WHERE id > ? GROUP BY 1 \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals; \
    INSERT INTO user_tallies (user_id, signals) \
    SELECT user_id, count(*) FROM signals NOT INDEXED WHERE id > ? GROUP BY 1 \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals; \
    UPDATE totals SET counted_to = ?;";

/// Triggers count the names with nothing left.
const REMOVE: &str = "\
    INSERT INTO type_tallies (event_type, signal_type, signals, score) \
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals, score = score + excluded.score; \
    INSERT INTO account_tallies (account_id, signals) SELECT key, value FROM json_each(?) WHERE true \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals; \
    INSERT INTO user_tallies (user_id, signals) SELECT key, value FROM json_each(?) WHERE true \
    ON CONFLICT DO UPDATE SET signals = signals + excluded.signals; \
    DELETE FROM type_tallies WHERE signals = 0; \
    DELETE FROM account_tallies WHERE account_id IN (SELECT key FROM json_each(?)) AND signals = 0; \
    DELETE FROM user_tallies WHERE user_id IN (SELECT key FROM json_each(?)) AND signals = 0;";

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
