//! The file knows where its log is. SQLite names the log by the file's path, so a file that is opened by another name after a
//! crash would be without what was acknowledged last.

use std::path::Path;

use sqlx::SqliteConnection;

use super::SqliteOpenError;
use super::log_lock::is_log_in_use;
use super::place::Place;

/// Notes in the file where its log is from now on. Refuses a file whose last process left events in a log elsewhere. A log
/// that is in use is none of a crash: the file is a copy that was made while the first was in use.
///
/// `had_log`: whether there was a log beside the file when it was opened. Then that is the one, as in a copy of both.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    place: &Place,
    had_log: bool,
    path: &Path,
) -> Result<(), SqliteOpenError> {
    let of_sqlx = |error| SqliteOpenError::of_sqlx(path, error);
    let own = place.log_path().display().to_string();
    let last: Option<String> = sqlx::query_scalar("SELECT log FROM file_state")
        .fetch_one(&mut *connection)
        .await
        .map_err(of_sqlx)?;
    let is_left = |log: &Path| has_bytes(log) && !is_log_in_use(log);
    if let Some(last) = last.filter(|last| *last != own && !had_log && is_left(Path::new(last))) {
        let reason = format!(
            "its last process did not end in order and left events in {last}: open the file by the name that it had then, or \
             move that log to {own}; if the file is a copy, open the first one before it"
        );
        return Err(SqliteOpenError::UnusablePath { path: path.to_owned(), reason });
    }
    sqlx::query("UPDATE file_state SET log = ?")
        .bind(own)
        .execute(&mut *connection)
        .await
        .map_err(of_sqlx)?;
    // Into the file itself: the log is not found under another name of the file.
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await.map_err(of_sqlx)?;
    Ok(())
}

/// The log is about to be emptied, in order.
pub(super) async fn clear(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    sqlx::query("UPDATE file_state SET log = NULL").execute(connection).await.map(drop)
}

/// Whether a log has something in it.
pub(super) fn has_bytes(log: &Path) -> bool {
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}
