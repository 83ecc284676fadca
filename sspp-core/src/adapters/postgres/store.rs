//! The store on PostgreSQL.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;

use super::failure::{Failure, MIGRATE};
use super::session::Sessions;
use super::signal_rows::{DeadLetterRow, ModelRow, SignalRow, letter_columns, signal_columns};
use super::{PgConfig, PgOpenError, expiry, signal_select, store_write};
use crate::{
    DeadLetter, DeadLetterId, EventId, EventType, ModelDigest, ModelRecord, Page, Record, Recorded, Signal,
    SignalFilter, SignalId, SignalQuery, SignalStats, SignalStore, SignalType, StoreError, Timestamp, Total,
};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How long a migration tries to connect.
const MIGRATION_CONNECT: Duration = Duration::from_secs(5);
/// Connections that nobody used for so long are closed.
const IDLE: Duration = Duration::from_mins(5);

/// A store on PostgreSQL 15 or later, shared by any number of processes.
///
/// What a call answered is committed; how durable a commit is, the server's `synchronous_commit` says.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sspp_core::{PgConfig, PgSignalStore};
/// let store = PgSignalStore::open(PgConfig::new("postgres://sspp:secret@localhost/sspp")).await?;
/// store.migrate().await?;
/// assert_eq!(store.port().stats().await?.signals, 0);
/// # Ok(())
/// # }
/// ```
pub struct PgSignalStore {
    sessions: Sessions,
    config: PgConfig,
}

impl std::fmt::Debug for PgSignalStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The pool knows the password.
        f.debug_struct("PgSignalStore").field("config", &self.config).finish_non_exhaustive()
    }
}

impl PgSignalStore {
    /// Checks the settings and makes a lazy pool: a server that is away is no error here, but every call fails as
    /// unavailable until it is there. A schema older than this release fails as [`Setup`](crate::StoreError::Setup).
    #[expect(
        clippy::unused_async,
        reason = "a pool belongs to a runtime: who is not in one is to be told by the compiler"
    )]
    pub async fn open(config: PgConfig) -> Result<Arc<Self>, PgOpenError> {
        let pool = PgPoolOptions::new()
            .max_connections(config.connections.max(1))
            .acquire_timeout(config.acquire_timeout)
            .idle_timeout(IDLE)
            .connect_lazy_with(config.connect_options()?);
        let sessions = Sessions { pool, statement_timeout: config.statement_timeout };
        Ok(Arc::new(Self { sessions, config }))
    }

    /// Brings the schema up to this release, under a lock; returns how many migrations were applied. Takes as long as it
    /// takes: the limits on statements do not hold here.
    pub async fn migrate(&self) -> Result<usize, PgOpenError> {
        let unlimited = PgConfig { statement_timeout: Duration::ZERO, ..self.config.clone() };
        let options = unlimited.connect_options()?.options([("lock_timeout", "0")]);
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(MIGRATION_CONNECT)
            .connect_with(options)
            .await
            .map_err(sqlx::migrate::MigrateError::from)?;
        let before = applied(&pool).await;
        MIGRATIONS.run(&pool).await?;
        let after = applied(&pool).await;
        pool.close().await;
        Ok(after.saturating_sub(before))
    }

    /// This store as its port.
    pub fn port(self: &Arc<Self>) -> Arc<dyn SignalStore> {
        Arc::clone(self) as Arc<dyn SignalStore>
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

/// How many migrations a database has; none where there is no table of them.
async fn applied(pool: &sqlx::PgPool) -> usize {
    let count: Result<i64, _> =
        sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success").fetch_one(pool).await;
    count.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

/// event type, signal type, signals, score of a tally; accounts, users, dead letters of the totals.
type StatsRow = (Option<String>, Option<String>, Option<i64>, Option<i64>, i64, i64, i64);

#[async_trait]
impl SignalStore for PgSignalStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.sessions
            .with(|connection| async move { store_write::record(connection, &batch).await }.boxed())
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
        let rows: Vec<SignalRow> = self
            .sessions
            .with(|connection| async move { Ok(sql.build_query_as().fetch_all(connection).await?) }.boxed())
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
        let count: i64 = self
            .sessions
            .with(|connection| {
                async move { Ok(sql.build_query_scalar().fetch_one(connection).await?) }.boxed()
            })
            .await?;
        let count = u64::try_from(count).unwrap_or(0);
        let exact = single || count <= Total::COUNTED_UP_TO;
        Ok(Total { count: if exact { count } else { Total::COUNTED_UP_TO }, exact })
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        // One statement, so that all figures are of one moment.
        let sql = "SELECT event_type, signal_type, signals, score, accounts, users, dead_letters \
             FROM (SELECT sum(accounts)::bigint AS accounts, sum(users)::bigint AS users, \
                   sum(dead_letters)::bigint AS dead_letters FROM totals) AS all_totals \
             LEFT JOIN (SELECT event_type, signal_type, sum(signals)::bigint AS signals, sum(score)::bigint AS score \
                   FROM type_tallies GROUP BY event_type, signal_type HAVING sum(signals) > 0) AS types ON true \
             ORDER BY event_type, signal_type";
        let rows: Vec<StatsRow> = self
            .sessions
            .with(|connection| async move { Ok(sqlx::query_as(sql).fetch_all(connection).await?) }.boxed())
            .await?;
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
        self.sessions
            .with(|connection| {
                async move {
                    let (read_only, version): (bool, i64) = sqlx::query_as(
                        "SELECT current_setting('transaction_read_only')::bool OR pg_is_in_recovery(), \
                         coalesce(max(version), 0)::bigint FROM _sqlx_migrations WHERE success",
                    )
                    .fetch_one(connection)
                    .await?;
                    let needed = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
                    if version < needed {
                        let reason =
                            format!("its schema is of version {version}, {needed} is needed; {MIGRATE}");
                        return Err(Failure::Setup(reason));
                    }
                    if read_only { Err(Failure::ReadOnly) } else { Ok(()) }
                }
                .boxed()
            })
            .await
    }
}
