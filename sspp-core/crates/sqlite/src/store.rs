//! The store in the SQLite file.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use sqlx::SqlitePool;

use super::bounded::{LIMIT, within};
use super::command::{Command, WriterHandle};
use super::expiry::{Expiry, Kind};
use super::failure::Failure;
use super::letters::{self, LetterChange, NumberedRow};
use super::queue_rows::read_instant;
use super::signal_rows::{DeadLetterRow, ModelRow, SignalRow, signal_columns};
use super::{erasure, signal_select};
use sspp_engine::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, Durability, Erased, Erasure, Horizon, NewSignal,
    NumberedDeadLetter, Page, Record, Recorded, Signal, SignalFilter, SignalQuery, SignalStats, Store,
    StoreError, Total,
};
use sspp_events::{
    Clock, ContentDigest, DeadLetterId, EventId, EventType, ModelDigest, SignalId, SignalType, Timestamp,
};
use sspp_scoring::ModelRecord;

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
pub struct SqliteStore {
    pub(super) writer: WriterHandle,
    pub(super) readers: SqlitePool,
    pub(super) clock: Arc<dyn Clock>,
}

impl SqliteStore {
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
impl Store for SqliteStore {
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
        let mut sql = signal_select::list(query);
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
        let mut sql =
            if single { signal_select::tallied_count(filter) } else { signal_select::bounded_count(filter) };
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

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        let mut sql = letters::list(query);
        let rows: Vec<NumberedRow> = within(LIMIT, &self.readers, |connection| {
            async move { sql.build_query_as().fetch_all(connection).await }.boxed()
        })
        .await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let items =
            rows.into_iter().take(limit).map(NumberedDeadLetter::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, more })
    }

    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError> {
        let mut sql = letters::count(filter, after);
        let count: i64 = within(LIMIT, &self.readers, |connection| {
            async move { sql.build_query_scalar().fetch_one(connection).await }.boxed()
        })
        .await?;
        Ok(Total::bounded(u64::try_from(count).unwrap_or(0)))
    }

    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: bytes::Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError> {
        let change = LetterChange::Edit { id, held: held.to_vec(), payload, content };
        self.writer.ask(Command::ChangeLetter, change).await
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        self.writer.ask(Command::ChangeLetter, LetterChange::Remove(id)).await
    }

    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.writer.ask(Command::BeginErasure, erasure.clone()).await
    }

    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError> {
        let last: Option<i64> = sqlx::query_scalar("SELECT max(up_to) FROM erasures")
            .fetch_one(&self.readers)
            .await
            .map_err(Failure::from)?;
        Ok(last.map(read_instant).transpose()?)
    }

    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError> {
        // The writer has other things to do: it is asked only when there is something.
        let some: bool =
            sqlx::query_scalar(erasure::SOME).fetch_one(&self.readers).await.map_err(Failure::from)?;
        if !some {
            return Ok(None);
        }
        self.writer.ask(Command::EraseStep, max).await
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(Expiry { kind: Kind::Signals, before: processed_before, max }).await
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.expire(Expiry { kind: Kind::DeadLetters, before: died_before, max }).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(Timestamp::from_datetime(self.clock.now()))
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
        self.writer.ask(Command::Ping, ()).await?;
        sqlx::query("SELECT 1").execute(&self.readers).await.map_err(Failure::from)?;
        Ok(())
    }

    async fn durability(&self) -> Result<Durability, StoreError> {
        // What it leans on was read back when the file was opened.
        Ok(Durability::Durable)
    }
}
