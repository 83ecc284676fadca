//! Dead letters by themselves: listed, counted, edited, removed. Who changes them has their lock alone.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::expiry::begin;
use super::figures::Tallies;
use super::rows::{DeadLetterRow, letter_columns};
use crate::PgStore;
use crate::failure::Failure;
use crate::session::QUESTION;
use sspp_engine::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, NumberedDeadLetter, Page, StoreError,
    Subject, Total,
};
use sspp_events::{ContentDigest, DeadLetterId, SortOrder};

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct NumberedRow {
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
pub(crate) fn list(query: &DeadLetterQuery) -> QueryBuilder<Postgres> {
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
pub(crate) fn count(of: &DeadLetterFilter, after: Option<i64>) -> QueryBuilder<Postgres> {
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
pub(crate) async fn edit(
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
pub(crate) async fn remove(connection: &mut PgConnection, id: DeadLetterId) -> Result<bool, Failure> {
    begin(connection, "pg_advisory_xact_lock").await?;
    let query = sqlx::query("DELETE FROM dead_letters WHERE id = $1").bind(id.as_uuid());
    let removed = query.execute(&mut *connection).await?.rows_affected();
    let mut tallies = Tallies::default();
    tallies.add_dead_letters(-i64::try_from(removed).unwrap_or(i64::MAX));
    tallies.write(connection).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(removed > 0)
}

#[async_trait]
impl DeadLetters for PgStore {
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = concat!("SELECT ", letter_columns!(), " FROM dead_letters WHERE id = $1");
                    let row: Option<DeadLetterRow> =
                        sqlx::query_as(sql).bind(id.as_uuid()).fetch_optional(connection).await?;
                    row.map(DeadLetter::try_from).transpose()
                }
                .boxed()
            })
            .await
    }

    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        self.sessions
            .with(|connection| {
                async move {
                    let sql = concat!(
                        "SELECT ",
                        letter_columns!(),
                        " FROM dead_letters ORDER BY seq DESC LIMIT $1"
                    );
                    let rows: Vec<DeadLetterRow> =
                        sqlx::query_as(sql).bind(i64::from(limit)).fetch_all(connection).await?;
                    rows.into_iter().map(DeadLetter::try_from).collect()
                }
                .boxed()
            })
            .await
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        let mut sql = list(query);
        let rows: Vec<NumberedRow> = self
            .sessions
            .within(QUESTION, |connection| {
                async move { sql.build_query_as().fetch_all(connection).await }.boxed()
            })
            .await?;
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let items =
            rows.into_iter().take(limit).map(NumberedDeadLetter::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, more })
    }

    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError> {
        let mut sql = count(filter, after);
        let count: i64 = self
            .sessions
            .within(QUESTION, |connection| {
                async move { sql.build_query_scalar().fetch_one(connection).await }.boxed()
            })
            .await?;
        Ok(Total::bounded(u64::try_from(count).unwrap_or(0)))
    }

    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError> {
        let held = held.to_vec();
        self.sessions
            .with(|connection| async move { edit(connection, id, &held, &payload, content).await }.boxed())
            .await
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        self.sessions.with(|connection| async move { remove(connection, id).await }.boxed()).await
    }
}
