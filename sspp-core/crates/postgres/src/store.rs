//! The store on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use sqlx::postgres::PgPoolOptions;

use super::letters::NumberedRow;
use super::place::Place;
use super::session::Sessions;
use super::signal_rows::{DeadLetterRow, ModelRow, SignalRow, letter_columns, signal_columns};
use super::store_write::Origin;
use super::{
    PgConfig, PgOpenError, at_fault, erasure, expiry, figures, letters, migration, ping, risks,
    signal_select, store_write,
};
use sspp_engine::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, Durability, Erased, Erasure, Horizon, NewSignal,
    NumberedDeadLetter, Page, Record, Recorded, Signal, SignalFilter, SignalQuery, SignalStats, Store,
    StoreError, Total,
};
use sspp_events::{ContentDigest, DeadLetterId, EventId, ModelDigest, SignalId, Timestamp};
use sspp_scoring::ModelRecord;

/// How long a question may read that no index or counter serves.
const QUESTION: Duration = Duration::from_secs(2);

/// Connections that nobody used for so long are closed.
const IDLE: Duration = Duration::from_mins(5);

/// A store on PostgreSQL 15 or later, shared by any number of processes.
///
/// What a call answered is committed and on disk: every connection sets what that leans on, whatever the server has set.
/// [`durability`](Store::durability) tells what cannot be set.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sspp_core::{PgConfig, PgStore};
/// let store = PgStore::open(PgConfig::new("postgres://sspp:secret@localhost/sspp")).await?;
/// store.migrate().await?;
/// assert_eq!(store.port().stats().await?.signals, 0);
/// # Ok(())
/// # }
/// ```
pub struct PgStore {
    sessions: Sessions,
    pages: ping::Pages,
    config: PgConfig,
}

impl std::fmt::Debug for PgStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pool knows the password.
        f.debug_struct("PgStore").field("config", &self.config).finish_non_exhaustive()
    }
}

impl PgStore {
    /// Checks the settings and makes a lazy pool: a server that is away is no error here, but every call fails as
    /// unavailable until it is there. A schema older than this release fails as [`Setup`](sspp_engine::StoreError::Setup).
    ///
    /// A database that is there and whose encoding cannot hold every text is refused. Where that turns out later, every call fails as
    /// [`Setup`](sspp_engine::StoreError::Setup).
    pub async fn open(config: PgConfig) -> Result<Arc<Self>, PgOpenError> {
        let options = config.connect_options()?;
        if let Some(reason) = config.settings().unfit_now(&options, config.acquire_timeout).await {
            return Err(PgOpenError::Encoding(reason));
        }
        let pool = PgPoolOptions::new()
            .max_connections(config.connections.max(1))
            .acquire_timeout(config.acquire_timeout)
            .idle_timeout(IDLE);
        let (pool, unfit) = config.settings().of_pool(pool);
        let pool = pool.connect_lazy_with(options.clone());
        let sessions =
            Sessions { place: Place::new(options), pool, statement_timeout: config.statement_timeout, unfit };
        Ok(Arc::new(Self { sessions, pages: ping::Pages::default(), config }))
    }

    /// Brings the schema up to this release, under a lock; returns how many migrations were applied. Takes as long as it
    /// takes: the limits on statements do not hold here.
    pub async fn migrate(&self) -> Result<usize, PgOpenError> {
        migration::migrate(&self.config).await
    }

    async fn record_from(&self, origin: Origin, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.sessions
            .with(|connection| async move { store_write::record(connection, &batch, origin).await }.boxed())
            .await
    }

    /// This store as its port.
    pub fn port(self: &Arc<Self>) -> Arc<dyn Store> {
        Arc::clone(self) as Arc<dyn Store>
    }

    /// Tells, whenever it is called, how many connections are open, and how many of those are idle.
    pub fn connections(&self) -> impl Fn() -> (u32, u32) + Send + Sync + use<> {
        let pool = self.sessions.pool.clone();
        move || (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX))
    }

    /// Ends the connections; calls fail as closed from then on.
    pub async fn close(&self) {
        self.sessions.pool.close().await;
    }
}

#[async_trait]
impl Store for PgStore {
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
        let mut sql = signal_select::list(query);
        let rows: Vec<SignalRow> = if query.until.is_some() || signal_select::is_indexed(query) {
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
        let mut sql =
            if single { signal_select::tallied_count(filter) } else { signal_select::bounded_count(filter) };
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
        self.sessions.with(|connection| figures::horizon(connection).boxed()).await
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        self.sessions.with(|connection| figures::stats(connection).boxed()).await
    }

    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = concat!("SELECT ", letter_columns!(), " FROM dead_letters WHERE id = $1");
                    let row: Option<DeadLetterRow> =
                        sqlx::query_as(sql).bind(id.as_uuid()).fetch_optional(connection).await?;
                    row.map(DeadLetter::try_from).transpose()
                }
                .boxed()
            })
            .await
    }

    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = concat!(
                        "SELECT ",
                        letter_columns!(),
                        " FROM dead_letters ORDER BY seq DESC LIMIT $1"
                    );
                    let rows: Vec<DeadLetterRow> =
                        sqlx::query_as(sql).bind(i64::from(limit)).fetch_all(connection).await?;
                    rows.into_iter().map(DeadLetter::try_from).collect()
                }
                .boxed()
            })
            .await
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        let mut sql = letters::list(query);
        let rows: Vec<NumberedRow> = self
            .sessions
            .within(QUESTION, |connection| {
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
        let count: i64 = self
            .sessions
            .within(QUESTION, |connection| {
                async move { sql.build_query_scalar().fetch_one(connection).await }.boxed()
            })
            .await?;
        Ok(Total::bounded(u64::try_from(count).unwrap_or(0)))
    }

    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError> {
        let held = held.to_vec();
        self.sessions
            .with(|connection| {
                async move { letters::edit(connection, id, &held, &payload, content).await }.boxed()
            })
            .await
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        self.sessions.with(|connection| async move { letters::remove(connection, id).await }.boxed()).await
    }

    async fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let erasure = erasure.clone();
        self.sessions
            .with(|connection| async move { erasure::order(connection, &erasure).await }.boxed())
            .await
    }

    async fn erased_up_to(&self) -> Result<Option<Timestamp>, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = "SELECT max(up_to) FROM erasures";
                    let last: Option<DateTime<Utc>> = sqlx::query_scalar(sql).fetch_one(connection).await?;
                    Ok(last.map(Timestamp::from_datetime))
                }
                .boxed()
            })
            .await
    }

    async fn erase_step(&self, max: u32) -> Result<Option<Erased>, StoreError> {
        self.sessions.with(|connection| async move { erasure::step(connection, max).await }.boxed()).await
    }

    async fn expire_signals(&self, processed_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.sessions
            .with(|connection| {
                async move { expiry::signals(connection, processed_before, max).await }.boxed()
            })
            .await
    }

    async fn expire_dead_letters(&self, died_before: Timestamp, max: u32) -> Result<u32, StoreError> {
        self.sessions
            .with(|connection| {
                async move { expiry::dead_letters(connection, died_before, max).await }.boxed()
            })
            .await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = "SELECT clock_timestamp()";
                    let now: DateTime<Utc> = sqlx::query_scalar(sql).fetch_one(connection).await?;
                    Ok(Timestamp::from_datetime(now))
                }
                .boxed()
            })
            .await
    }

    async fn put_model(&self, model: &ModelRecord) -> Result<(), StoreError> {
        let model = model.clone();
        self.sessions
            .with(|connection| {
                async move {
                    sqlx::query(
                        "INSERT INTO models (digest, name, version, document) VALUES ($1, $2, $3, $4) \
                         ON CONFLICT DO NOTHING",
                    )
                    .bind(model.digest.as_bytes().as_slice())
                    .bind(model.name.as_str())
                    .bind(i64::from(model.version))
                    .bind(model.document.as_str())
                    .execute(connection)
                    .await?;
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    async fn model(&self, digest: ModelDigest) -> Result<Option<ModelRecord>, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = "SELECT digest, name, version, document FROM models WHERE digest = $1";
                    let row: Option<ModelRow> = sqlx::query_as(sql)
                        .bind(digest.as_bytes().as_slice())
                        .fetch_optional(connection)
                        .await?;
                    row.map(ModelRecord::try_from).transpose()
                }
                .boxed()
            })
            .await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let take_pages = self.pages.are_due();
        self.sessions.with(move |connection| ping::can_record(connection, take_pages).boxed()).await?;
        if take_pages {
            self.pages.were_taken();
        }
        Ok(())
    }

    async fn durability(&self) -> Result<Durability, StoreError> {
        self.sessions.with(|connection| risks::durability(connection).boxed()).await
    }
}
