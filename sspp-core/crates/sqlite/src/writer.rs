//! The one task that writes. What is asked of it while a commit is under way becomes the next transaction.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::command::Command;
use super::connect;
use super::failure::{Failure, FailureKind};
use super::lock::FileLock;
use super::log::Log;
use super::log_name;
use super::stamp::LastStamp;
use super::store::index::Index;
use super::store::record::{self, BEGIN, Outcome};
use super::store::state::StoreState;
use super::store::{dead_letters, erasure, figures, housekeeping, models};

/// About how many rows a transaction has at most: more would make the first caller wait for the last.
const BATCH_ROWS: usize = 1_000;

/// After so long without a command the indexes are brought up: longer than callers who send one event after another take to come back,
/// so that a busy writer does not stop for it.
const IDLE: Duration = Duration::from_millis(4);

/// For how long a write proves that the file can be written. A ping later than that writes something itself.
const PROVEN_FOR: Duration = Duration::from_secs(5);

/// The writer's connection and what it knows.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) options: SqliteConnectOptions,
    /// `None` after a failure that it may not have survived; made anew for the next transaction.
    pub(super) connection: Option<SqliteConnection>,
    pub(super) store: StoreState,
    /// `None` after a failed transaction; read from the file for the next.
    pub(super) index: Option<Index>,
    pub(super) index_window: usize,
    pub(super) stamps: LastStamp,
    /// Whether its state in memory is that of the file.
    pub(super) is_current: bool,
    /// When something was last written; `None` after a failure.
    pub(super) written: Option<Instant>,
    /// Whether a write failed since the last that did not: an outage is logged once.
    pub(super) is_failing: bool,
    pub(super) log: Log,
    /// Let go of after the connection: fields are dropped in their order.
    pub(super) lock: FileLock,
}

impl Writer {
    /// Runs until it is closed, or until every handle is gone.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut closing: Option<oneshot::Sender<()>> = None;
        while let Some(first) = self.next(&mut commands).await {
            let mut batch = Vec::new();
            let mut next = Some(first);
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
            // The probe of a full file fails: apart, it undoes the work of no other caller.
            let (pings, work) = batch.into_iter().partition(|command| matches!(command, Command::Ping(_)));
            self.transact(work).await;
            self.transact(pings).await;
            self.log.tend(rows, &mut self.connection).await;
        }
        if let Some(reply) = closing {
            // The tables of figures say what there is in a file that was closed in order.
            if self.store.is_behind() {
                self.transact(vec![Command::Index]).await;
            }
            self.shut().await;
            drop(self);
            // The caller may have gone away.
            let _ = reply.send(());
        }
    }

    /// The next command. When none comes for a while, the indexes are brought up.
    async fn next(&self, commands: &mut mpsc::Receiver<Command>) -> Option<Command> {
        if self.index.as_ref().is_some_and(Index::is_behind) {
            let next = tokio::time::timeout(IDLE, commands.recv()).await;
            return next.unwrap_or(Some(Command::Index));
        }
        commands.recv().await
    }

    /// Runs a batch in one transaction and answers every caller.
    async fn transact(&mut self, mut batch: Vec<Command>) {
        if batch.is_empty() {
            return;
        }
        let mut outcome = self.connect().await;
        if outcome.is_ok() {
            let store = self.store.clone();
            outcome = self.attempt(&mut batch).await;
            if outcome.is_err() {
                self.store = store;
            } else {
                // Only what is in the file that the next start opens may be acknowledged. It was committed all the same:
                // what is known stays with it.
                outcome = self.lock.place.check();
            }
        }
        if let Err(failure) = &outcome {
            self.written = None;
            self.index = None;
            self.recover(failure.kind).await;
        }
        let pings = batch.iter().all(|command| matches!(command, Command::Ping(_)));
        match &outcome {
            // It has no caller.
            Err(failure) if matches!(batch[..], [Command::Index]) && !self.is_failing => {
                tracing::warn!(reason = %failure.reason, "signals could not be added to the indexes; this is tried again after the next write");
            }
            // The caller of a ping logs it itself, once for each change. The caller of refused data finds the event at fault.
            Err(failure) if !pings && failure.kind != FailureKind::Data && !self.is_failing => {
                self.is_failing = true;
                tracing::error!(reason = %failure.reason, commands = batch.len(), "a write failed, and its callers get the error");
            }
            Err(_) => {}
            Ok(()) if pings && self.is_proven() => {}
            Ok(()) => {
                self.written = Some(Instant::now());
                self.is_failing = false;
            }
        }
        for command in batch {
            command.finish(outcome.as_ref().copied());
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
        if let (Some(connection), true) = (&mut self.connection, self.is_current) {
            if self.index.is_none() {
                self.index = Some(Index::load(connection, self.index_window).await?);
            }
            return Ok(());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect::writer(&self.options, &self.lock.place).await?,
        };
        self.index = Some(Index::load(&mut connection, self.index_window).await?);
        let store = StoreState::load(&mut connection, &self.stamps).await?;
        self.lock.place.note_log()?;
        self.store = store;
        self.connection = Some(connection);
        self.is_current = true;
        Ok(())
    }

    async fn attempt(&mut self, batch: &mut [Command]) -> Result<(), Failure> {
        let mut proven = self.is_proven();
        let (Some(connection), Some(index)) = (&mut self.connection, &mut self.index) else {
            return Err(Failure::closed());
        };
        // A batch that is alone begins the transaction with its first statement.
        let outcome = if let [Command::Record(_)] = batch { Outcome::Whole } else { Outcome::Kept };
        if outcome != Outcome::Whole {
            sqlx::query(BEGIN).execute(&mut *connection).await?;
        }
        #[cfg(feature = "faults")]
        let records = batch.iter().any(|command| matches!(command, Command::Record(_)));
        for command in batch {
            match command {
                Command::Record(ask) => {
                    let (store, stamps) = (&mut self.store, &self.stamps);
                    let answer = record::record_batch(connection, store, stamps, &ask.work, outcome).await?;
                    index.follow(&mut self.store.added, connection).await?;
                    ask.answer(answer);
                }
                Command::Index => {
                    index.add_some(connection).await?;
                    figures::count_newest(connection, &mut self.store).await?;
                }
                Command::IsAtFault(ask) => {
                    let answer = record::is_at_fault(connection, &mut self.store, &ask.work).await?;
                    ask.answer(answer);
                }
                Command::Expire(ask) => {
                    index.add_all(connection).await?;
                    let gone = housekeeping::expire(connection, &mut self.store, ask.work).await?;
                    ask.answer(Ok(gone));
                }
                Command::ChangeLetter(ask) => {
                    let changed = dead_letters::change(connection, &mut self.store, &ask.work).await?;
                    ask.answer(Ok(changed));
                }
                Command::BeginErasure(ask) => {
                    erasure::begin(connection, &mut self.store, &self.stamps, &ask.work).await?;
                    ask.answer(Ok(()));
                }
                Command::EraseStep(ask) => {
                    index.add_all(connection).await?;
                    let erased = erasure::step(connection, &mut self.store, ask.work).await?;
                    ask.answer(Ok(erased));
                }
                Command::PutModel(ask) => {
                    models::put_model(connection, &mut self.store, &ask.work).await?;
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
                Command::Close(_) => {}
            }
        }
        #[cfg(feature = "faults")]
        if records {
            sspp_events::faults::pass(sspp_events::faults::Point::BeforeCommit, None);
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
        } else {
            // SQLite removes the log with the last connection: a reader that comes before the next write makes another.
            self.lock.place.forget_log();
        }
    }

    /// Ends in order: moves the whole log into the file.
    async fn shut(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
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
