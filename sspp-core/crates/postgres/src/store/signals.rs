//! Signals: recorded and read.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use sqlx::QueryBuilder;

use super::at_fault;
use super::dialect::{PgDialect, QUESTION, SignalRow};
use super::record::{self, Origin};
use crate::PgStore;
use crate::failure::Failure;
use sspp_engine::adapter::Snapshot;
use sspp_engine::{
    Horizon, NewSignal, Page, Position, Record, Recorded, Signal, SignalFilter, SignalQuery, SignalStats,
    Signals, StoreError, Total,
};
use sspp_events::{EventId, SignalId, SortBy};

/// One statement, so that all figures are of one moment.
const STATS: &str = "\
    SELECT event_type, signal_type, signals, score, accounts, users, dead_letters \
    FROM (SELECT sum(accounts)::bigint AS accounts, sum(users)::bigint AS users, \
          sum(dead_letters)::bigint AS dead_letters FROM totals) AS all_totals \
    LEFT JOIN (SELECT event_type, signal_type, sum(signals)::bigint AS signals, sum(score)::bigint AS score \
          FROM type_tallies GROUP BY event_type, signal_type HAVING sum(signals) > 0) AS types ON true \
    ORDER BY event_type, signal_type";

const HORIZON: &str = "\
    SELECT pg_snapshot_xmin(snapshot)::text, pg_snapshot_xmax(snapshot)::text, \
    coalesce((SELECT id FROM signals ORDER BY id DESC LIMIT 1), 0) \
    FROM pg_current_snapshot() AS snapshot";

#[async_trait]
impl Signals for PgStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record_from(Origin::Queue, batch).await
    }

    async fn receive(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record_from(Origin::Intake, batch).await
    }

    async fn import(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record_from(Origin::Import, batch).await
    }

    async fn is_at_fault(&self, signal: &NewSignal, payload: &Bytes) -> Result<bool, StoreError> {
        let (signal, payload) = (signal.clone(), payload.clone());
        self.sessions
            .with(|connection| {
                async move { at_fault::is_at_fault(connection, &signal, &payload).await }.boxed()
            })
            .await
    }

    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError> {
        let rows = self.rows::<SignalRow>(sspp_sql::signal::<PgDialect>(id), None).await?;
        Ok(sspp_sql::one(rows)?)
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        let rows = self.rows::<SignalRow>(sspp_sql::signal_of_event::<PgDialect>(event_id), None).await?;
        Ok(sspp_sql::one(rows)?)
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        let limit = if query.until.is_some() || is_indexed(query) { None } else { QUESTION };
        let rows = self.rows::<SignalRow>(sspp_sql::signals::<PgDialect>(query), limit).await?;
        Ok(sspp_sql::page(rows, query.limit)?)
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        let limit = if filter.single_dimension() { None } else { QUESTION };
        let rows = self.rows(sspp_sql::count_signals::<PgDialect>(filter), limit).await?;
        Ok(Total::of(filter, sspp_sql::total(&rows)))
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        let rows = self.rows::<(String, String, i64)>(QueryBuilder::new(HORIZON), None).await?;
        let number = |text: &String| text.parse::<u64>().map_err(Failure::corrupt);
        let (before, from, last) = rows.first().ok_or_else(|| Failure::corrupt("there is no snapshot"))?;
        let last_id = SignalId::new(*last);
        Ok(Snapshot { last_id, before: number(before)?, from: number(from)? }.into())
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        Ok(sspp_sql::stats(self.rows(QueryBuilder::new(STATS), None).await?)?)
    }
}

impl PgStore {
    async fn record_from(&self, origin: Origin, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.sessions
            .with(|connection| async move { record::record(connection, &batch, origin).await }.boxed())
            .await
    }
}

/// Whether an index serves a list: it reads no more rows than it gives, however many there are.
fn is_indexed(query: &SignalQuery) -> bool {
    let SignalFilter { account_id, user_id, event_type, signal_type, from, to, min_score, max_score } =
        &query.filter;
    let others = [event_type.is_some(), signal_type.is_some(), min_score.is_some(), max_score.is_some()];
    let names = usize::from(account_id.is_some()) + usize::from(user_id.is_some());
    let ranges = from.is_some() || to.is_some();
    let first_pages = !matches!(query.position, Position::Offset(1_000..));
    let sorted = match query.sort_by {
        SortBy::Id => names == 0 && !ranges,
        SortBy::ProcessedAt => names <= 1 && !ranges,
        SortBy::Timestamp => names == 0,
        SortBy::Score => false,
    };
    sorted && first_pages && !others.contains(&true)
}
