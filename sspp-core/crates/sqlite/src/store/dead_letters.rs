//! Dead letters by themselves: listed, counted, edited, removed.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::figures::Tallies;
use super::record::StoreState;
use super::rows::DeadLetterRow;
use crate::SqliteStore;
use crate::bounded::{LIMIT, within};
use crate::command::Command;
use crate::failure::Failure;
use sspp_engine::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, NumberedDeadLetter, Page, StoreError,
    Subject, Total,
};
use sspp_events::{ContentDigest, DeadLetterId, SortOrder, Timestamp};

/// What is to become of one letter.
#[derive(Debug, Clone)]
pub(crate) enum LetterChange {
    /// It gets another payload, if it still has this one.
    Edit { id: DeadLetterId, held: Vec<u8>, payload: bytes::Bytes, content: ContentDigest },
    /// It goes.
    Remove(DeadLetterId),
}

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
pub(crate) fn list(query: &DeadLetterQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(
        "SELECT seq, id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at FROM dead_letters \
         WHERE true",
    );
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
pub(crate) fn count(of: &DeadLetterFilter, after: Option<i64>) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM dead_letters WHERE true");
    filter(&mut sql, of);
    if let Some(number) = after {
        sql.push(" AND seq > ").push_bind(number);
    }
    sql.push(" LIMIT ").push_bind(i64::try_from(Total::COUNTED_UP_TO).unwrap_or(i64::MAX - 1) + 1).push(")");
    sql
}

fn filter(sql: &mut QueryBuilder<Sqlite>, filter: &DeadLetterFilter) {
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
        if let Some(instant) = instant.map(Timestamp::micros) {
            sql.push(condition).push_bind(instant);
        }
    }
}

/// Does it, the count included; answers whether there was such a letter.
pub(crate) async fn change(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    change: &LetterChange,
) -> Result<bool, Failure> {
    match change {
        LetterChange::Edit { id, held, payload, content } => {
            let subject = Subject::of_payload(payload);
            let changed = sqlx::query(
                "UPDATE dead_letters SET payload = ?, content = ?, account_id = ?, user_id = ?, event_type = ? \
                 WHERE id = ? AND payload = ?",
            )
            .bind(payload.to_vec())
            .bind(content.as_bytes().to_vec())
            .bind(subject.account_id.map(String::from))
            .bind(subject.user_id.map(String::from))
            .bind(subject.event_type.map(String::from))
            .bind(id.as_uuid().into_bytes().to_vec())
            .bind(held.as_slice())
            .execute(connection)
            .await?
            .rows_affected();
            Ok(changed > 0)
        }
        LetterChange::Remove(id) => {
            let query =
                sqlx::query("DELETE FROM dead_letters WHERE id = ?").bind(id.as_uuid().into_bytes().to_vec());
            let removed = query.execute(&mut *connection).await?.rows_affected();
            forget(connection, state, removed).await?;
            Ok(removed > 0)
        }
    }
}

/// Corrects the count after some letters went.
pub(crate) async fn forget(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    removed: u64,
) -> Result<(), Failure> {
    let count = i64::try_from(removed).unwrap_or(i64::MAX);
    state.forget_letters(count);
    let mut tallies = Tallies::default();
    tallies.add_dead_letters(-count);
    tallies.write(connection).await
}

#[async_trait]
impl DeadLetters for SqliteStore {
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let row: Option<DeadLetterRow> = sqlx::query_as(
            "SELECT id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at FROM dead_letters \
             WHERE id = ?",
        )
        .bind(id.as_uuid().into_bytes().to_vec())
        .fetch_optional(&self.readers)
        .await
        .map_err(Failure::from)?;
        Ok(row.map(DeadLetter::try_from).transpose()?)
    }

    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let rows: Vec<DeadLetterRow> = sqlx::query_as(
            "SELECT id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at FROM dead_letters \
             ORDER BY seq DESC LIMIT ?",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await
        .map_err(Failure::from)?;
        Ok(rows.into_iter().map(DeadLetter::try_from).collect::<Result<_, _>>()?)
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        let mut sql = list(query);
        let rows: Vec<NumberedRow> = within(LIMIT, &self.readers, |connection| {
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
        let count: i64 = within(LIMIT, &self.readers, |connection| {
            async move { sql.build_query_scalar().fetch_one(connection).await }.boxed()
        })
        .await?;
        Ok(Total::bounded(u64::try_from(count).unwrap_or(0)))
    }

    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: bytes::Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError> {
        let change = LetterChange::Edit { id, held: held.to_vec(), payload, content };
        self.writer.ask(Command::ChangeLetter, change).await
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        self.writer.ask(Command::ChangeLetter, LetterChange::Remove(id)).await
    }
}
