//! Dead letters by themselves: listed, counted, edited, removed. A change takes their lock alone.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use sqlx::PgConnection;

use super::dialect::{DeadLetterRow, PgDialect, QUESTION};
use super::figures;
use super::record::{ALONE, begin_with};
use crate::PgStore;
use crate::failure::Failure;
use sspp_engine::recording::Figures;
use sspp_engine::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, NumberedDeadLetter, Page, PayloadFacts,
    StoreError, Total,
};
use sspp_events::{ContentDigest, DeadLetterId};

#[async_trait]
impl DeadLetters for PgStore {
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let rows = self.rows::<DeadLetterRow>(sspp_sql::dead_letter::<PgDialect>(id), None).await?;
        Ok(sspp_sql::one(rows)?.map(|numbered| numbered.letter))
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        let rows = self.rows::<DeadLetterRow>(sspp_sql::dead_letters::<PgDialect>(query), QUESTION).await?;
        Ok(sspp_sql::page(rows, query.limit)?)
    }

    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError> {
        let rows = self.rows(sspp_sql::count_dead_letters::<PgDialect>(filter, after), QUESTION).await?;
        Ok(Total::bounded(sspp_sql::total(&rows)))
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

/// Gives a letter another payload, if it still has the one named. After a failure the connection is to be closed.
async fn edit(
    connection: &mut PgConnection,
    id: DeadLetterId,
    held: &[u8],
    payload: &[u8],
    content: ContentDigest,
) -> Result<bool, Failure> {
    let facts = PayloadFacts::of_payload(payload);
    begin_with(connection, ALONE).await?;
    let changed = sqlx::query(
        "UPDATE dead_letters SET payload = $1, content = $2, account_id = $3, user_id = $4, event_type = $5 \
         WHERE id = $6 AND payload = $7",
    )
    .bind(payload)
    .bind(content.as_bytes().as_slice())
    .bind(facts.account_id.map(String::from))
    .bind(facts.user_id.map(String::from))
    .bind(facts.event_type.map(String::from))
    .bind(id.as_uuid())
    .bind(held)
    .execute(&mut *connection)
    .await?
    .rows_affected();
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(changed > 0)
}

/// Removes a letter, its count included. After a failure the connection is to be closed.
async fn remove(connection: &mut PgConnection, id: DeadLetterId) -> Result<bool, Failure> {
    begin_with(connection, ALONE).await?;
    let query = sqlx::query("DELETE FROM dead_letters WHERE id = $1").bind(id.as_uuid());
    let removed = query.execute(&mut *connection).await?.rows_affected();
    figures::write(Figures::without_letters(removed), connection).await?;
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(removed > 0)
}
