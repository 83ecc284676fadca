//! How connections to the file are made.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::SqliteConfig;
use super::failure::ACQUIRE_TIMEOUT_MS;
use super::place::Place;

/// SQLite's page, in bytes: its default, by which a file limit is counted.
const PAGE_BYTES: u64 = 4_096;
/// Says that a file is ours. The schema sets it.
pub(super) const APPLICATION_ID: i32 = i32::from_be_bytes(*b"SSPP");
/// Readers at most; each is a thread and up to 2 MB of cache.
const READERS: u32 = 3;

fn common(place: &Place) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(&place.real);
    let options = if place.in_memory { options.vfs("memdb") } else { options };
    options
        .journal_mode(if place.in_memory { SqliteJournalMode::Memory } else { SqliteJournalMode::Wal })
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(false)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
}

/// The one connection that writes.
pub(super) fn writer_options(config: &SqliteConfig, place: &Place) -> SqliteConnectOptions {
    let options = common(place)
        .pragma("cache_size", "-8192")
        // The log is moved beside the writer; where that fails, the writer does it here.
        .pragma("wal_autocheckpoint", "16000")
        .pragma("journal_size_limit", "16777216")
        .row_buffer_size(512)
        .thread_name(|_| "sspp-sqlite-writer".to_owned());
    match config.max_file_bytes {
        Some(bytes) => options.pragma("max_page_count", (bytes / PAGE_BYTES).max(1).to_string()),
        None => options,
    }
}

/// Connects the writer, and reads back the settings of durability: SQLite gives no error if it cannot set them.
pub(super) async fn writer(options: &SqliteConnectOptions, place: &Place) -> sqlx::Result<SqliteConnection> {
    let mut connection = options.connect().await?;
    let journal = if place.in_memory { "memory" } else { "wal" };
    for (pragma, wanted) in [("journal_mode", journal), ("synchronous", "2"), ("encoding", "UTF-8")] {
        let query = AssertSqlSafe(format!("PRAGMA {pragma}"));
        let row = sqlx::query(query).fetch_one(&mut connection).await?;
        let found = row.try_get_unchecked::<String, _>(0)?;
        if found != wanted {
            let reason = format!("its {pragma} is {found}, and has to be {wanted}");
            return Err(sqlx::Error::Configuration(reason.into()));
        }
    }
    Ok(connection)
}

/// Whether a file with its log has tables and another application id. Opened for reading alone, it stays as it is.
pub(super) async fn has_other_tables(place: &Place) -> sqlx::Result<bool> {
    let options = SqliteConnectOptions::new().filename(&place.real).read_only(true);
    let mut connection = options.connect().await?;
    let sql =
        "SELECT application_id <> ? AND EXISTS (SELECT 1 FROM sqlite_schema) FROM pragma_application_id";
    let is_other = sqlx::query_scalar(sql).bind(APPLICATION_ID).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(is_other)
}

/// Connections for reading, made when they are first needed.
pub(super) fn readers(place: Arc<Place>) -> SqlitePool {
    let options = common(&place)
        .pragma("query_only", "ON")
        .pragma("cache_size", "-2048")
        .thread_name(|number| format!("sspp-sqlite-{number}"));
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .min_connections(0)
        .acquire_timeout(Duration::from_millis(ACQUIRE_TIMEOUT_MS))
        .test_before_acquire(false)
        // What was opened by its path is another file, when another has the path now.
        .after_connect(move |_, _| {
            let place = Arc::clone(&place);
            Box::pin(async move {
                place.check().map_err(|failure| sqlx::Error::Io(std::io::Error::other(failure.reason)))
            })
        })
        // A question's limit is its own.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.lock_handle().await?.remove_progress_handler();
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}
