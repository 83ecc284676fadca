//! Figures over all signals, and how far they can be followed.

use sqlx::PgConnection;

use crate::failure::Failure;
use sspp_engine::{Horizon, SignalStats};
use sspp_events::{EventType, SignalId, SignalType};

/// event type, signal type, signals, score of a tally; accounts, users, dead letters of the totals.
type StatsRow = (Option<String>, Option<String>, Option<i64>, Option<i64>, i64, i64, i64);

pub(crate) async fn stats(connection: &mut PgConnection) -> Result<SignalStats, Failure> {
    // One statement, so that all figures are of one moment.
    let sql = "SELECT event_type, signal_type, signals, score, accounts, users, dead_letters \
         FROM (SELECT sum(accounts)::bigint AS accounts, sum(users)::bigint AS users, \
               sum(dead_letters)::bigint AS dead_letters FROM totals) AS all_totals \
         LEFT JOIN (SELECT event_type, signal_type, sum(signals)::bigint AS signals, sum(score)::bigint AS score \
               FROM type_tallies GROUP BY event_type, signal_type HAVING sum(signals) > 0) AS types ON true \
         ORDER BY event_type, signal_type";
    let rows: Vec<StatsRow> = sqlx::query_as(sql).fetch_all(connection).await?;
    let mut stats = SignalStats::default();
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    for (event_type, signal_type, signals, score, accounts, users, dead_letters) in rows {
        (stats.accounts, stats.users, stats.dead_letters) =
            (unsigned(accounts), unsigned(users), unsigned(dead_letters));
        let (Some(event_type), Some(signal_type)) = (event_type, signal_type) else { continue };
        let event_type = EventType::new(event_type).map_err(Failure::corrupt)?;
        let signal_type = SignalType::new(signal_type).map_err(Failure::corrupt)?;
        let signals = unsigned(signals.unwrap_or(0));
        stats.signals += signals;
        stats.score_units += score.unwrap_or(0);
        *stats.by_event_type.entry(event_type).or_default() += signals;
        *stats.by_signal_type.entry(signal_type).or_default() += signals;
    }
    stats.sort();
    Ok(stats)
}

pub(crate) async fn horizon(connection: &mut PgConnection) -> Result<Horizon, Failure> {
    let sql = "SELECT pg_snapshot_xmin(snapshot)::text, pg_snapshot_xmax(snapshot)::text, \
         coalesce((SELECT id FROM signals ORDER BY id DESC LIMIT 1), 0) \
         FROM pg_current_snapshot() AS snapshot";
    let (before, from, last): (String, String, i64) = sqlx::query_as(sql).fetch_one(connection).await?;
    let number = |text: String| text.parse::<u64>().map_err(Failure::corrupt);
    Ok(Horizon { last_id: SignalId::new(last), before: number(before)?, from: number(from)? })
}
