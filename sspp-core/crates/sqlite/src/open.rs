//! The SQLite file: opened, and closed in order.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sspp_events::Clock;

use super::command::WriterHandle;
use super::connect::APPLICATION_ID;
use super::lock::FileLock;
use super::log::Log;
use super::place::Place;
use super::stamp::LastStamp;
use super::store::index::Index;
use super::store::state::StoreState;
use super::writer::Writer;
use super::{SqliteConfig, SqliteOpenError, SqliteStore, connect, log_name};

/// Commands that wait for the writer; callers beyond them wait to hand theirs over.
const COMMANDS: usize = 1_024;

static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let sql = include_str!("../migrations/0001_store.sql").into_sql_str();
    let migration = Migration::new(1, "store".into(), MigrationType::Simple, sql, false);
    Migrator::with_migrations(vec![migration])
});

/// Whether a file is a SQLite database with tables that are not ours. Looks at its first bytes, and where there is a log, which may
/// have newer ones, asks SQLite. Nothing in the file changes.
async fn is_of_another_program(path: &Path, place: &Place, had_log: bool) -> bool {
    let mut head = [0; 72];
    let Ok(mut file) = File::open(path) else { return false };
    if file.read_exact(&mut head).is_err() || !head.starts_with(b"SQLite format 3\0") {
        return false;
    }
    if head[68..] == APPLICATION_ID.to_be_bytes() {
        return false;
    }
    if had_log {
        // Where it cannot be asked, opening it says why.
        return connect::has_other_tables(place).await.unwrap_or(false);
    }
    // The number 1 stands for pages of 64 KiB. A file of one page is as new as SQLite makes it.
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    file.metadata().is_ok_and(|file| file.len() > page)
}

impl SqliteStore {
    /// Opens the file for this process alone, creates it if it does not exist, and brings its schema up to date. The clock stamps
    /// what is received.
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
        let of_sqlx = |error| SqliteOpenError::of_sqlx(path, error);
        let had_log = log_name::has_bytes(&lock.place.log_path());
        if is_of_another_program(path, &lock.place, had_log).await {
            return Err(SqliteOpenError::OtherProgram { path: path.to_owned() });
        }
        let options = connect::writer_options(&config, &lock.place);
        let mut connection = connect::writer(&options, &lock.place).await.map_err(of_sqlx)?;
        MIGRATIONS
            // Not `run`: with that, this future could not be spawned.
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|error| SqliteOpenError::of_migration(path, error))?;
        if !lock.place.in_memory {
            log_name::note(&mut connection, &lock.place, had_log, path).await?;
        }
        let stamps = LastStamp::default();
        let state = StoreState::load(&mut connection, &stamps).await.map_err(of_sqlx)?;
        let index = Index::load(&mut connection, config.index_window).await.map_err(of_sqlx)?;
        lock.place
            .note_log()
            .map_err(|failure| SqliteOpenError::Failed { path: path.to_owned(), reason: failure.reason })?;
        let readers = connect::readers(Arc::clone(&lock.place));
        let (writer, commands) = WriterHandle::new(COMMANDS);
        let in_memory = lock.place.in_memory;
        let task = Writer {
            options,
            connection: Some(connection),
            store: state,
            index: Some(index),
            index_window: config.index_window,
            stamps: stamps.clone(),
            is_current: true,
            written: None,
            is_failing: false,
            log: Log::new((!in_memory).then(|| readers.clone())),
            lock,
        };
        let task = Arc::new(Mutex::new(Some(tokio::spawn(task.run(commands)))));
        Ok(Self { writer, task, readers, clock, stamps, in_memory })
    }

    /// Says, whenever it is called, how many connections for reading are open, and how many of those are idle.
    pub fn connections(&self) -> impl Fn() -> (u32, u32) + Send + Sync + use<> {
        let pool = self.readers.clone();
        move || (pool.size(), u32::try_from(pool.num_idle()).unwrap_or(u32::MAX))
    }

    /// Finishes all writes and closes the file. Every handle answers [`Closed`](sspp_engine::StoreError::Closed) from then on.
    pub async fn close(&self) {
        // Before the writer, whose last act is to empty the write-ahead log: readers would stand in its way.
        self.readers.close().await;
        self.writer.close().await;
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer ended before it was closed");
        }
    }

    /// Releases the file as a crash would, without finishing anything: for tests of recovery.
    #[cfg(feature = "testing")]
    pub async fn abandon(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // It was aborted: that is the error.
            let _ = task.await;
        }
        self.readers.close().await;
    }
}
