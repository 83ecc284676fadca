//! The SQLite file: opened, and closed in order.

use std::sync::{Arc, LazyLock, Mutex};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::SqlitePool;
use sqlx::{SqlSafeStr as _, SqliteConnection};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::command::WriterHandle;
use super::connect;
use super::lock::FileLock;
use super::queue_state::{Marks, QueueState};
use super::store::state::StoreState;
use super::writer::Writer;
use super::{SqliteConfig, SqliteEventQueue, SqliteOpenError, SqliteStore, log_name};
use sspp_engine::adapter::Stamps;
use sspp_engine::{EventQueue, Store};
use sspp_events::Clock;

/// Commands that wait for the writer; callers beyond them wait to hand theirs over.
const COMMANDS: usize = 1_024;

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let sql = include_str!("../migrations/0001_queue_and_store.sql").into_sql_str();
    let migration = Migration::new(1, "queue and store".into(), MigrationType::Simple, sql, false);
    Migrator::with_migrations(vec![migration])
});

/// A SQLite file that holds a queue and a store.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use sspp_core::{SqliteConfig, SqliteDatabase, SystemClock};
///
/// let database = SqliteDatabase::open(SqliteConfig::new("sspp.db"), Arc::new(SystemClock)).await?;
/// let (queue, store) = (database.queue(), database.store());
/// queue.ping().await?;
/// store.ping().await?;
/// database.close().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteDatabase {
    handle: WriterHandle,
    writer: JoinHandle<()>,
    readers: SqlitePool,
    queue: Arc<SqliteEventQueue>,
    pub(super) store: Arc<SqliteStore>,
}

impl SqliteDatabase {
    /// Opens the file for this process alone, creates it if it does not exist, and brings its schema up to date.
    pub async fn open(config: SqliteConfig, clock: Arc<dyn Clock>) -> Result<Self, SqliteOpenError> {
        SqliteOpenError::check_path(&config.path)?;
        let lock = FileLock::take(&config.path)?;
        Self::at(lock, config, clock).await
    }

    /// Opens what is at a place.
    pub(super) async fn at(
        lock: FileLock,
        config: SqliteConfig,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SqliteOpenError> {
        let path = config.path.as_path();
        let had_log = log_name::has_bytes(&lock.place.log_path());
        let options = connect::writer_options(&config, &lock.place);
        let mut connection = connect::writer(&options, &lock.place)
            .await
            .map_err(|error| SqliteOpenError::of_sqlx(path, error))?;
        MIGRATIONS
            // Not `run`: with that, this future could not be spawned.
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|error| SqliteOpenError::of_migration(path, error))?;
        if !lock.place.in_memory {
            log_name::note(&mut connection, &lock.place, had_log, path).await?;
        }
        let queue = load_queue(&mut connection, &config)
            .await
            .map_err(|error| SqliteOpenError::of_sqlx(path, error))?;
        let queue = Arc::new(Mutex::new(queue));
        let store =
            StoreState::load(&mut connection).await.map_err(|error| SqliteOpenError::of_sqlx(path, error))?;
        lock.place
            .note_log()
            .map_err(|failure| SqliteOpenError::Failed { path: path.to_owned(), reason: failure.reason })?;
        let readers = connect::readers(Arc::clone(&lock.place));

        let (handle, commands) = WriterHandle::new(COMMANDS);
        let arrivals = Arc::new(Notify::new());
        let writer = Writer {
            options,
            connection: Some(connection),
            queue: Arc::clone(&queue),
            store,
            max_backlog: config.max_backlog,
            clock: Arc::clone(&clock),
            arrivals: Arc::clone(&arrivals),
            is_current: true,
            written: None,
            lock,
        };
        let store = SqliteStore {
            writer: handle.clone(),
            readers: readers.clone(),
            clock: Arc::clone(&clock),
            in_memory: writer.lock.place.in_memory,
        };
        let queue = SqliteEventQueue {
            writer: handle.clone(),
            readers: readers.clone(),
            state: queue,
            arrivals,
            clock,
            claim_bound: config.claim_bound,
            max_backlog: config.max_backlog,
        };
        Ok(Self {
            handle,
            writer: tokio::spawn(writer.run(commands)),
            readers,
            queue: Arc::new(queue),
            store: Arc::new(store),
        })
    }

    /// The queue in the file.
    pub fn queue(&self) -> Arc<dyn EventQueue> {
        Arc::clone(&self.queue) as Arc<dyn EventQueue>
    }

    /// The store in the file.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as Arc<dyn Store>
    }

    /// Tells, whenever it is called, how many connections for reading are open, and how many of those are idle.
    pub fn connections(&self) -> impl Fn() -> (u32, u32) + Send + Sync + use<> {
        let pool = self.readers.clone();
        move || (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX))
    }

    /// Finishes all writes, gives back held jobs, and closes the file. Queue and store answer
    /// [`Closed`](sspp_engine::QueueError::Closed) from then on.
    pub async fn close(self) {
        // Before the writer, whose last act is to empty the write-ahead log: readers would stand in its way.
        self.readers.close().await;
        self.handle.close().await;
        if let Err(error) = self.writer.await {
            tracing::error!(%error, "the writer ended before it was closed");
        }
    }

    /// Releases the file as a crash would, without finishing anything: for tests of recovery.
    #[cfg(feature = "testing")]
    pub async fn abandon(self) {
        self.writer.abort();
        // It was aborted: that is the error.
        let _ = self.writer.await;
        self.readers.close().await;
    }
}

async fn load_queue(connection: &mut SqliteConnection, config: &SqliteConfig) -> sqlx::Result<QueueState> {
    let opens = sqlx::query_scalar("UPDATE queue_state SET opens = opens + 1 RETURNING opens")
        .fetch_one(&mut *connection)
        .await?;
    let marks = Marks::load(connection).await?;
    let suspects = marks.in_hand(connection).await?;
    // The clock may have been set back since: what was erased stays behind every new stamp.
    let last = sqlx::query_scalar(
        "SELECT max((SELECT coalesce(max(enqueued_at), 0) FROM jobs), (SELECT coalesce(max(up_to), 0) FROM erasures))",
    )
    .fetch_one(connection)
    .await?;
    let claim_bound = i64::try_from(config.claim_bound.as_micros()).unwrap_or(i64::MAX);
    Ok(QueueState::new(marks, Stamps::after(last), &suspects, opens, claim_bound))
}
