//! What SQLite has a word of its own for in statements that are built for all databases.

use futures_util::FutureExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::SqliteStore;
use crate::bounded::within;
use crate::config::QUESTION_LIMIT;
use crate::failure::Failure;
use sspp_engine::Horizon;
use sspp_sql::{Dialect, Value};

/// SQLite: ids and digests are bytes, instants are microseconds.
#[derive(Debug)]
pub(crate) struct SqliteDialect;

pub(crate) type SignalRow = sspp_sql::SignalRow<Vec<u8>, i64>;
pub(crate) type DeadLetterRow = sspp_sql::DeadLetterRow<Vec<u8>, i64>;

impl Dialect for SqliteDialect {
    type Database = Sqlite;

    fn bind(sql: &mut QueryBuilder<Sqlite>, value: Value<'_>) {
        match value {
            Value::Text(text) => sql.push_bind(text.to_owned()),
            Value::Number(number) | Value::Instant(number) => sql.push_bind(number),
            Value::Id(id) => sql.push_bind(id.into_bytes().to_vec()),
            Value::Digest(digest) => sql.push_bind(digest.to_vec()),
        };
    }

    fn until(sql: &mut QueryBuilder<Sqlite>, horizon: Horizon) {
        sql.push(" AND id <= ").push_bind(horizon.last_id().get());
    }
}

impl SqliteStore {
    /// Reads the rows of a statement.
    pub(super) async fn rows<R>(&self, mut sql: QueryBuilder<Sqlite>) -> Result<Vec<R>, Failure>
    where
        R: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        within(QUESTION_LIMIT, &self.readers, |connection| {
            async move { sql.build_query_as().fetch_all(connection).await }.boxed()
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sspp_engine::{CursorKey, Position, SignalFilter, SignalQuery};
    use sspp_events::{AccountId, SignalId, SortBy, SortOrder};

    fn tail(query: &SignalQuery) -> String {
        let text = sspp_sql::signals::<SqliteDialect>(query).sql().as_str().to_owned();
        text.split_once(" FROM ").unwrap().1.to_owned()
    }

    /// The shapes whose plans the integration tests look at.
    #[test]
    fn lists_have_the_shapes_that_the_indexes_were_made_for() {
        let account =
            || SignalFilter { account_id: AccountId::new("o\'brien").ok(), ..SignalFilter::default() };
        let after = Position::After(CursorKey { value: 5, id: SignalId::new(7) });
        let query = SignalQuery { filter: account(), position: after, ..SignalQuery::default() };
        assert_eq!(
            tail(&query),
            "signals WHERE true AND account_id = ? AND (processed_at, id) < (?, ?) \
             ORDER BY processed_at DESC, id DESC LIMIT ?"
        );
        let query = SignalQuery { sort_by: SortBy::Id, ..query };
        assert_eq!(tail(&query), "signals WHERE true AND account_id = ? AND id < ? ORDER BY id DESC LIMIT ?");
        let query =
            SignalQuery { order: SortOrder::Ascending, sort_by: SortBy::Score, ..SignalQuery::default() };
        assert_eq!(tail(&query), "signals WHERE true ORDER BY score ASC, id ASC LIMIT ? OFFSET ?");
    }
}
