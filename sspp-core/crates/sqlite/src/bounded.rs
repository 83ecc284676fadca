//! Questions that may read much: they are interrupted when they take too long, so that no connection is kept.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{SqliteConnection, SqlitePool};
use tokio::time::Instant;

use super::failure::Failure;

/// After how many steps of SQLite's machine the clock is looked at: some tens of microseconds.
const STEPS: i32 = 2_000;

/// Asks on a connection that interrupts itself at the limit, even when its caller has gone away. The pool takes the
/// limit off again.
pub(super) async fn within<T>(
    limit: Duration,
    readers: &SqlitePool,
    question: impl for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, sqlx::Result<T>> + Send,
) -> Result<T, Failure> {
    let mut connection = readers.acquire().await?;
    let deadline = Instant::now() + limit;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < deadline);
    Ok(question(&mut connection).await?)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use sqlx::ConnectOptions as _;

    use super::*;
    use crate::SqliteConfig;
    use crate::connect;
    use crate::failure::FailureKind;
    use crate::lock::FileLock;

    #[tokio::test]
    async fn a_question_that_reads_for_ever_is_interrupted_and_keeps_no_connection() {
        let folder = tempfile::tempdir().unwrap();
        let config = SqliteConfig::new(folder.path().join("x.db"));
        let lock = FileLock::take(&config.path).unwrap();
        drop(connect::writer_options(&config, &lock.place).connect().await.unwrap());
        let readers = connect::readers(std::sync::Arc::clone(&lock.place));
        let for_ever =
            "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
        let ask = |sql: &'static str| {
            within(Duration::from_millis(30), &readers, move |connection| {
                async move { sqlx::query_scalar::<_, i64>(sql).fetch_one(connection).await }.boxed()
            })
        };
        // More often than there are connections; and at once, with callers that do not wait.
        for _ in 0..4 {
            assert_eq!(ask(for_ever).await.unwrap_err().kind, FailureKind::Interrupted);
        }
        for _ in 0..4 {
            drop(tokio::time::timeout(Duration::from_millis(1), ask(for_ever)).await);
        }
        assert_eq!(ask("SELECT 7").await.unwrap(), 7);
        // The limit was of those questions alone.
        let many = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 50000) SELECT count(*) FROM n";
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(80) {
            assert_eq!(sqlx::query_scalar::<_, i64>(many).fetch_one(&readers).await.unwrap(), 50_000);
        }
    }
}
