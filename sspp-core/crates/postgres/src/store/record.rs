//! Recording a batch in one transaction.
//!
//! An event id is a signal or a dead letter, never both, whoever records at the same time: who records only signals
//! shares a lock, who records dead letters has it alone. Signals of one id meet at its unique key. So the common case,
//! signals of different ids, costs four round trips: begin with the lock, insert, figures, commit.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use uuid::Uuid;

use super::erasure::is_erased;
use super::figures::Tallies;
use super::rows::digest;
use crate::failure::Failure;
use sspp_engine::{DeadLetter, ErasureDigest, NewSignal, Record, Recorded};
use sspp_events::{ContentDigest, EventId, ModelDigest, SignalId};

/// Tells the transactions of all SSPP processes in a database by their lock. The number means nothing.
pub(crate) const LETTERS_LOCK: i64 = 0x5353_5050_0001;

/// Letters of other content keep their id, so those signals are not inserted; letters without content, or with the
/// same, give way. What was erased stays away. `processed_at` is this server's time, unless the signals are imported.
const INSERT: &str = "\
    WITH input AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], \
        $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::bytea[], $11::bytea[], $12::text[], $13::text[], $14::text[]) \
        AS i (event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, processed_at, \
        content, model, metadata, source, external_id)), \
    erased AS (SELECT NOT EXISTS (SELECT 1 FROM erasures) AS none), \
    inserted AS ( \
        INSERT INTO signals (event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, \
            processed_at, content, model, metadata, source, external_id) \
        SELECT i.event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, \
            CASE WHEN $15 THEN i.processed_at ELSE now() END, i.content, model, metadata::json, source, external_id \
        FROM input AS i \
        WHERE NOT EXISTS (SELECT 1 FROM dead_letters AS l WHERE l.id = i.event_id AND l.content <> i.content) \
        AND ((SELECT none FROM erased) OR NOT EXISTS (SELECT 1 FROM erasures AS e WHERE i.received_at <= e.up_to AND \
            ((e.kind = 'account' AND e.digest = sha256(convert_to(i.account_id, 'UTF8'))) OR \
             (e.kind = 'user' AND e.digest = sha256(convert_to(i.user_id, 'UTF8')))))) \
        ORDER BY i.event_id \
        ON CONFLICT (event_id) DO NOTHING \
        RETURNING id, event_id), \
    removed AS (DELETE FROM dead_letters AS l USING inserted AS i WHERE l.id = i.event_id RETURNING 1) \
    SELECT id, event_id, (SELECT count(*) FROM removed) FROM inserted";

/// What a batch is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Events that were scored here and now.
    Pipeline,
    /// Signals that were scored elsewhere and keep their times.
    Import,
}

/// Records a batch. After a failure the connection is to be closed, which undoes it.
pub(crate) async fn record(
    connection: &mut PgConnection,
    batch: &[Record],
    origin: Origin,
) -> Result<Vec<Recorded>, Failure> {
    begin(connection, batch).await?;
    let answers = put(connection, batch, origin).await?;
    #[cfg(feature = "faults")]
    sspp_events::faults::pass(sspp_events::faults::Point::BeforeCommit, None);
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(answers)
}

/// Begins a transaction: takes the lock of the letters and finds the models.
pub(crate) async fn begin(connection: &mut PgConnection, batch: &[Record]) -> Result<(), Failure> {
    let mut ids = HashSet::with_capacity(batch.len());
    let simple = batch.iter().all(|record| match record {
        Record::Signal { signal, .. } => ids.insert(signal.accepted.event_id),
        Record::DeadLetter(_) => false,
    });
    let lock = if simple { "pg_advisory_xact_lock_shared" } else { "pg_advisory_xact_lock" };
    let mut models: HashMap<String, ModelDigest> = HashMap::new();
    for record in batch {
        if let Record::Signal { signal, .. } = record {
            models.entry(signal.model.to_string()).or_insert(signal.model);
        }
    }
    // In the same round trip. A table that is replaced waits for the end of those that read it.
    let list: Vec<String> = models.keys().map(|digest| format!("decode('{digest}', 'hex')")).collect();
    let sql = format!(
        "BEGIN; SELECT {lock}({LETTERS_LOCK}); SELECT encode(digest, 'hex') FROM models WHERE digest IN ({})",
        if list.is_empty() { "NULL".to_owned() } else { list.join(", ") }
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    // The first row is the lock's.
    for row in rows.iter().skip(1) {
        models.remove(&row.try_get::<String, _>(0)?);
    }
    models.into_values().next().map_or(Ok(()), |missing| Err(Failure::MissingModel(missing)))
}

/// Writes a batch's rows inside a transaction.
pub(crate) async fn put(
    connection: &mut PgConnection,
    batch: &[Record],
    origin: Origin,
) -> Result<Vec<Recorded>, Failure> {
    let mut recording = Recording {
        connection,
        origin,
        answers: vec![None; batch.len()],
        pending: Vec::with_capacity(batch.len()),
        pending_ids: HashSet::with_capacity(batch.len()),
        tallies: Tallies::default(),
    };
    for (at, record) in batch.iter().enumerate() {
        match record {
            Record::Signal { signal, payload } => {
                // The second of an id is looked at when the first is in the table.
                if !recording.pending_ids.insert(signal.accepted.event_id) {
                    recording.flush().await?;
                    recording.pending_ids.insert(signal.accepted.event_id);
                }
                recording.pending.push(Pending { at, signal, payload });
            }
            Record::DeadLetter(letter) => {
                if recording.pending_ids.contains(&letter.event_id) {
                    recording.flush().await?;
                }
                recording.answers[at] = Some(recording.dead_letter(letter).await?);
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
    connection: &'c mut PgConnection,
    origin: Origin,
    answers: Vec<Option<Recorded>>,
    /// Signals to be inserted together, each event id once.
    pending: Vec<Pending<'a>>,
    pending_ids: HashSet<EventId>,
    tallies: Tallies<'a>,
}

impl<'a> Recording<'a, '_> {
    async fn flush(&mut self) -> Result<(), Failure> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_ids.clear();
        if pending.is_empty() {
            return Ok(());
        }
        let rows = self.insert(&pending).await?;
        if let Some((_, _, removed)) = rows.first() {
            self.tallies.add_dead_letters(-removed);
        }
        let inserted: HashMap<Uuid, i64> = rows.into_iter().map(|(id, event_id, _)| (event_id, id)).collect();
        let mut refused = Vec::new();
        for pending in pending {
            match inserted.get(&pending.signal.accepted.event_id.as_uuid()) {
                Some(id) => {
                    self.tallies.add(pending.signal);
                    self.answers[pending.at] = Some(Recorded::Signal(SignalId::new(*id)));
                }
                None => refused.push(pending),
            }
        }
        if refused.is_empty() { Ok(()) } else { self.resolve(refused).await }
    }

    async fn insert(&mut self, pending: &[Pending<'a>]) -> Result<Vec<(i64, Uuid, i64)>, Failure> {
        fn column<'a, T>(pending: &[Pending<'a>], of: impl Fn(&'a NewSignal) -> T) -> Vec<T> {
            pending.iter().map(|pending| of(pending.signal)).collect()
        }
        fn event<'a>(
            pending: &[Pending<'a>],
            of: impl Fn(&'a sspp_events::Event) -> &'a str,
        ) -> Vec<&'a str> {
            column(pending, |signal| of(&signal.accepted.event))
        }
        let instants = |of: fn(&NewSignal) -> sspp_events::Timestamp| -> Vec<DateTime<Utc>> {
            column(pending, |signal| of(signal).to_datetime())
        };
        let rows = sqlx::query_as(INSERT)
            .bind(column(pending, |signal| signal.accepted.event_id.as_uuid()))
            .bind(event(pending, |event| event.account_id.as_str()))
            .bind(event(pending, |event| event.user_id.as_str()))
            .bind(event(pending, |event| event.event_type.as_str()))
            .bind(column(pending, |signal| signal.signal_type.as_str()))
            .bind(column(pending, |signal| signal.score.units().get()))
            .bind(instants(|signal| signal.accepted.event.timestamp))
            .bind(instants(|signal| signal.accepted.received_at))
            .bind(instants(|signal| signal.processed_at))
            .bind(column(pending, |signal| signal.content.as_bytes().as_slice()))
            .bind(column(pending, |signal| signal.model.as_bytes().as_slice()))
            .bind(event(pending, |event| event.metadata.as_str()))
            .bind(column(pending, |signal| {
                signal.accepted.event.source.as_ref().map(sspp_events::Source::as_str)
            }))
            .bind(column(pending, |signal| {
                signal.accepted.event.external_id.as_ref().map(sspp_events::ExternalId::as_str)
            }))
            .bind(self.origin == Origin::Import)
            .fetch_all(&mut *self.connection)
            .await?;
        Ok(rows)
    }

    /// Some ids were taken: finds out by what.
    async fn resolve(&mut self, refused: Vec<Pending<'a>>) -> Result<(), Failure> {
        let ids: Vec<Uuid> =
            refused.iter().map(|pending| pending.signal.accepted.event_id.as_uuid()).collect();
        let rows: Vec<(Uuid, Option<i64>, Option<Vec<u8>>)> = sqlx::query_as(
            "SELECT event_id, id, content FROM signals WHERE event_id = ANY($1) \
             UNION ALL SELECT id, NULL, content FROM dead_letters WHERE id = ANY($1)",
        )
        .bind(&ids)
        .fetch_all(&mut *self.connection)
        .await?;
        let known: HashMap<Uuid, _> =
            rows.into_iter().map(|(event, id, content)| (event, (id, content))).collect();
        let erasures: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM erasures)")
            .fetch_one(&mut *self.connection)
            .await?;
        for pending in refused {
            if erasures && self.erased(pending.signal).await? {
                self.answers[pending.at] = Some(Recorded::Erased);
                continue;
            }
            let own = pending.signal.content.as_bytes().as_slice();
            match known.get(&pending.signal.accepted.event_id.as_uuid()) {
                Some((Some(id), content)) if content.as_deref() == Some(own) => {
                    self.answers[pending.at] = Some(Recorded::Duplicate(SignalId::new(*id)));
                }
                Some(_) => {
                    let letter = DeadLetter::conflict(pending.signal, pending.payload.clone());
                    self.answers[pending.at] = Some(self.conflict(&letter).await?);
                }
                // It expired in between: the whole batch is to be recorded again.
                None => return Err(Failure::Vanished),
            }
        }
        Ok(())
    }

    /// Whether the event's account or user was erased after it was received.
    async fn erased(&mut self, signal: &NewSignal) -> Result<bool, Failure> {
        let digests = ErasureDigest::of_event(&signal.accepted.event);
        is_erased(self.connection, &digests, signal.accepted.received_at).await
    }

    async fn dead_letter(&mut self, letter: &DeadLetter) -> Result<Recorded, Failure> {
        let known: Option<(Option<Vec<u8>>, Vec<u8>)> =
            sqlx::query_as("SELECT content, payload FROM dead_letters WHERE id = $1")
                .bind(letter.id.as_uuid())
                .fetch_optional(&mut *self.connection)
                .await?;
        if let Some((content, payload)) = known {
            let content = content.as_deref().map(digest).transpose()?;
            if letter.is_about(content.map(ContentDigest::from_bytes), &payload) {
                return Ok(Recorded::DeadLetter(letter.id));
            }
            return self.conflict(&letter.as_conflict()).await;
        }
        let signal: Option<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT id, content FROM signals WHERE event_id = $1")
                .bind(letter.event_id.as_uuid())
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

    /// Inserts it, unless it is there or whom it is about was erased: then it answers false.
    async fn insert_letter(&mut self, letter: &DeadLetter) -> Result<bool, Failure> {
        let subject = letter.subject();
        if is_erased(self.connection, &subject.erasure_digests(), letter.enqueued_at).await? {
            return Ok(false);
        }
        let inserted = sqlx::query(
            "INSERT INTO dead_letters (id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at, \
             account_id, user_id, event_type) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, now()), $10, $11, $12) ON CONFLICT (id) DO NOTHING",
        )
        .bind(letter.id.as_uuid())
        .bind(letter.event_id.as_uuid())
        .bind(letter.content.map(|content| content.as_bytes().to_vec()))
        .bind(letter.payload.as_ref())
        .bind(letter.reason.as_str())
        // A panic's words may hold what a text cannot.
        .bind(letter.detail.replace('\0', "\u{fffd}"))
        .bind(i64::from(letter.attempts))
        .bind(letter.enqueued_at.to_datetime())
        .bind((self.origin == Origin::Import).then(|| letter.died_at.to_datetime()))
        .bind(subject.account_id.map(String::from))
        .bind(subject.user_id.map(String::from))
        .bind(subject.event_type.map(String::from))
        .execute(&mut *self.connection)
        .await?
        .rows_affected();
        self.tallies.add_dead_letters(i64::try_from(inserted).unwrap_or(0));
        Ok(true)
    }
}
