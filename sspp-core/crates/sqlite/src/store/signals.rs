//! Signals: recorded and read.

use async_trait::async_trait;
use futures_util::FutureExt as _;

use super::rows::{SignalRow, signal_columns};
use super::select;
use crate::SqliteStore;
use crate::bounded::{LIMIT, within};
use crate::command::Command;
use crate::failure::Failure;
use sspp_engine::{
    Horizon, NewSignal, Page, Record, Recorded, Signal, SignalFilter, SignalQuery, SignalStats, Signals,
    StoreError, Total,
};
use sspp_events::{EventId, EventType, SignalId, SignalType};

/// event type, signal type, signals, score of a tally; accounts, users, dead letters of the totals.
type StatsRow = (Option<String>, Option<String>, Option<i64>, Option<i64>, i64, i64, i64);

#[async_trait]
impl Signals for SqliteStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.ask(Command::Record, batch).await
    }

    async fn is_at_fault(&self, signal: &NewSignal, payload: &bytes::Bytes) -> Result<bool, StoreError> {
        self.writer.ask(Command::IsAtFault, (signal.clone(), payload.clone())).await
    }

    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError> {
        let row: Option<SignalRow> =
            sqlx::query_as(concat!("SELECT ", signal_columns!(), " FROM signals WHERE id = ?"))
                .bind(id.get())
                .fetch_optional(&self.readers)
                .await
                .map_err(Failure::from)?;
        Ok(row.map(Signal::try_from).transpose()?)
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        let row: Option<SignalRow> =
            sqlx::query_as(concat!("SELECT ", signal_columns!(), " FROM signals WHERE event_id = ?"))
                .bind(event_id.as_uuid().into_bytes().to_vec())
                .fetch_optional(&self.readers)
                .await
                .map_err(Failure::from)?;
        Ok(row.map(Signal::try_from).transpose()?)
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        let mut sql = select::list(query);
        let rows: Vec<SignalRow> = within(LIMIT, &self.readers, |connection| {
            async move { sql.build_query_as().fetch_all(connection).await }.boxed()
        })
        .await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let items = rows.into_iter().take(limit).map(Signal::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, more })
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        let single = filter.single_dimension();
        let mut sql = if single { select::tallied_count(filter) } else { select::bounded_count(filter) };
        let count: i64 = within(LIMIT, &self.readers, |connection| {
            async move { sql.build_query_scalar().fetch_one(connection).await }.boxed()
        })
        .await?;
        let count = u64::try_from(count).unwrap_or(0);
        Ok(if single { Total { count, exact: true } } else { Total::bounded(count) })
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        let sql = "SELECT coalesce((SELECT id FROM signals ORDER BY id DESC LIMIT 1), 0)";
        let last: i64 = sqlx::query_scalar(sql).fetch_one(&self.readers).await.map_err(Failure::from)?;
        Ok(Horizon { last_id: SignalId::new(last), before: 0, from: 0 })
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        // One statement, so that all figures are of one moment.
        let rows: Vec<StatsRow> = sqlx::query_as(
            "SELECT event_type, signal_type, signals, score, accounts, users, dead_letters \
             FROM totals LEFT JOIN type_tallies ON true ORDER BY event_type, signal_type",
        )
        .fetch_all(&self.readers)
        .await
        .map_err(Failure::from)?;
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
}
