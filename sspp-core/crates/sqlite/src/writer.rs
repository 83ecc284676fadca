//! The one task that writes. What is asked of it while a commit is under way becomes the next transaction.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;

use super::command::Command;
use super::connect;
use super::failure::{Failure, FailureKind};
use super::lock::FileLock;
use super::log_name;
use super::queue_state::{Marks, QueueState};
use super::queue_write::{self, locked};
use super::store::record;
use super::store::state::StoreState;
use super::store::{dead_letters, erasure, housekeeping, models};
use sspp_events::{Clock, Timestamp};

/// About how many rows a transaction has at most: more would make the first caller wait for the last.
const BATCH_ROWS: usize = 1_000;

/// For how long a write proves that the file can be written. A ping later than that writes something itself.
const PROVEN_FOR: Duration = Duration::from_secs(5);

/// The writer's connection and what it knows.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) options: SqliteConnectOptions,
    /// `None` after a failure that it may not have survived; made anew for the next transaction.
    pub(super) connection: Option<SqliteConnection>,
    pub(super) queue: Arc<Mutex<QueueState>>,
    pub(super) store: StoreState,
    pub(super) max_backlog: u64,
    pub(super) clock: Arc<dyn Clock>,
    /// Notified when jobs arrive.
    pub(super) arrivals: Arc<Notify>,
    /// Whether its state in memory is that of the file.
    pub(super) is_current: bool,
    /// When something was last written; `None` after a failure.
    pub(super) written: Option<Instant>,
    /// Let go of after the connection: fields are dropped in their order.
    pub(super) lock: FileLock,
}

impl Writer {
    /// Runs until it is closed, or until every handle is gone.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut closing: Option<oneshot::Sender<()>> = None;
        while let Some(first) = commands.recv().await {
            let mut batch = Vec::new();
            let mut next = Some(first);
            // Callers that were just answered get their turn to ask again before the next commit starts.
            tokio::task::yield_now().await;
            let mut rows = 0;
            while let Some(command) = next.take() {
                rows += command.rows();
                match command {
                    Command::Close(reply) => {
                        closing = Some(reply);
                        // Takes no more commands, but finishes those that it has.
                        commands.close();
                    }
                    command => batch.push(command),
                }
                if rows < BATCH_ROWS {
                    next = commands.try_recv().ok();
                }
            }
            // Intake commits first, so a 202 never waits for the pipeline's transaction.
            let (intake, rest): (Vec<_>, Vec<_>) =
                batch.into_iter().partition(|command| matches!(command, Command::Enqueue(_)));
            // The probe of a full file fails: apart, it undoes the work of no other caller.
            let (pings, work) = rest.into_iter().partition(|command| matches!(command, Command::Ping(_)));
            self.transact(intake).await;
            self.transact(work).await;
            self.transact(pings).await;
        }
        if let Some(reply) = closing {
            self.shut().await;
            drop(self);
            // The caller may have gone away.
            let _ = reply.send(());
        }
    }

    /// Runs a batch in one transaction and answers every caller.
    async fn transact(&mut self, mut batch: Vec<Command>) {
        if batch.is_empty() {
            return;
        }
        let mut outcome = self.connect().await;
        if outcome.is_ok() {
            let store = self.store.clone();
            locked(&self.queue).begin();
            outcome = self.attempt(&mut batch).await;
            if outcome.is_err() {
                locked(&self.queue).roll_back();
                self.store = store;
            } else {
                // Only what is in the file that the next start opens may be acknowledged. It was committed all the same:
                // what is known stays with it, so that a settlement sent again is stale and does nothing.
                outcome = self.lock.place.check();
            }
        }
        if let Err(failure) = &outcome {
            self.written = None;
            self.recover(failure.kind).await;
        }
        let pings = batch.iter().all(|command| matches!(command, Command::Ping(_)));
        match &outcome {
            // The caller of a ping logs it itself, once for each change.
            Err(failure) if !pings => {
                tracing::error!(reason = %failure.reason, commands = batch.len(), "a write failed, and its callers get the error");
            }
            Err(_) => {}
            Ok(()) if pings && self.is_proven() => {}
            Ok(()) => self.written = Some(Instant::now()),
        }
        let arrived = batch.iter().any(|command| matches!(command, Command::Enqueue(_) | Command::Settle(_)));
        for command in batch {
            command.finish(outcome.as_ref().copied());
        }
        if arrived {
            self.arrivals.notify_waiters();
        }
    }

    fn is_proven(&self) -> bool {
        self.written.is_some_and(|at| at.elapsed() < PROVEN_FOR)
    }

    /// Makes the connection anew after a failure that it may not have survived, and reads again what is in the file: a
    /// commit whose answer was lost may have landed. Fails while the file is not where it was: then nothing is begun.
    async fn connect(&mut self) -> Result<(), Failure> {
        if self.connection.is_none() {
            self.lock.place.forget_log();
        }
        self.lock.place.check()?;
        if self.connection.is_some() && self.is_current {
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect::writer(&self.options, &self.lock.place).await?,
        };
        let store = StoreState::load(&mut connection).await?;
        let marks = Marks::load(&mut connection).await?;
        let in_hand = marks.in_hand(&mut connection).await?;
        self.lock.place.note_log()?;
        locked(&self.queue).reload(marks, &in_hand);
        self.store = store;
        self.connection = Some(connection);
        self.is_current = true;
        Ok(())
    }

    async fn attempt(&mut self, batch: &mut [Command]) -> Result<(), Failure> {
        let mut proven = self.is_proven();
        let Some(connection) = &mut self.connection else { return Err(Failure::closed()) };
        let enqueues = batch.iter_mut().filter_map(|command| match command {
            Command::Enqueue(ask) => Some(ask),
            _ => None,
        });
        let admitted = queue_write::admit(&self.queue, enqueues, self.max_backlog);
        if !admitted.is_empty() {
            let now = Timestamp::from_datetime(self.clock.now());
            queue_write::enqueue(connection, &self.queue, admitted, now).await?;
        }
        if batch.iter().all(|command| matches!(command, Command::Enqueue(_))) {
            return Ok(());
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await?;
        let now = self.clock.now().timestamp_micros();
        for command in batch.iter_mut() {
            match command {
                Command::Record(ask) => {
                    let answer = record::record_alone(connection, &mut self.store, &ask.work).await?;
                    ask.answer(answer);
                }
                Command::IsAtFault(ask) => {
                    let answer = record::is_at_fault(connection, &mut self.store, &ask.work).await?;
                    ask.answer(answer);
                }
                Command::Expire(ask) => {
                    let gone = housekeeping::expire(connection, &mut self.store, ask.work).await?;
                    ask.answer(Ok(gone));
                }
                Command::ChangeLetter(ask) => {
                    let changed = dead_letters::change(connection, &mut self.store, &ask.work).await?;
                    ask.answer(Ok(changed));
                }
                Command::BeginErasure(ask) => {
                    erasure::begin(connection, &mut self.store, &ask.work).await?;
                    ask.answer(Ok(()));
                }
                Command::EraseStep(ask) => {
                    let erased = erasure::step(connection, &mut self.store, ask.work).await?;
                    ask.answer(Ok(erased));
                }
                Command::PutModel(ask) => {
                    models::put_model(connection, &ask.work).await?;
                    ask.answer(Ok(()));
                }
                Command::Settle(ask) => {
                    queue_write::settle(connection, &self.queue, &ask.work, now).await?;
                    ask.answer(Ok(()));
                }
                Command::BeginRun(ask) => {
                    let runs = queue_write::begin_run(connection, &self.queue, &ask.work).await?;
                    ask.answer(Ok(runs));
                }
                Command::EndRun(ask) => {
                    queue_write::end_run(connection, &self.queue, &ask.work).await?;
                    ask.answer(Ok(()));
                }
                Command::Ping(ask) => {
                    if !std::mem::replace(&mut proven, true) {
                        // Takes a page, as an event may: one that is free in the file, or one more, which a full file
                        // does not get. The commit takes room in the log, which a full disk may not have.
                        sqlx::query("INSERT INTO write_probe VALUES (zeroblob(5000))")
                            .execute(&mut *connection)
                            .await?;
                        sqlx::query("DELETE FROM write_probe").execute(&mut *connection).await?;
                    }
                    ask.answer(Ok(()));
                }
                Command::Enqueue(_) | Command::Receive(_) | Command::Reclaim(_) | Command::Close(_) => {}
            }
        }
        // Last, so that they see what came in with them. What is abandoned has no caller any more.
        for command in batch {
            match command {
                Command::Receive(ask) if !ask.is_abandoned() => {
                    let taken = queue_write::receive(connection, &self.queue, ask.work, now).await?;
                    ask.answer(Ok(taken));
                }
                Command::Reclaim(ask) if !ask.is_abandoned() => {
                    let taken = queue_write::reclaim(connection, &self.queue, ask.work, now).await?;
                    ask.answer(Ok(taken));
                }
                _ => {}
            }
        }
        sqlx::query("COMMIT").execute(connection).await?;
        Ok(())
    }

    /// Leaves the failed transaction. A connection that may be broken is given up.
    async fn recover(&mut self, kind: FailureKind) {
        let Some(mut connection) = self.connection.take() else { return };
        // ROLLBACK fails if SQLite already rolled back; ignore it.
        let _ = sqlx::query("ROLLBACK").execute(&mut connection).await;
        if kind == FailureKind::Moved && std::mem::replace(&mut self.is_current, false) {
            leave_log(&mut connection).await;
        }
        if matches!(kind, FailureKind::Busy | FailureKind::Data | FailureKind::Moved) {
            self.connection = Some(connection);
        }
    }

    /// Ends in order: gives back every held job, and moves the whole log into the file.
    async fn shut(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let now = self.clock.now().timestamp_micros();
        if let Err(failure) = queue_write::give_back_all(&mut connection, &self.queue, now).await {
            tracing::warn!(reason = %failure.reason, "held jobs could not be given back: they come again as suspects");
        }
        if let Err(error) = log_name::clear(&mut connection).await {
            tracing::warn!(%error, "the file could not be marked as having an empty log");
        }
        empty_log(&mut connection).await;
        if let Err(error) = connection.close().await {
            tracing::warn!(%error, "the connection did not close");
        }
    }
}

/// Moves what was acknowledged from the log into the file, wherever that is now, and empties the log: another file that has
/// its name would take it for its own at the next start.
async fn leave_log(connection: &mut SqliteConnection) {
    tracing::error!("the data file or its log was moved, removed or replaced: nothing more is written to it");
    empty_log(connection).await;
}

async fn empty_log(connection: &mut SqliteConnection) {
    if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await {
        tracing::warn!(%error, "the write-ahead log could not be emptied: the next start reads it");
    }
}
