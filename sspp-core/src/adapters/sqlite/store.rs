//! The store in the SQLite file.

use async_trait::async_trait;
use sqlx::SqlitePool;

use super::command::{Command, WriterHandle};
use super::expiry::{Expiry, Kind};
use super::failure::Failure;
use super::signal_rows::{DeadLetterRow, ModelRow, SignalRow, signal_columns};
use super::signal_select;
use crate::{
    DeadLetter, DeadLetterId, EventId, EventType, ModelDigest, ModelRecord, Page, Record, Recorded, Signal,
    SignalFilter, SignalId, SignalQuery, SignalStats, SignalStore, SignalType, StoreError, Timestamp, Total,
};

/// The store in a SQLite file; [`SqliteDatabase::store`](crate::SqliteDatabase::store) gives it.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sspp_core::{SqliteConfig, SqliteDatabase, SystemClock};
/// let database = SqliteDatabase::open(SqliteConfig::new("sspp.db"), std::sync::Arc::new(SystemClock)).await?;
/// assert_eq!(database.store().stats().await?.signals, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteSignalStore {
    pub(super) writer: WriterHandle,
    pub(super) readers: SqlitePool,
}

impl SqliteSignalStore {
    async fn expire(&self, expiry: Expiry) -> Result<u32, StoreError> {
        // The writer has other things to do: it is asked only when there is something.
        if !expiry.finds_some(&self.readers).await? {
            return Ok(0);
        }
        self.writer.ask(Command::Expire, expiry).await
    }
}

/// event type, signal type, signals, score of a tally; accounts, users, dead letters of the totals.
type StatsRow = (Option<String>, Option<String>, Option<i64>, Option<i64>, i64, i64, i64);

#[async_trait]
impl SignalStore for SqliteSignalStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.ask(Command::Record, batch).await
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
        let rows: Vec<SignalRow> = signal_select::list(query)
            .build_query_as()
            .fetch_all(&self.readers)
            .await
            .map_err(Failure::from)?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let items = rows.into_iter().take(limit).map(Signal::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, more })
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        let single = filter.single_dimension();
        let mut sql =
            if single { signal_select::tallied_count(filter) } else { signal_select::bounded_count(filter) };
        let count: i64 = sql.build_query_scalar().fetch_one(&self.readers).await.map_err(Failure::from)?;
        let count = u64::try_from(count).unwrap_or(0);
        let exact = single || count <= Total::COUNTED_UP_TO;
        Ok(Total { count: if exact { count } else { Total::COUNTED_UP_TO }, exact })
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

    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let row: Option<DeadLetterRow> = sqlx::query_as(
            "SELECT id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at FROM dead_letters \
             WHERE id = ?",
        )
        .bind(id.as_uuid().into_bytes().to_vec())
        .fetch_optional(&self.readers)
        .await
        .map_err(Failure::from)?;
        Ok(row.map(DeadLetter::try_from).transpose()?)
    }

    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let rows: Vec<DeadLetterRow> = sqlx::query_as(
            "SELECT id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at FROM dead_letters \
             ORDER BY seq DESC LIMIT ?",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(Failure::from)?;
        Ok(rows.into_iter().map(DeadLetter::try_from).collect::<Result<_, _>>()?)
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(Expiry { kind: Kind::Signals, before: processed_before, max }).await
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(Expiry { kind: Kind::DeadLetters, before: died_before, max }).await
    }

    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        self.writer.ask(Command::PutModel, model.clone()).await
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        let row: Option<ModelRow> =
            sqlx::query_as("SELECT digest, name, version, document FROM models WHERE digest = ?")
                .bind(digest.as_bytes().as_slice())
                .fetch_optional(&self.readers)
                .await
                .map_err(Failure::from)?;
        Ok(row.map(ModelRecord::try_from).transpose()?)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if self.writer.is_closed() {
            return Err(StoreError::Closed);
        }
        sqlx::query("SELECT 1").execute(&self.readers).await.map_err(Failure::from)?;
        Ok(())
    }
}
