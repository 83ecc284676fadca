//! What the writer does to the store, inside its transaction.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::erasure::{self, Erasures, is_erased};
use super::figures::Tallies;
use super::models::missing_model;
use super::rows::{SignalRow, read_digest, signal_columns};
use crate::failure::{Failure, FailureKind};
use crate::multi_insert::MultiInsert;
use crate::queue_rows::read_event_id;
use sspp_engine::adapter::ordinary;
use sspp_engine::{DeadLetter, ErasureDigest, NewSignal, Record, Recorded, Signal, StoreError};
use sspp_events::{ContentDigest, EventId, SignalId};

static INSERT_SIGNALS: LazyLock<MultiInsert> = LazyLock::new(|| {
    MultiInsert::new(
        "INSERT INTO signals (id, event_id, account_id, user_id, event_type, signal_type, score, timestamp, \
         received_at, processed_at, content, model, metadata, source, external_id)",
        15,
        "ON CONFLICT (event_id) DO NOTHING",
    )
});

/// What the writer knows of the store without asking. Put back with a failed transaction.
#[derive(Debug, Clone)]
pub(crate) struct StoreState {
    pub(crate) last_id: i64,
    dead_letters: i64,
    pub(crate) erasures: Erasures,
}

impl StoreState {
    /// Reads it from the file.
    pub(crate) async fn load(connection: &mut SqliteConnection) -> sqlx::Result<Self> {
        let (last_id, dead_letters) = sqlx::query_as(
            "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'signals'), 0), dead_letters FROM totals",
        )
        .fetch_one(&mut *connection)
        .await?;
        let erasures = erasure::load(connection).await?;
        Ok(Self { last_id, dead_letters, erasures })
    }

    /// Some dead letters went.
    pub(crate) fn forget_letters(&mut self, count: i64) {
        self.dead_letters -= count;
    }
}

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
    let last = concat!("SELECT ", signal_columns!(), " FROM signals ORDER BY id DESC LIMIT 1");
    let last: Option<SignalRow> = sqlx::query_as(last).fetch_optional(&mut *connection).await?;
    let last = last.map(Signal::try_from).transpose()?;
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
    let mut recording = Recording {
        connection,
        state,
        answers: vec![None; batch.len()],
        pending: Vec::with_capacity(batch.len()),
        pending_ids: HashSet::with_capacity(batch.len()),
        tallies: Tallies::default(),
    };
    for (at, record) in batch.iter().enumerate() {
        match record {
            Record::Signal { signal, payload } => {
                if recording.erased(signal) {
                    recording.answers[at] = Some(Recorded::Erased);
                    continue;
                }
                // The second of an id is looked at when the first is in the table.
                if recording.pending_ids.contains(&signal.accepted.event_id) {
                    recording.flush().await?;
                }
                recording.pending_ids.insert(signal.accepted.event_id);
                recording.pending.push(Pending { at, signal, payload });
            }
            Record::DeadLetter(letter) => {
                if recording.pending_ids.contains(&letter.event_id) {
                    recording.flush().await?;
                }
                let answer = recording.dead_letter(letter).await?;
                recording.answers[at] = Some(answer);
            }
        }
    }
    recording.flush().await?;
    let Recording { connection, answers, tallies, .. } = recording;
    tallies.write(connection).await?;
    answers
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .ok_or_else(|| Failure::corrupt("a record was neither stored nor found"))
}

#[derive(Debug, Clone, Copy)]
struct Pending<'a> {
    at: usize,
    signal: &'a NewSignal,
    payload: &'a bytes::Bytes,
}

/// A batch on its way into the tables.
struct Recording<'a, 'c> {
    connection: &'c mut SqliteConnection,
    state: &'c mut StoreState,
    answers: Vec<Option<Recorded>>,
    /// Signals to be inserted together, each event id once.
    pending: Vec<Pending<'a>>,
    pending_ids: HashSet<EventId>,
    tallies: Tallies<'a>,
}

impl<'a> Recording<'a, '_> {
    /// Whether the event's account or user was erased after it was received.
    fn erased(&self, signal: &NewSignal) -> bool {
        let (erasures, accepted) = (&self.state.erasures, &signal.accepted);
        !erasures.is_empty()
            && is_erased(erasures, &ErasureDigest::of_event(&accepted.event), accepted.received_at)
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let mut pending = std::mem::take(&mut self.pending);
        self.pending_ids.clear();
        if self.state.dead_letters > 0 {
            pending = self.replace_letters_of(pending).await?;
        }
        for (text, stretch) in INSERT_SIGNALS.single(&pending) {
            self.insert(text, stretch).await?;
        }
        Ok(())
    }

    async fn insert(&mut self, text: String, stretch: &[Pending<'a>]) -> Result<(), Failure> {
        let first_id = self.state.last_id + 1;
        let mut query = sqlx::query(AssertSqlSafe(text));
        for (id, Pending { signal, .. }) in (first_id..).zip(stretch) {
            let event = &signal.accepted.event;
            query = query
                .bind(id)
                .bind(bytes_of(signal.accepted.event_id))
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
                .bind(event.source.as_ref().map(sspp_events::Source::as_str))
                .bind(event.external_id.as_ref().map(sspp_events::ExternalId::as_str));
        }
        let inserted = query.execute(&mut *self.connection).await?.rows_affected();
        if inserted < stretch.len() as u64 {
            return self.resolve(first_id, stretch).await;
        }
        for (id, pending) in (first_id..).zip(stretch) {
            self.added(pending, id);
        }
        Ok(())
    }

    /// Some ids were taken: finds out which, and by what.
    async fn resolve(&mut self, first_id: i64, stretch: &[Pending<'a>]) -> Result<(), Failure> {
        let ids: Vec<EventId> = stretch.iter().map(|pending| pending.signal.accepted.event_id).collect();
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = sqlx::query_as(
            "SELECT id, event_id, content FROM signals \
             WHERE event_id IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(hex_list(&ids))
        .fetch_all(&mut *self.connection)
        .await?;
        let mut known = HashMap::with_capacity(rows.len());
        for (id, event_id, content) in rows {
            known.insert(read_event_id(&event_id)?, (id, content));
        }
        for (id, pending) in (first_id..).zip(stretch) {
            let event_id = pending.signal.accepted.event_id;
            let (found, content) = known
                .get(&event_id)
                .ok_or_else(|| Failure::corrupt(format_args!("event {event_id} is refused but not there")))?;
            if *found == id {
                self.added(pending, id);
            } else if content.as_slice() == pending.signal.content.as_bytes() {
                self.answers[pending.at] = Some(Recorded::Duplicate(SignalId::new(*found)));
            } else {
                let letter = DeadLetter::conflict(pending.signal, pending.payload.clone());
                self.answers[pending.at] = Some(self.conflict(&letter).await?);
            }
        }
        Ok(())
    }

    fn added(&mut self, pending: &Pending<'a>, id: i64) {
        self.state.last_id = id;
        self.tallies.add(pending.signal);
        self.answers[pending.at] = Some(Recorded::Signal(SignalId::new(id)));
    }

    /// What becomes a signal is no dead letter any more, unless the letter has other content: then it was first, and
    /// the signal is a conflict. Returns those that still are to become signals.
    async fn replace_letters_of(&mut self, pending: Vec<Pending<'a>>) -> Result<Vec<Pending<'a>>, Failure> {
        let ids: Vec<EventId> = pending.iter().map(|pending| pending.signal.accepted.event_id).collect();
        let rows: Vec<(Vec<u8>, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT event_id, content FROM dead_letters \
             WHERE id IN (SELECT unhex(value) FROM json_each(?))",
        )
        .bind(hex_list(&ids))
        .fetch_all(&mut *self.connection)
        .await?;
        if rows.is_empty() {
            return Ok(pending);
        }
        let mut known = HashMap::with_capacity(rows.len());
        for (event_id, content) in rows {
            known.insert(read_event_id(&event_id)?, content);
        }
        let (mut rest, mut replaced) = (Vec::with_capacity(pending.len()), Vec::new());
        for pending in pending {
            let event_id = pending.signal.accepted.event_id;
            if let Some(content) = known.get(&event_id) {
                let own = pending.signal.content.as_bytes().as_slice();
                if content.as_deref().is_some_and(|content| content != own) {
                    let letter = DeadLetter::conflict(pending.signal, pending.payload.clone());
                    self.answers[pending.at] = Some(self.conflict(&letter).await?);
                    continue;
                }
                replaced.push(event_id);
            }
            rest.push(pending);
        }
        self.remove_letters(&replaced).await?;
        Ok(rest)
    }

    async fn remove_letters(&mut self, of: &[EventId]) -> Result<(), Failure> {
        let removed =
            sqlx::query("DELETE FROM dead_letters WHERE id IN (SELECT unhex(value) FROM json_each(?))")
                .bind(hex_list(of))
                .execute(&mut *self.connection)
                .await?
                .rows_affected();
        self.count_letters(-i64::try_from(removed).unwrap_or(i64::MAX));
        Ok(())
    }

    async fn dead_letter(&mut self, letter: &DeadLetter) -> Result<Recorded, Failure> {
        if self.state.dead_letters > 0 {
            let known: Option<(Option<Vec<u8>>, Vec<u8>)> =
                sqlx::query_as("SELECT content, payload FROM dead_letters WHERE id = ?")
                    .bind(letter.id.as_uuid().into_bytes().to_vec())
                    .fetch_optional(&mut *self.connection)
                    .await?;
            if let Some((content, payload)) = known {
                let content = content.as_deref().map(read_digest).transpose()?;
                if letter.is_about(content.map(ContentDigest::from_bytes), &payload) {
                    return Ok(Recorded::DeadLetter(letter.id));
                }
                return self.conflict(&letter.as_conflict()).await;
            }
        }
        let signal: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT id, content FROM signals WHERE event_id = ?")
                .bind(bytes_of(letter.event_id))
                .fetch_optional(&mut *self.connection)
                .await?;
        if let Some((id, content)) = signal {
            if letter.content.is_some_and(|own| own.as_bytes().as_slice() != content) {
                return self.conflict(&letter.as_conflict()).await;
            }
            return Ok(Recorded::Duplicate(SignalId::new(id)));
        }
        let kept = self.insert_letter(letter).await?;
        Ok(if kept { Recorded::DeadLetter(letter.id) } else { Recorded::Erased })
    }

    async fn conflict(&mut self, letter: &DeadLetter) -> Result<Recorded, Failure> {
        let kept = self.insert_letter(letter).await?;
        Ok(if kept { Recorded::Conflict(letter.id) } else { Recorded::Erased })
    }

    /// Inserts it, unless it is there or the one it is about was erased: then it answers false.
    async fn insert_letter(&mut self, letter: &DeadLetter) -> Result<bool, Failure> {
        let subject = letter.subject();
        if is_erased(&self.state.erasures, &subject.erasure_digests(), letter.enqueued_at) {
            return Ok(false);
        }
        let inserted = sqlx::query(
            "INSERT INTO dead_letters (id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at, \
             account_id, user_id, event_type) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )
        .bind(letter.id.as_uuid().into_bytes().to_vec())
        .bind(bytes_of(letter.event_id))
        .bind(letter.content.map(|content| content.as_bytes().to_vec()))
        .bind(letter.payload.to_vec())
        .bind(letter.reason.as_str())
        .bind(letter.detail.as_str())
        .bind(i64::from(letter.attempts))
        .bind(letter.enqueued_at.micros())
        .bind(letter.died_at.micros())
        .bind(subject.account_id.map(String::from))
        .bind(subject.user_id.map(String::from))
        .bind(subject.event_type.map(String::from))
        .execute(&mut *self.connection)
        .await?
        .rows_affected();
        self.count_letters(i64::try_from(inserted).unwrap_or(0));
        Ok(true)
    }

    fn count_letters(&mut self, count: i64) {
        self.state.dead_letters += count;
        self.tallies.add_dead_letters(count);
    }
}

fn bytes_of(id: EventId) -> Vec<u8> {
    id.as_uuid().into_bytes().to_vec()
}

/// Ids as a JSON array of hexadecimal texts, which SQLite can join with.
fn hex_list(ids: &[EventId]) -> String {
    let texts: Vec<String> = ids.iter().map(|id| id.as_uuid().simple().to_string()).collect();
    serde_json::to_string(&texts).unwrap_or_default()
}
