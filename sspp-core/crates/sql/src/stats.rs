//! Figures over all signals, as they stand in the tables.

use crate::rows::Corrupt;
use sspp_engine::SignalStats;
use sspp_events::{EventType, SignalType};

/// event type, signal type, signals, score of a tally; accounts, users, dead letters of the totals.
pub type StatsRow = (Option<String>, Option<String>, Option<i64>, Option<i64>, i64, i64, i64);

/// Adds the rows of all tallies up.
pub fn stats(rows: Vec<StatsRow>) -> Result<SignalStats, Corrupt> {
    let mut stats = SignalStats::default();
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    for (event_type, signal_type, signals, score, accounts, users, dead_letters) in rows {
        (stats.accounts, stats.users, stats.dead_letters) =
            (unsigned(accounts), unsigned(users), unsigned(dead_letters));
        let (Some(event_type), Some(signal_type)) = (event_type, signal_type) else { continue };
        let event_type = EventType::new(event_type).map_err(Corrupt::new)?;
        let signal_type = SignalType::new(signal_type).map_err(Corrupt::new)?;
        let signals = unsigned(signals.unwrap_or(0));
        stats.signals += signals;
        stats.score_units += score.unwrap_or(0);
        *stats.by_event_type.entry(event_type).or_default() += signals;
        *stats.by_signal_type.entry(signal_type).or_default() += signals;
    }
    stats.sort();
    Ok(stats)
}
