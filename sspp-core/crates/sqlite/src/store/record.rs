//! What the writer does to the store, inside its transaction.

use std::sync::{Arc, LazyLock};

use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use super::dialect::{SignalRow, SqliteDialect};
use super::figures;
use super::models::missing_model;
use super::state::StoreState;
use crate::failure::{Failure, FailureKind};
use crate::multi_insert::MultiInsert;
use crate::queue_rows::read_event_id;
use sspp_engine::adapter::ordinary;
use sspp_engine::recording::{self, Found, Inserted, Recording, Tables, takes};
use sspp_engine::{NewDeadLetter, NewSignal, Record, Recorded, StoreError};
use sspp_events::{DeadLetterId, EventId, ExternalId, SignalId, Source};
use sspp_sql::{FoundRow, add_found};

static INSERT_SIGNALS: LazyLock<MultiInsert> = LazyLock::new(|| {
    MultiInsert::new(
        "INSERT INTO signals (id, event_id, account_id, user_id, event_type, signal_type, score, timestamp, \
         received_at, processed_at, content, model, metadata, source, external_id)",
        15,
        "ON CONFLICT (event_id) DO NOTHING",
    )
});

/// Records one caller's batch. What is wrong with its data undoes this batch alone; any other failure is every caller's.
pub(crate) async fn record_alone(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    batch: &[Record],
) -> Result<Result<Vec<Recorded>, StoreError>, Failure> {
    if let Some(digest) = missing_model(connection, batch).await? {
        return Ok(Err(StoreError::MissingModel { digest }));
    }
    in_savepoint(connection, state, batch, Outcome::Kept).await
}

/// Whether a signal is at fault that was refused. Nothing stays.
pub(crate) async fn is_at_fault(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    (signal, payload): &(NewSignal, bytes::Bytes),
) -> Result<Result<bool, StoreError>, Failure> {
    let record = |signal: NewSignal| [Record::Signal { signal, payload: payload.clone() }];
    if in_savepoint(connection, state, &record(signal.clone()), Outcome::Undone).await?.is_ok() {
        return Ok(Ok(false));
    }
    let event_id: Vec<u8> = sqlx::query_scalar("SELECT randomblob(16)").fetch_one(&mut *connection).await?;
    let mut last = sspp_sql::last_signal::<SqliteDialect>();
    let last = last.build_query_as::<SignalRow>().fetch_all(&mut *connection).await?;
    let last = sspp_sql::one(last)?;
    let mut reason = String::new();
    for signal in ordinary(signal, last, read_event_id(&event_id)?) {
        match in_savepoint(connection, state, &record(signal), Outcome::Undone).await? {
            Ok(answers) if matches!(answers[..], [Recorded::Signal(_)]) => return Ok(Ok(true)),
            Ok(answers) => reason = format!("it was not stored: {answers:?}"),
            Err(error) => reason = error.to_string(),
        }
    }
    Ok(Err(StoreError::Setup { reason: format!("it refuses an ordinary signal: {reason}") }))
}

/// What becomes of a batch that was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Kept,
    Undone,
}

/// Records in a savepoint. What is wrong with the data is an answer; any other failure is every caller's.
async fn in_savepoint(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    batch: &[Record],
    then: Outcome,
) -> Result<Result<Vec<Recorded>, StoreError>, Failure> {
    let before = state.clone();
    sqlx::query("SAVEPOINT batch").execute(&mut *connection).await?;
    let outcome = record(connection, state, batch).await;
    if let Err(failure) = &outcome
        && failure.kind != FailureKind::Data
    {
        return outcome.map(Ok);
    }
    if outcome.is_err() || then == Outcome::Undone {
        *state = before;
        sqlx::query("ROLLBACK TO batch").execute(&mut *connection).await?;
    }
    sqlx::query("RELEASE batch").execute(connection).await?;
    Ok(outcome.map_err(StoreError::from))
}

async fn record(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    batch: &[Record],
) -> Result<Vec<Recorded>, Failure> {
    let mut tables = SqliteTables { connection, state };
    let Recording { answers, figures } = recording::record(&mut tables, batch).await?;
    figures::write(figures, connection).await?;
    Ok(answers)
}

/// The tables, inside the writer's transaction.
struct SqliteTables<'c> {
    connection: &'c mut SqliteConnection,
    state: &'c mut StoreState,
}

impl Tables for SqliteTables<'_> {
    type Error = Failure;

    async fn insert_signals(&mut self, signals: &[&NewSignal]) -> Result<Inserted, Failure> {
        let ids: Vec<Uuid> = signals.iter().map(|signal| signal.accepted.event_id.as_uuid()).collect();
        let letters = self.letters(&ids).await?.letters;
        let (mut rows, mut replaced) = (Vec::with_capacity(signals.len()), Vec::new());
        for (at, (signal, id)) in signals.iter().zip(ids).enumerate() {
            let letter = letters.get(&DeadLetterId::from_uuid(id));
            if !self.state.erasures.cover_signal(signal) && takes(signal, letter) {
                rows.push((at, *signal));
                replaced.extend(letter.map(|_| id));
            }
        }
        let mut inserted =
            Inserted { ids: vec![None; signals.len()], replaced: self.remove_letters(&replaced).await? };
        for (text, stretch) in INSERT_SIGNALS.single(&rows) {
            self.insert(text, stretch, &mut inserted.ids).await?;
        }
        Ok(inserted)
    }

    async fn find(&mut self, records: &[&Record]) -> Result<Found, Failure> {
        let ids = Found::ids(records);
        let mut found = Found { erasures: Arc::clone(&self.state.erasures), ..self.letters(&ids).await? };
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
        .bind(letter.enqueued_at.micros())
        .bind(letter.died_at.micros())
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
    async fn insert(
        &mut self,
        text: String,
        stretch: &[(usize, &NewSignal)],
        ids: &mut [Option<SignalId>],
    ) -> Result<(), Failure> {
        let first_id = self.state.last_id + 1;
        let mut query = sqlx::query(AssertSqlSafe(text));
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
                .bind(signal.accepted.received_at.micros())
                .bind(signal.processed_at.micros())
                .bind(signal.content.as_bytes().as_slice())
                .bind(signal.model.as_bytes().as_slice())
                .bind(event.metadata.as_str())
                .bind(event.source.as_ref().map(Source::as_str))
                .bind(event.external_id.as_ref().map(ExternalId::as_str));
        }
        let inserted = query.execute(&mut *self.connection).await?.rows_affected();
        // Where some event ids were taken, the numbers tell which: those of this statement are the highest.
        let numbers: Vec<i64> = if inserted < stretch.len() as u64 {
            let sql = "SELECT id FROM signals WHERE id >= ? ORDER BY id";
            sqlx::query_scalar(sql).bind(first_id).fetch_all(&mut *self.connection).await?
        } else {
            (first_id..).take(stretch.len()).collect()
        };
        let mut numbers = numbers.into_iter().peekable();
        for (id, (at, _)) in (first_id..).zip(stretch) {
            if let Some(id) = numbers.next_if_eq(&id) {
                ids[*at] = Some(SignalId::new(id));
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
