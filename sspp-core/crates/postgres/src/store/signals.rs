//! Signals: recorded and read.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;

use super::record::{self, Origin};
use super::rows::{SignalRow, signal_columns};
use super::{at_fault, select, stats};
use crate::PgStore;
use crate::session::QUESTION;
use sspp_engine::{
    Horizon, NewSignal, Page, Record, Recorded, Signal, SignalFilter, SignalQuery, SignalStats, Signals,
    StoreError, Total,
};
use sspp_events::{EventId, SignalId};

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

#[async_trait]
impl Signals for PgStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        self.record_from(Origin::Pipeline, batch).await
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
        self.sessions
            .with(|connection| {
                async move {
                    let sql = concat!("SELECT ", signal_columns!(), " FROM signals WHERE id = $1");
                    let row: Option<SignalRow> =
                        sqlx::query_as(sql).bind(id.get()).fetch_optional(connection).await?;
                    row.map(Signal::try_from).transpose()
                }
                .boxed()
            })
            .await
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = concat!("SELECT ", signal_columns!(), " FROM signals WHERE event_id = $1");
                    let row: Option<SignalRow> =
                        sqlx::query_as(sql).bind(event_id.as_uuid()).fetch_optional(connection).await?;
                    row.map(Signal::try_from).transpose()
                }
                .boxed()
            })
            .await
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        let mut sql = select::list(query);
        let rows: Vec<SignalRow> = if query.until.is_some() || select::is_indexed(query) {
            self.sessions
                .with(|connection| {
                    async move { Ok(sql.build_query_as().fetch_all(connection).await?) }.boxed()
                })
                .await?
        } else {
            self.sessions
                .within(QUESTION, |connection| {
                    async move { sql.build_query_as().fetch_all(connection).await }.boxed()
                })
                .await?
        };
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let items = rows.into_iter().take(limit).map(Signal::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, more })
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        let single = filter.single_dimension();
        let mut sql = if single { select::tallied_count(filter) } else { select::bounded_count(filter) };
        let count: i64 = if single {
            self.sessions
                .with(|connection| {
                    async move { Ok(sql.build_query_scalar().fetch_one(connection).await?) }.boxed()
                })
                .await?
        } else {
            self.sessions
                .within(QUESTION, |connection| {
                    async move { sql.build_query_scalar().fetch_one(connection).await }.boxed()
                })
                .await?
        };
        let count = u64::try_from(count).unwrap_or(0);
        Ok(if single { Total { count, exact: true } } else { Total::bounded(count) })
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        self.sessions.with(|connection| stats::horizon(connection).boxed()).await
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        self.sessions.with(|connection| stats::stats(connection).boxed()).await
    }
}
