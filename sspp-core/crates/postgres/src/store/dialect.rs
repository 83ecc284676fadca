//! What PostgreSQL has a word of its own for in statements that are built for all databases.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::PgStore;
use sspp_engine::adapter::Snapshot;
use sspp_engine::{Horizon, StoreError};
use sspp_events::Timestamp;
use sspp_sql::{Dialect, Value};

/// PostgreSQL: it has types for ids and instants.
#[derive(Debug)]
pub(crate) struct PgDialect;

pub(crate) type SignalRow = sspp_sql::SignalRow<Uuid, DateTime<Utc>>;
pub(crate) type DeadLetterRow = sspp_sql::DeadLetterRow<Uuid, DateTime<Utc>>;

impl Dialect for PgDialect {
    type Database = Postgres;

    fn bind(sql: &mut QueryBuilder<Postgres>, value: Value<'_>) {
        match value {
            Value::Text(text) => sql.push_bind(text.to_owned()),
            Value::Number(number) => sql.push_bind(number),
            Value::Instant(micros) => {
                // A cursor can hold an instant that no calendar has; no row is there either.
                let instant = Timestamp::from_micros(micros).map(Timestamp::to_datetime);
                sql.push_bind(instant.unwrap_or_default())
            }
            Value::Id(id) => sql.push_bind(id),
            Value::Digest(digest) => sql.push_bind(digest.to_vec()),
        };
    }

    fn until(sql: &mut QueryBuilder<Postgres>, horizon: Horizon) {
        let Snapshot { last_id, before, from } = horizon.into();
        // Transaction numbers as text: the driver knows no such type.
        sql.push(" AND id <= ").push_bind(last_id.get());
        sql.push(" AND (xact < ").push_bind(before.to_string()).push("::xid8");
        sql.push(" OR xact >= ").push_bind(from.to_string()).push("::xid8)");
    }
}

/// How long a question may read that no index or counter serves.
pub(super) const QUESTION: Option<Duration> = Some(Duration::from_secs(2));

impl PgStore {
    /// Reads the rows of a statement; where it may read much, within a limit.
    pub(super) async fn rows<R>(
        &self,
        mut sql: QueryBuilder<Postgres>,
        limit: Option<Duration>,
    ) -> Result<Vec<R>, StoreError>
    where
        R: for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static,
    {
        match limit {
            None => {
                self.sessions
                    .with(|connection| {
                        async move { Ok(sql.build_query_as().fetch_all(connection).await?) }.boxed()
                    })
                    .await
            }
            Some(limit) => {
                self.sessions
                    .within(limit, |connection| {
                        async move { sql.build_query_as().fetch_all(connection).await }.boxed()
                    })
                    .await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sspp_engine::{CursorKey, Position, SignalFilter, SignalQuery};
    use sspp_events::{AccountId, SignalId, SortBy, SortOrder};

    fn tail(query: &SignalQuery) -> String {
        let text = sspp_sql::signals::<PgDialect>(query).sql().as_str().to_owned();
        text.split_once(" FROM ").unwrap().1.to_owned()
    }

    /// The shapes whose plans the integration tests look at.
    #[test]
    fn lists_have_the_shapes_that_the_indexes_were_made_for() {
        let filter = SignalFilter { account_id: AccountId::new("o\'brien").ok(), ..SignalFilter::default() };
        let position = Position::After(CursorKey { value: 5, id: SignalId::new(7) });
        let query = SignalQuery { filter, position, ..SignalQuery::default() };
        assert_eq!(
            tail(&query),
            "signals WHERE true AND account_id = $1 AND (processed_at, id) < ($2, $3) \
             ORDER BY processed_at DESC, id DESC LIMIT $4"
        );
        let query = SignalQuery {
            filter: SignalFilter::default(),
            order: SortOrder::Ascending,
            sort_by: SortBy::Id,
            ..query
        };
        assert_eq!(tail(&query), "signals WHERE true AND id > $1 ORDER BY id ASC LIMIT $2");
    }
}
