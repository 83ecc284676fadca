//! Dead letters by themselves: listed, counted, edited, removed.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::dialect::{DeadLetterRow, SqliteDialect};
use super::figures::without_letters;
use super::state::StoreState;
use crate::SqliteStore;
use crate::command::{Command, LetterChange};
use crate::failure::Failure;
use sspp_engine::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, NumberedDeadLetter, Page, PayloadFacts,
    StoreError, Total,
};
use sspp_events::{ContentDigest, DeadLetterId};

#[async_trait]
impl DeadLetters for SqliteStore {
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        let rows = self.rows::<DeadLetterRow>(sspp_sql::dead_letter::<SqliteDialect>(id)).await?;
        Ok(sspp_sql::one(rows)?.map(|numbered| numbered.letter))
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        let rows = self.rows::<DeadLetterRow>(sspp_sql::dead_letters::<SqliteDialect>(query)).await?;
        Ok(sspp_sql::page(rows, query.limit)?)
    }

    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError> {
        let rows = self.rows(sspp_sql::count_dead_letters::<SqliteDialect>(filter, after)).await?;
        Ok(Total::bounded(sspp_sql::total(&rows)))
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

/// Does it, the count included; answers whether there was such a letter.
pub(crate) async fn change(
    connection: &mut SqliteConnection,
    state: &mut StoreState,
    change: &LetterChange,
) -> Result<bool, Failure> {
    match change {
        LetterChange::Edit { id, held, payload, content } => {
            let facts = PayloadFacts::of_payload(payload);
            let changed = sqlx::query(
                "UPDATE dead_letters SET payload = ?, content = ?, account_id = ?, user_id = ?, event_type = ? \
                 WHERE id = ? AND payload = ?",
            )
            .bind(payload.to_vec())
            .bind(content.as_bytes().to_vec())
            .bind(facts.account_id.map(String::from))
            .bind(facts.user_id.map(String::from))
            .bind(facts.event_type.map(String::from))
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
            without_letters(connection, state, removed).await?;
            Ok(removed > 0)
        }
    }
}
