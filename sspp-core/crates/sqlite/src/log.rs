//! The write-ahead log, moved into the file beside the writer: a log that the writer moves itself keeps its callers waiting.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use tokio::task::JoinHandle;

/// After about so many rows the log is moved.
const ROWS: usize = 1_500;

const MOVE: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// What the log holds, and who moves it.
#[derive(Debug)]
pub(super) struct Log {
    /// Connections beside the writer's; none where there is no log.
    movers: Option<SqlitePool>,
    /// Rows that were written since it was last moved.
    rows: usize,
    moving: Option<JoinHandle<()>>,
}

impl Log {
    pub(super) fn new(movers: Option<SqlitePool>) -> Self {
        Self { movers, rows: 0, moving: None }
    }

    /// Looks after the log when rows were written. What came while another connection moved the log is little: the writer moves
    /// it itself, and begins the log anew.
    pub(super) async fn tend(&mut self, written: usize, writer: &mut Option<SqliteConnection>) {
        self.rows += written;
        let Some(movers) = &self.movers else { return };
        match self.moving.take() {
            Some(moving) if !moving.is_finished() => self.moving = Some(moving),
            Some(_) => {
                self.rows = 0;
                if let Some(connection) = writer
                    && let Err(error) = sqlx::query(MOVE).execute(connection).await
                {
                    tracing::warn!(%error, "the write-ahead log could not be moved into the file; trying again");
                }
            }
            None if self.rows >= ROWS => {
                let movers = movers.clone();
                self.moving = Some(tokio::spawn(async move {
                    if let Err(error) = sqlx::query(MOVE).execute(&movers).await {
                        tracing::debug!(%error, "the write-ahead log was not moved beside the writer");
                    }
                }));
            }
            None => {}
        }
    }
}
