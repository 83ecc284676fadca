//! Recording a batch in one transaction.
//!
//! An event id is a signal or a dead letter, never both, also under concurrent recording: a batch of signals alone
//! takes a shared lock, a batch with dead letters an exclusive one. Signals of one id meet at its unique key. So the common case,
//! signals of different ids, costs four round trips: begin with the lock, insert, figures, commit.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};
use uuid::Uuid;

use super::figures;
use crate::failure::Failure;
use sspp_engine::recording::{
    self, Erasures, Found, Inserted, Recording, Tables, has_distinct_events, models,
};
use sspp_engine::{ErasureDigest, NewDeadLetter, NewSignal, Record, Recorded};
use sspp_events::{Event, EventId, ExternalId, SignalId, Source, Timestamp};
use sspp_sql::{FoundRow, add_found, read_digest};

/// Tells the transactions of all SSPP processes in a database by their lock. The number means nothing.
const LETTERS_LOCK: i64 = 0x5353_5050_0001;

/// Takes the lock of the letters together with other transactions.
pub(super) const TOGETHER: &str = "pg_advisory_xact_lock_shared";
/// Takes the lock of the letters alone.
pub(super) const ALONE: &str = "pg_advisory_xact_lock";

/// Letters of other content keep their id, so those signals are not inserted; letters without content, or with the
/// same, give way. What was erased stays away, but an event that is received now comes after every erasure. `processed_at` is this
/// server's time, unless the signals are imported.
const INSERT: &str = "\
    WITH input AS (SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], \
        $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::bytea[], $11::bytea[], $12::text[], $13::text[], $14::text[]) \
        AS i (event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, processed_at, \
        content, model, metadata, source, external_id)), \
    erased AS (SELECT NOT EXISTS (SELECT 1 FROM erasures) AS none), \
    inserted AS ( \
        INSERT INTO signals (event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, \
            processed_at, content, model, metadata, source, external_id) \
        SELECT i.event_id, account_id, user_id, event_type, signal_type, score, timestamp, \
            CASE WHEN $16 THEN greatest(now(), (SELECT max(up_to) FROM erasures) + interval '1 microsecond') ELSE received_at END, \
            CASE WHEN $15 THEN i.processed_at ELSE now() END, i.content, model, metadata::json, source, external_id \
        FROM input AS i \
        WHERE NOT EXISTS (SELECT 1 FROM dead_letters AS l WHERE l.id = i.event_id AND l.content <> i.content) \
        AND ($16 OR (SELECT none FROM erased) OR NOT EXISTS (SELECT 1 FROM erasures AS e WHERE i.received_at <= e.up_to AND \
            ((e.kind = 'account' AND e.digest = sha256(convert_to(i.account_id, 'UTF8'))) OR \
             (e.kind = 'user' AND e.digest = sha256(convert_to(i.user_id, 'UTF8')))))) \
        ORDER BY i.event_id \
        ON CONFLICT (event_id) DO NOTHING \
        RETURNING id, event_id), \
    removed AS (DELETE FROM dead_letters AS l USING inserted AS i WHERE l.id = i.event_id RETURNING 1) \
    SELECT id, event_id, (SELECT count(*) FROM removed) FROM inserted";

/// What a batch is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Events that were scored now and received before.
    Queue,
    /// Events that are received now, by this server's clock.
    Intake,
    /// Signals that were scored elsewhere and keep their times.
    Import,
}

/// Records a batch. After a failure the connection is to be closed, which undoes it.
pub(super) async fn record(
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
pub(super) async fn begin(connection: &mut PgConnection, batch: &[Record]) -> Result<(), Failure> {
    let lock = if has_distinct_events(batch) { TOGETHER } else { ALONE };
    let mut missing = models(batch);
    // In the same round trip. A table that is replaced waits for the end of those that read it.
    let list: Vec<String> = missing.iter().map(|digest| format!("decode('{digest}', 'hex')")).collect();
    let sql = format!(
        "BEGIN; SELECT {lock}({LETTERS_LOCK}); SELECT encode(digest, 'hex') FROM models WHERE digest IN ({})",
        if list.is_empty() { "NULL".to_owned() } else { list.join(", ") }
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(connection).await?;
    // The first row is the lock's.
    for row in rows.iter().skip(1) {
        let kept = row.try_get::<String, _>(0)?;
        missing.retain(|digest| digest.to_string() != kept);
    }
    missing.first().map_or(Ok(()), |missing| Err(Failure::MissingModel(*missing)))
}

/// Begins a transaction with a lock on the dead letters: [together](TOGETHER) or [alone](ALONE).
pub(super) async fn begin_with(connection: &mut PgConnection, lock: &str) -> Result<(), Failure> {
    let sql = format!("BEGIN; SELECT {lock}({LETTERS_LOCK})");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Writes a batch's rows inside a transaction.
pub(super) async fn put(
    connection: &mut PgConnection,
    batch: &[Record],
    origin: Origin,
) -> Result<Vec<Recorded>, Failure> {
    let mut tables = PgTables { connection, origin };
    let Recording { answers, figures } = recording::record(&mut tables, batch).await?;
    figures::write(figures, connection).await?;
    Ok(answers)
}

/// The tables, inside a transaction.
struct PgTables<'c> {
    connection: &'c mut PgConnection,
    origin: Origin,
}

impl Tables for PgTables<'_> {
    type Error = Failure;

    async fn insert_signals(&mut self, signals: &[&NewSignal]) -> Result<Inserted, Failure> {
        let rows = self.insert(signals).await?;
        let replaced = rows.first().map_or(0, |(_, _, removed)| u64::try_from(*removed).unwrap_or(0));
        let new: HashMap<Uuid, i64> = rows.into_iter().map(|(id, event_id, _)| (event_id, id)).collect();
        let id =
            |signal: &&NewSignal| new.get(&signal.accepted.event_id.as_uuid()).copied().map(SignalId::new);
        Ok(Inserted { ids: signals.iter().map(id).collect(), replaced })
    }

    async fn find(&mut self, records: &[&Record]) -> Result<Found, Failure> {
        let mut found = Found::default();
        if self.origin != Origin::Intake {
            found.erasures = Arc::new(self.erasures(records).await?);
        }
        let rows: Vec<FoundRow<Uuid>> = sqlx::query_as(
            "SELECT event_id, id, content, NULL AS payload FROM signals WHERE event_id = ANY($1) \
             UNION ALL SELECT id, NULL, content, payload FROM dead_letters WHERE id = ANY($1)",
        )
        .bind(Found::ids(records))
        .fetch_all(&mut *self.connection)
        .await?;
        add_found(&mut found, rows)?;
        Ok(found)
    }

    async fn insert_letter(&mut self, letter: &NewDeadLetter) -> Result<bool, Failure> {
        let facts = letter.facts();
        let inserted = sqlx::query(
            "INSERT INTO dead_letters (id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at, \
             account_id, user_id, event_type) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, coalesce($8, greatest(now(), (SELECT max(up_to) FROM erasures) + interval '1 microsecond')), \
             coalesce($9, now()), $10, $11, $12) ON CONFLICT (id) DO NOTHING",
        )
        .bind(letter.id.as_uuid())
        .bind(letter.event_id.as_uuid())
        .bind(letter.content.map(|content| content.as_bytes().to_vec()))
        .bind(letter.payload.as_ref())
        .bind(letter.reason.as_str())
        // A panic's words may hold what a text cannot.
        .bind(letter.detail.replace('\0', "\u{fffd}"))
        .bind(i64::from(letter.attempts))
        .bind((self.origin != Origin::Intake).then(|| letter.enqueued_at.to_datetime()))
        .bind((self.origin == Origin::Import).then(|| letter.died_at.to_datetime()))
        .bind(facts.account_id.map(String::from))
        .bind(facts.user_id.map(String::from))
        .bind(facts.event_type.map(String::from))
        .execute(&mut *self.connection)
        .await?
        .rows_affected();
        Ok(inserted > 0)
    }

    fn vanished(_: EventId) -> Failure {
        // It expired in between: the whole batch is to be recorded again.
        Failure::Vanished
    }
}

impl PgTables<'_> {
    async fn insert(&mut self, signals: &[&NewSignal]) -> Result<Vec<(i64, Uuid, i64)>, Failure> {
        fn column<'a, T>(signals: &[&'a NewSignal], of: impl Fn(&'a NewSignal) -> T) -> Vec<T> {
            signals.iter().map(|signal| of(signal)).collect()
        }
        fn event<'a>(signals: &[&'a NewSignal], of: impl Fn(&'a Event) -> &'a str) -> Vec<&'a str> {
            column(signals, |signal| of(&signal.accepted.event))
        }
        let instants = |of: fn(&NewSignal) -> Timestamp| -> Vec<DateTime<Utc>> {
            column(signals, |signal| of(signal).to_datetime())
        };
        let rows = sqlx::query_as(INSERT)
            .bind(column(signals, |signal| signal.accepted.event_id.as_uuid()))
            .bind(event(signals, |event| event.account_id.as_str()))
            .bind(event(signals, |event| event.user_id.as_str()))
            .bind(event(signals, |event| event.event_type.as_str()))
            .bind(column(signals, |signal| signal.signal_type.as_str()))
            .bind(column(signals, |signal| signal.score.units().get()))
            .bind(instants(|signal| signal.accepted.event.timestamp))
            .bind(instants(|signal| signal.accepted.received_at))
            .bind(instants(|signal| signal.processed_at))
            .bind(column(signals, |signal| signal.content.as_bytes().as_slice()))
            .bind(column(signals, |signal| signal.model.as_bytes().as_slice()))
            .bind(event(signals, |event| event.metadata.as_str()))
            .bind(column(signals, |signal| signal.accepted.event.source.as_ref().map(Source::as_str)))
            .bind(column(signals, |signal| {
                signal.accepted.event.external_id.as_ref().map(ExternalId::as_str)
            }))
            .bind(self.origin == Origin::Import)
            .bind(self.origin == Origin::Intake)
            .fetch_all(&mut *self.connection)
            .await?;
        Ok(rows)
    }

    /// The erasures that may cover records.
    async fn erasures(&mut self, records: &[&Record]) -> Result<Erasures, Failure> {
        let digests: Vec<Vec<u8>> =
            Found::digests(records).iter().map(|digest| digest.sha256.to_vec()).collect();
        let sql = "SELECT kind, digest, up_to FROM erasures WHERE digest = ANY($1)";
        let rows: Vec<(String, Vec<u8>, DateTime<Utc>)> =
            sqlx::query_as(sql).bind(digests).fetch_all(&mut *self.connection).await?;
        let mut erasures = Erasures::default();
        for (kind, digest, up_to) in rows {
            let digest = ErasureDigest { is_account: kind == "account", sha256: read_digest(&digest)? };
            erasures.add(digest, Timestamp::from_datetime(up_to));
        }
        Ok(erasures)
    }
}
