//! The queue in the SQLite file.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::SqlitePool;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::command::{Command, WriterHandle};
use super::failure::Failure;
use super::queue_rows::{JobRow, job_columns, queued_job};
use super::queue_state::QueueState;
use super::queue_write::{self, locked};
use sspp_engine::{
    Admission, Delivery, Durability, EventQueue, NewJob, QueueDepth, QueueError, QueuedJob, Receipt, Settled,
};
use sspp_events::{Clock, EventId, Timestamp};

/// How often a waiting receiver looks at the clock for jobs that come again. The clock may be stepped, so it does not
/// sleep until the next of them.
const LOOK_AT_CLOCK: Duration = Duration::from_millis(250);

/// The queue in a SQLite file; [`SqliteDatabase::queue`](crate::SqliteDatabase::queue) gives it.
///
/// What was admitted survives the death of the process, and a crash of the machine as far as its disk keeps what it
/// acknowledged. Jobs in hand when the process died are reclaimable as soon as the file is open again.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use sspp_core::{SqliteConfig, SqliteDatabase, SystemClock};
/// let database = SqliteDatabase::open(SqliteConfig::new("sspp.db"), std::sync::Arc::new(SystemClock)).await?;
/// assert_eq!(database.queue().depth().await?.total(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SqliteEventQueue {
    pub(super) writer: WriterHandle,
    pub(super) readers: SqlitePool,
    pub(super) state: Arc<Mutex<QueueState>>,
    pub(super) arrivals: Arc<Notify>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) claim_bound: Duration,
    pub(super) max_backlog: u64,
}

impl SqliteEventQueue {
    fn micros(&self) -> i64 {
        self.clock.now().timestamp_micros()
    }

    fn open(&self) -> Result<(), QueueError> {
        if self.writer.is_closed() { Err(QueueError::Closed) } else { Ok(()) }
    }
}

#[async_trait]
impl EventQueue for SqliteEventQueue {
    async fn enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Admission>, QueueError> {
        self.writer.ask(Command::Enqueue, jobs).await
    }

    async fn receive(&self, max: usize, wait: Duration) -> Result<Vec<Delivery>, QueueError> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let started = Instant::now();
        loop {
            // Listens before it looks, so that nothing arrives in between unheard.
            let mut arrival = std::pin::pin!(self.arrivals.notified());
            arrival.as_mut().enable();
            self.open()?;
            if locked(&self.state).has_due(self.micros()) {
                let taken = self.writer.ask(Command::Receive, max).await?;
                if !taken.is_empty() {
                    return Ok(taken);
                }
            }
            let left = wait.saturating_sub(started.elapsed());
            if left.is_zero() {
                return Ok(Vec::new());
            }
            // Whether it was heard or not, the loop looks again.
            let _ = timeout(left.min(LOOK_AT_CLOCK), arrival).await;
        }
    }

    async fn reclaim(&self, max: usize) -> Result<Vec<Delivery>, QueueError> {
        self.open()?;
        if locked(&self.state).expired(self.micros(), max).is_empty() {
            return Ok(Vec::new());
        }
        self.writer.ask(Command::Reclaim, max).await
    }

    async fn settle(&self, settlements: Vec<Settled>) -> Result<(), QueueError> {
        self.writer.ask(Command::Settle, settlements).await
    }

    async fn keep(&self, receipts: Vec<Receipt>) -> Result<(), QueueError> {
        self.open()?;
        let now = self.micros();
        let mut state = locked(&self.state);
        for receipt in &receipts {
            state.keep(receipt, now);
        }
        Ok(())
    }

    async fn begin_run(&self, receipt: &Receipt) -> Result<u32, QueueError> {
        self.writer.ask(Command::BeginRun, receipt.clone()).await
    }

    async fn end_run(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.writer.ask(Command::EndRun, receipt.clone()).await
    }

    async fn depth(&self) -> Result<QueueDepth, QueueError> {
        self.open()?;
        let (marks, active) = {
            let state = locked(&self.state);
            (state.marks, state.active())
        };
        let mut delayed = 0;
        if marks.earliest_due != i64::MAX {
            let count: i64 = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE due_at > ?")
                .bind(self.micros())
                .fetch_one(&self.readers)
                .await
                .map_err(Failure::from)?;
            delayed = u64::try_from(count).unwrap_or(0);
        }
        let waiting = marks.total.saturating_sub(active).saturating_sub(delayed);
        Ok(QueueDepth { waiting, active, delayed })
    }

    async fn job(&self, event_id: EventId) -> Result<Option<QueuedJob>, QueueError> {
        let row: Option<JobRow> = sqlx::query_as(concat!(
            "SELECT ",
            job_columns!(),
            " FROM jobs WHERE event_id = ? ORDER BY seq DESC LIMIT 1"
        ))
        .bind(event_id.as_uuid().into_bytes().to_vec())
        .fetch_optional(&self.readers)
        .await
        .map_err(Failure::from)?;
        let state = locked(&self.state);
        Ok(row.map(|row| queued_job(row, &state, self.micros())).transpose()?)
    }

    async fn recent(&self, limit: usize) -> Result<Vec<QueuedJob>, QueueError> {
        let rows: Vec<JobRow> =
            sqlx::query_as(concat!("SELECT ", job_columns!(), " FROM jobs ORDER BY seq DESC LIMIT ?"))
                .bind(i64::try_from(limit).unwrap_or(i64::MAX))
                .fetch_all(&self.readers)
                .await
                .map_err(Failure::from)?;
        let now = self.micros();
        let state = locked(&self.state);
        Ok(rows.into_iter().map(|row| queued_job(row, &state, now)).collect::<Result<_, _>>()?)
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.writer.ask(Command::Ping, ()).await?;
        queue_write::has_room(&self.state, self.max_backlog)
    }

    async fn fence(&self, at_least: Option<Timestamp>) -> Result<Timestamp, QueueError> {
        let now = self.now().await?;
        Ok(locked(&self.state).stamps.fence(now, at_least))
    }

    async fn now(&self) -> Result<Timestamp, QueueError> {
        self.open()?;
        Ok(Timestamp::from_datetime(self.clock.now()))
    }

    fn claim_bound(&self) -> Duration {
        self.claim_bound
    }

    async fn durability(&self) -> Result<Durability, QueueError> {
        Ok(Durability::Durable)
    }
}
