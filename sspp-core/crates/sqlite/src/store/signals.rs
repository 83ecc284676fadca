//! Signals: recorded and read.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::QueryBuilder;

use super::dialect::{SignalRow, SqliteDialect};
use crate::SqliteStore;
use crate::command::{Batch, Command};
use crate::failure::Failure;
use sspp_engine::{
    Horizon, NewSignal, Page, Record, Recorded, Signal, SignalFilter, SignalQuery, SignalStats, Signals,
    StoreError, Total,
};
use sspp_events::{EventId, SignalId};

/// One statement, so that all figures are of one moment. It adds the signals that the figures do not include yet.
const STATS: &str = "\
    WITH newest AS MATERIALIZED ( \
        SELECT account_id, user_id, event_type, signal_type, score FROM signals NOT INDEXED \
        WHERE id > (SELECT counted_to FROM totals)), \
    types AS ( \
        SELECT event_type, signal_type, signals, score FROM type_tallies \
        UNION ALL SELECT event_type, signal_type, 1, score FROM newest) \
    SELECT event_type, signal_type, sum(signals), sum(score), \
        accounts + (SELECT count(DISTINCT account_id) FROM newest WHERE NOT EXISTS ( \
            SELECT 1 FROM account_tallies WHERE account_tallies.account_id = newest.account_id)), \
        users + (SELECT count(DISTINCT user_id) FROM newest WHERE NOT EXISTS ( \
            SELECT 1 FROM user_tallies WHERE user_tallies.user_id = newest.user_id)), \
        dead_letters \
    FROM totals LEFT JOIN types ON true GROUP BY event_type, signal_type ORDER BY event_type, signal_type";

#[async_trait]
impl Signals for SqliteStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record_batch(Batch { records: batch, clock: None }).await
    }

    async fn receive(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record_batch(Batch { records: batch, clock: Some(Arc::clone(&self.clock)) }).await
    }

    async fn is_at_fault(&self, signal: &NewSignal, payload: &bytes::Bytes) -> Result<bool, StoreError> {
        self.writer.ask(Command::IsAtFault, (signal.clone(), payload.clone())).await
    }

    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError> {
        let rows = self.rows::<SignalRow>(sspp_sql::signal::<SqliteDialect>(id)).await?;
        Ok(sspp_sql::one(rows)?)
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        let rows = self.rows::<SignalRow>(sspp_sql::signal_of_event::<SqliteDialect>(event_id)).await?;
        Ok(sspp_sql::one(rows)?)
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        let rows = self.rows::<SignalRow>(sspp_sql::signals::<SqliteDialect>(query)).await?;
        Ok(sspp_sql::page(rows, query.limit)?)
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        let rows = self.rows(sspp_sql::count_signals::<SqliteDialect>(filter)).await?;
        Ok(Total::of(filter, sspp_sql::total(&rows)))
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        let sql = "SELECT coalesce((SELECT id FROM signals ORDER BY id DESC LIMIT 1), 0)";
        let last: i64 = sqlx::query_scalar(sql).fetch_one(&self.readers).await.map_err(Failure::from)?;
        Ok(SignalId::new(last).into())
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        Ok(sspp_sql::stats(self.rows(QueryBuilder::new(STATS)).await?)?)
    }
}

impl SqliteStore {
    async fn record_batch(&self, batch: Batch) -> Result<Vec<Recorded>, StoreError> {
        if batch.records.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.ask(Command::Record, batch).await
    }
}
