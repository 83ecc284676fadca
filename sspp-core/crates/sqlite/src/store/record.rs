//! What the writer does to the store, inside its transaction.

use std::sync::{Arc, LazyLock};

use futures_util::TryStreamExt as _;
use sqlx::{Either, Executor as _, SqliteConnection};
use uuid::Uuid;

use super::dialect::{SignalRow, SqliteDialect};
use super::figures;
use super::index::Indexed;
use super::models::missing_model;
use super::state::StoreState;
use crate::command::Batch;
use crate::failure::{Failure, FailureKind};
use crate::multi_insert::MultiInsert;
use crate::stamp::LastStamp;
use sspp_engine::adapter::ordinary;
use sspp_engine::recording::{self, Found, Inserted, Recording, Tables, takes};
use sspp_engine::{NewDeadLetter, NewSignal, Record, Recorded, StoreError};
use sspp_events::{DeadLetterId, EventId, ExternalId, SignalId, Source, Timestamp};
use sspp_sql::{FoundRow, StoredId as _, add_found};

pub(crate) const BEGIN: &str = "BEGIN IMMEDIATE";

static INSERT_SIGNALS: LazyLock<MultiInsert> = LazyLock::new(|| insert_signals(""));
/// With the beginning of the transaction and the stamp: one way to the connection's thread and back instead of three.
static BEGIN_AND_INSERT: LazyLock<MultiInsert> =
    LazyLock::new(|| insert_signals("BEGIN IMMEDIATE; UPDATE totals SET last_stamp = max(last_stamp, ?); "));

fn insert_signals(before: &str) -> MultiInsert {
    MultiInsert::new(
        before,
        "signals",
        "id, event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, processed_at, content, \
         model, metadata, source, external_id",
        "ON CONFLICT (event_id) DO NOTHING",
    )
}

/// What becomes of a batch that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stays, and so does the rest of the transaction where what is wrong with its data undoes the batch.
    Kept,
    /// It is the whole transaction, which it begins and a failure undoes.
    Whole,
    /// It is undone.
    Undone,
}

/// Records one caller's batch.
pub(crate) async fn record_batch(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    stamps: &LastStamp,
    batch: &Batch,
    outcome: Outcome,
) -> Result<Result<Vec<Recorded>, StoreError>, Failure> {
    let missing = missing_model(state, &batch.records);
    let stamp = batch.clock.as_ref().map(|clock| stamps.next(Timestamp::from_datetime(clock.now())));
    let is_begun = outcome != Outcome::Whole;
    let mut tables = SqliteTables { connection, state, stamp, is_begun, is_stamp_kept: false };
    if let Some(digest) = missing {
        tables.begin().await?;
        return Ok(Err(StoreError::MissingModel { digest }));
    }
    match outcome {
        Outcome::Whole => tables.record(&batch.records).await.map(Ok),
        Outcome::Kept | Outcome::Undone => tables.in_savepoint(&batch.records, outcome).await,
    }
}

/// Whether a signal is at fault that was refused. Nothing stays.
pub(crate) async fn is_at_fault(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    (signal, payload): &(NewSignal, bytes::Bytes),
) -> Result<Result<bool, StoreError>, Failure> {
    // The table refused it, so no erasure covered it.
    let stamp = Some(signal.accepted.received_at);
    let mut tables = SqliteTables { connection, state, stamp, is_begun: true, is_stamp_kept: false };
    let record = |signal: NewSignal| [Record::Signal { signal, payload: payload.clone() }];
    if tables.in_savepoint(&record(signal.clone()), Outcome::Undone).await?.is_ok() {
        return Ok(Ok(false));
    }
    let sql = "SELECT randomblob(16)";
    let event_id: Vec<u8> = sqlx::query_scalar(sql).fetch_one(&mut *tables.connection).await?;
    let mut last = sspp_sql::last_signal::<SqliteDialect>();
    let last = last.build_query_as::<SignalRow>().fetch_all(&mut *tables.connection).await?;
    let last = sspp_sql::one(last)?;
    let mut reason = String::new();
    for signal in ordinary(signal, last, EventId::from_uuid(event_id.uuid()?)) {
        match tables.in_savepoint(&record(signal), Outcome::Undone).await? {
            Ok(answers) if matches!(answers[..], [Recorded::Signal(_)]) => return Ok(Ok(true)),
            Ok(answers) => reason = format!("it was not stored: {answers:?}"),
            Err(error) => reason = error.to_string(),
        }
    }
    Ok(Err(StoreError::Setup { reason: format!("it refuses an ordinary signal: {reason}") }))
}

/// The tables, inside the writer's transaction.
struct SqliteTables<'c> {
    connection: &'c mut SqliteConnection,
    state: &'c mut StoreState,
    /// Of events that are received now: later than every erasure, so that none covers them.
    stamp: Option<Timestamp>,
    /// Whether the transaction is begun.
    is_begun: bool,
    /// Whether the stamp is in the totals.
    is_stamp_kept: bool,
}

impl Tables for SqliteTables<'_> {
    type Error = Failure;
    const COUNTS: bool = false;

    async fn insert_signals(&mut self, signals: &[&NewSignal]) -> Result<Inserted, Failure> {
        let ids: Vec<Uuid> = signals.iter().map(|signal| signal.accepted.event_id.as_uuid()).collect();
        let letters = self.letters(&ids).await?.letters;
        let (mut rows, mut replaced) = (Vec::with_capacity(signals.len()), Vec::new());
        for (at, (signal, id)) in signals.iter().zip(ids).enumerate() {
            let letter = letters.get(&DeadLetterId::from_uuid(id));
            let erased = self.stamp.is_none() && self.state.erasures.cover_signal(signal);
            if !erased && takes(signal, letter) {
                rows.push((at, *signal));
                replaced.extend(letter.map(|_| id));
            }
        }
        let mut inserted =
            Inserted { ids: vec![None; signals.len()], replaced: self.remove_letters(&replaced).await? };
        for stretch in rows.chunks(MultiInsert::MOST) {
            self.insert(stretch, &mut inserted.ids).await?;
        }
        Ok(inserted)
    }

    async fn find(&mut self, records: &[&Record]) -> Result<Found, Failure> {
        self.begin().await?;
        let ids = Found::ids(records);
        let mut found = self.letters(&ids).await?;
        if self.stamp.is_none() {
            found.erasures = Arc::clone(&self.state.erasures);
        }
        let sql = "SELECT event_id, id, content, NULL FROM signals WHERE event_id IN (SELECT unhex(value) FROM json_each(?))";
        let rows: Vec<FoundRow<Vec<u8>>> =
            sqlx::query_as(sql).bind(hex_list(&ids)).fetch_all(&mut *self.connection).await?;
        add_found(&mut found, rows)?;
        Ok(found)
    }

    async fn insert_letter(&mut self, letter: &NewDeadLetter) -> Result<bool, Failure> {
        let facts = letter.facts();
        let inserted = sqlx::query(
            "INSERT INTO dead_letters (id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at, \
             account_id, user_id, event_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )
        .bind(bytes_of(letter.id.as_uuid()))
        .bind(bytes_of(letter.event_id.as_uuid()))
        .bind(letter.content.map(|content| content.as_bytes().to_vec()))
        .bind(letter.payload.to_vec())
        .bind(letter.reason.as_str())
        .bind(letter.detail.as_str())
        .bind(i64::from(letter.attempts))
        .bind(self.stamp.unwrap_or(letter.enqueued_at).micros())
        .bind(self.stamp.unwrap_or(letter.died_at).micros())
        .bind(facts.account_id.map(String::from))
        .bind(facts.user_id.map(String::from))
        .bind(facts.event_type.map(String::from))
        .execute(&mut *self.connection)
        .await?
        .rows_affected();
        self.state.dead_letters += i64::try_from(inserted).unwrap_or(0);
        Ok(inserted > 0)
    }

    fn vanished(event_id: EventId) -> Failure {
        Failure::corrupt(format_args!("event {event_id} is refused but not there"))
    }
}

impl SqliteTables<'_> {
    async fn record(&mut self, batch: &[Record]) -> Result<Vec<Recorded>, Failure> {
        if self.stamp.is_none() || self.state.dead_letters > 0 {
            self.begin().await?;
        }
        let Recording { answers, figures } = recording::record(self, batch).await?;
        self.begin().await?;
        let stamp = self.stamp.filter(|_| !self.is_stamp_kept);
        figures::write(figures.dead_letters, stamp, self.connection, self.state).await?;
        Ok(answers)
    }

    /// Records in a savepoint. What is wrong with the data is an answer; any other failure is every caller's.
    async fn in_savepoint(
        &mut self,
        batch: &[Record],
        then: Outcome,
    ) -> Result<Result<Vec<Recorded>, StoreError>, Failure> {
        let before = self.state.clone();
        sqlx::query("SAVEPOINT batch").execute(&mut *self.connection).await?;
        let outcome = self.record(batch).await;
        let end = match &outcome {
            Err(failure) if failure.kind != FailureKind::Data => return outcome.map(Ok),
            Ok(_) if then != Outcome::Undone => "RELEASE batch",
            _ => {
                *self.state = before;
                "ROLLBACK TO batch; RELEASE batch"
            }
        };
        sqlx::query(end).execute(&mut *self.connection).await?;
        Ok(outcome.map_err(StoreError::from))
    }

    async fn begin(&mut self) -> Result<(), Failure> {
        if !std::mem::replace(&mut self.is_begun, true) {
            sqlx::query(BEGIN).execute(&mut *self.connection).await?;
        }
        Ok(())
    }

    async fn insert(
        &mut self,
        stretch: &[(usize, &NewSignal)],
        ids: &mut [Option<SignalId>],
    ) -> Result<(), Failure> {
        let first_id = self.state.last_id + 1;
        let begins = !std::mem::replace(&mut self.is_begun, true);
        let insert = if begins { &BEGIN_AND_INSERT } else { &INSERT_SIGNALS };
        let mut query = sqlx::query(insert.text(stretch.len()));
        if begins {
            self.is_stamp_kept = true;
            query = query.bind(self.stamp.map(Timestamp::micros));
        }
        for (id, (_, signal)) in (first_id..).zip(stretch) {
            let event = &signal.accepted.event;
            query = query
                .bind(id)
                .bind(bytes_of(signal.accepted.event_id.as_uuid()))
                .bind(event.account_id.as_str())
                .bind(event.user_id.as_str())
                .bind(event.event_type.as_str())
                .bind(signal.signal_type.as_str())
                .bind(signal.score.units().get())
                .bind(event.timestamp.micros())
                .bind(self.stamp.unwrap_or(signal.accepted.received_at).micros())
                .bind(self.stamp.unwrap_or(signal.processed_at).micros())
                .bind(signal.content.as_bytes().as_slice())
                .bind(signal.model.as_bytes().as_slice())
                .bind(event.metadata.as_str())
                .bind(event.source.as_ref().map(Source::as_str))
                .bind(event.external_id.as_ref().map(ExternalId::as_str));
        }
        // The last statement's count is the INSERT's.
        let mut inserted = 0;
        let mut done = self.connection.fetch_many(query);
        while let Some(step) = done.try_next().await? {
            if let Either::Left(done) = step {
                inserted = done.rows_affected();
            }
        }
        drop(done);
        // Where some event ids were taken, the numbers tell which: those of this statement are the highest.
        let numbers: Vec<i64> = if inserted < stretch.len() as u64 {
            let sql = "SELECT id FROM signals WHERE id >= ? ORDER BY id";
            sqlx::query_scalar(sql).bind(first_id).fetch_all(&mut *self.connection).await?
        } else {
            (first_id..).take(stretch.len()).collect()
        };
        let mut numbers = numbers.into_iter().peekable();
        for (id, (at, signal)) in (first_id..).zip(stretch) {
            if let Some(id) = numbers.next_if_eq(&id) {
                ids[*at] = Some(SignalId::new(id));
                let processed_at = self.stamp.unwrap_or(signal.processed_at).micros();
                self.state.added.push(Indexed::new(id, &signal.accepted.event, processed_at));
                self.state.last_id = id;
            }
        }
        Ok(())
    }

    /// The dead letters of some ids.
    async fn letters(&mut self, ids: &[Uuid]) -> Result<Found, Failure> {
        let mut found = Found::default();
        if self.state.dead_letters > 0 {
            let sql = "SELECT id, NULL, content, payload FROM dead_letters WHERE id IN (SELECT unhex(value) FROM json_each(?))";
            let rows: Vec<FoundRow<Vec<u8>>> =
                sqlx::query_as(sql).bind(hex_list(ids)).fetch_all(&mut *self.connection).await?;
            add_found(&mut found, rows)?;
        }
        Ok(found)
    }

    async fn remove_letters(&mut self, ids: &[Uuid]) -> Result<u64, Failure> {
        if ids.is_empty() {
            return Ok(0);
        }
        let sql = "DELETE FROM dead_letters WHERE id IN (SELECT unhex(value) FROM json_each(?))";
        let query = sqlx::query(sql).bind(hex_list(ids));
        let removed = query.execute(&mut *self.connection).await?.rows_affected();
        self.state.dead_letters -= i64::try_from(removed).unwrap_or(i64::MAX);
        Ok(removed)
    }
}

fn bytes_of(id: Uuid) -> Vec<u8> {
    id.into_bytes().to_vec()
}

/// Ids as a JSON array of hexadecimal texts, which SQLite can join with.
fn hex_list(ids: &[Uuid]) -> String {
    let texts: Vec<String> = ids.iter().map(|id| id.simple().to_string()).collect();
    serde_json::to_string(&texts).unwrap_or_default()
}
