//! Dead letters by themselves: listed, counted, edited, removed. Who changes them has their lock alone.

use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::expiry::begin;
use super::failure::Failure;
use super::signal_rows::{DeadLetterRow, letter_columns};
use super::tallies::Tallies;
use sspp_engine::{DeadLetterFilter, DeadLetterQuery, NumberedDeadLetter, Subject, Total};
use sspp_events::{ContentDigest, DeadLetterId, SortOrder};

#[derive(Debug, sqlx::FromRow)]
pub(super) struct NumberedRow {
    seq: i64,
    #[sqlx(flatten)]
    letter: DeadLetterRow,
}

impl TryFrom<NumberedRow> for NumberedDeadLetter {
    type Error = Failure;
    fn try_from(row: NumberedRow) -> Result<Self, Failure> {
        Ok(Self { number: row.seq, letter: row.letter.try_into()? })
    }
}

/// The statement of a list; it asks for one row more than the page.
pub(super) fn list(query: &DeadLetterQuery) -> QueryBuilder<Postgres> {
    let mut sql =
        QueryBuilder::new(concat!("SELECT seq, ", letter_columns!(), " FROM dead_letters WHERE true"));
    filter(&mut sql, &query.filter);
    let (after, direction) = match query.order {
        SortOrder::Ascending => (" AND seq > ", " ORDER BY seq ASC"),
        SortOrder::Descending => (" AND seq < ", " ORDER BY seq DESC"),
    };
    if let Some(number) = query.after {
        sql.push(after).push_bind(number);
    }
    sql.push(direction).push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    sql
}

/// The statement that counts a filter, up to one more than is told.
pub(super) fn count(of: &DeadLetterFilter, after: Option<i64>) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM dead_letters WHERE true");
    filter(&mut sql, of);
    if let Some(number) = after {
        sql.push(" AND seq > ").push_bind(number);
    }
    sql.push(" LIMIT ")
        .push_bind(i64::try_from(Total::COUNTED_UP_TO).unwrap_or(i64::MAX - 1) + 1)
        .push(") AS found");
    sql
}

fn filter(sql: &mut QueryBuilder<Postgres>, filter: &DeadLetterFilter) {
    let texts = [
        (" AND reason = ", filter.reason.map(|reason| reason.as_str().to_owned())),
        (" AND event_type = ", filter.event_type.as_ref().map(|name| name.as_str().to_owned())),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            sql.push(condition).push_bind(text);
        }
    }
    let instants = [(" AND died_at >= ", filter.from), (" AND died_at < ", filter.to)];
    for (condition, instant) in instants {
        if let Some(instant) = instant {
            sql.push(condition).push_bind(instant.to_datetime());
        }
    }
}

/// Gives a letter another payload, if it still has the one named. After a failure the connection is to be closed.
pub(super) async fn edit(
    connection: &mut PgConnection,
    id: DeadLetterId,
    held: &[u8],
    payload: &[u8],
    content: ContentDigest,
) -> Result<bool, Failure> {
    let subject = Subject::of_payload(payload);
    begin(connection, "pg_advisory_xact_lock").await?;
    let changed = sqlx::query(
        "UPDATE dead_letters SET payload = $1, content = $2, account_id = $3, user_id = $4, event_type = $5 \
         WHERE id = $6 AND payload = $7",
    )
    .bind(payload)
    .bind(content.as_bytes().as_slice())
    .bind(subject.account_id.map(String::from))
    .bind(subject.user_id.map(String::from))
    .bind(subject.event_type.map(String::from))
    .bind(id.as_uuid())
    .bind(held)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(changed > 0)
}

/// Removes a letter, its count included. After a failure the connection is to be closed.
pub(super) async fn remove(connection: &mut PgConnection, id: DeadLetterId) -> Result<bool, Failure> {
    begin(connection, "pg_advisory_xact_lock").await?;
    let query = sqlx::query("DELETE FROM dead_letters WHERE id = $1").bind(id.as_uuid());
    let removed = query.execute(&mut *connection).await?.rows_affected();
    let mut tallies = Tallies::default();
    tallies.add_dead_letters(-i64::try_from(removed).unwrap_or(i64::MAX));
    tallies.write(connection).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(removed > 0)
}
