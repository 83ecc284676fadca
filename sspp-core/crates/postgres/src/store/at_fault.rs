//! Whether a refused signal is at fault, or the schema is: tries both in a transaction that is rolled back.

use bytes::Bytes;
use sqlx::PgConnection;
use uuid::Uuid;

use super::dialect::{PgDialect, SignalRow};
use super::record::{Origin, begin, put};
use crate::failure::Failure;
use sspp_engine::adapter::ordinary;
use sspp_engine::{NewSignal, Record, Recorded, StoreError};
use sspp_events::EventId;

/// Whether a signal is at fault that was refused. Nothing stays; after a failure the connection is to be closed.
pub(crate) async fn is_at_fault(
    connection: &mut PgConnection,
    signal: &NewSignal,
    payload: &Bytes,
) -> Result<bool, Failure> {
    let suspect = Record::Signal { signal: signal.clone(), payload: payload.clone() };
    begin(connection, std::slice::from_ref(&suspect)).await?;
    // The locks of an insert, held to the end: the schema that is tried is one.
    sqlx::raw_sql(
        "LOCK TABLE signals, type_tallies, account_tallies, user_tallies, totals IN ROW EXCLUSIVE MODE",
    )
    .execute(&mut *connection)
    .await?;
    let at_fault = tried(connection, signal, payload, suspect).await?;
    sqlx::raw_sql("ROLLBACK").execute(connection).await?;
    Ok(at_fault)
}

async fn tried(
    connection: &mut PgConnection,
    signal: &NewSignal,
    payload: &Bytes,
    suspect: Record,
) -> Result<bool, Failure> {
    if attempt(connection, suspect).await?.is_ok() {
        return Ok(false);
    }
    let event_id: Uuid = sqlx::query_scalar("SELECT gen_random_uuid()").fetch_one(&mut *connection).await?;
    let mut last = sspp_sql::last_signal::<PgDialect>();
    let last = last.build_query_as::<SignalRow>().fetch_all(&mut *connection).await?;
    let last = sspp_sql::one(last)?;
    let mut reason = String::new();
    for signal in ordinary(signal, last, EventId::from_uuid(event_id)) {
        match attempt(connection, Record::Signal { signal, payload: payload.clone() }).await? {
            Ok(Recorded::Signal(_)) => return Ok(true),
            Ok(other) => reason = format!("it was not stored: {other:?}"),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(Failure::Setup(format!("it refuses an ordinary signal: {reason}")))
}

/// Records one signal and takes it back. An error that may be its own fault is its answer.
async fn attempt(
    connection: &mut PgConnection,
    record: Record,
) -> Result<Result<Recorded, StoreError>, Failure> {
    sqlx::raw_sql("SAVEPOINT attempt").execute(&mut *connection).await?;
    // The table refused it, so no erasure covered it.
    let answer = match put(connection, std::slice::from_ref(&record), Origin::Intake).await {
        // What is checked at the commit is checked now.
        Ok(answers) => sqlx::raw_sql("SET CONSTRAINTS ALL IMMEDIATE")
            .execute(&mut *connection)
            .await
            .map_err(Failure::from)
            .map(|_| answers[0]),
        Err(failure) => Err(failure),
    };
    let answer = match answer {
        Err(failure) if failure.is_infrastructure() => return Err(failure),
        answer => answer.map_err(StoreError::from),
    };
    sqlx::raw_sql("ROLLBACK TO attempt").execute(connection).await?;
    Ok(answer)
}
