//! What SQLite has a word of its own for in statements that are built for all databases.

use futures_util::FutureExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::SqliteStore;
use crate::bounded::within;
use crate::config::QUESTION_LIMIT;
use crate::failure::Failure;
use sspp_engine::{Horizon, Position, SignalFilter, SignalQuery};
use sspp_events::SortBy;
use sspp_sql::{Dialect, Value};

/// The signals in an index.
macro_rules! indexed {
    () => {
        " WHERE id <= (SELECT indexed_to FROM totals)"
    };
}

/// The signals that are not in the indexes yet.
macro_rules! newest {
    () => {
        "signals NOT INDEXED WHERE id > (SELECT indexed_to FROM totals)"
    };
}

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

    fn sources(filter: &SignalFilter, list: Option<&SignalQuery>) -> &'static [&'static str] {
        if filter.user_id.is_some() {
            &[concat!("by_user CROSS JOIN signals USING (user_id, processed_at, id)", indexed!()), newest!()]
        } else if filter.account_id.is_some() {
            &[
                concat!("by_account CROSS JOIN signals USING (account_id, processed_at, id)", indexed!()),
                newest!(),
            ]
        } else if is_by_timestamp(filter, list) {
            &[concat!("by_timestamp CROSS JOIN signals USING (timestamp, id)", indexed!()), newest!()]
        } else {
            &["signals WHERE true"]
        }
    }

    fn uncounted() -> Option<&'static str> {
        Some("signals NOT INDEXED WHERE id > (SELECT counted_to FROM totals)")
    }

    fn until(sql: &mut QueryBuilder<Sqlite>, horizon: Horizon) {
        sql.push(" AND id <= ").push_bind(horizon.last_id().get());
    }
}

/// Whether the index by timestamp serves best. In another order the whole span of time is read and sorted for each page, so
/// that only a span with two ends is, and not where a list goes on from an id.
fn is_by_timestamp(filter: &SignalFilter, list: Option<&SignalQuery>) -> bool {
    let is_span = filter.from.is_some() && filter.to.is_some();
    let Some(list) = list else { return filter.from.is_some() || filter.to.is_some() };
    match list.sort_by {
        SortBy::Timestamp => true,
        SortBy::Score => filter.from.is_some() || filter.to.is_some(),
        SortBy::ProcessedAt => is_span,
        SortBy::Id => is_span && list.until.is_none() && matches!(list.position, Position::Offset(_)),
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
    use sqlx::{Connection as _, SqliteConnection};
    use sspp_engine::CursorKey;
    use sspp_events::{SignalId, SortOrder};

    use super::*;

    async fn plan(sql: QueryBuilder<Sqlite>) -> String {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let schema = include_str!("../../migrations/0001_store.sql");
        sqlx::raw_sql(schema).execute(&mut connection).await.unwrap();
        let text = format!("EXPLAIN QUERY PLAN {}", sql.sql().as_str());
        let rows: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(text)).fetch_all(&mut connection).await.unwrap();
        rows.into_iter().map(|row| row.3 + "\n").collect()
    }

    fn list(account: bool, user: bool, sort_by: SortBy) -> SignalQuery {
        let filter = SignalFilter {
            account_id: account.then(|| "o'brien".parse().unwrap()),
            user_id: user.then(|| "ada".parse().unwrap()),
            ..SignalFilter::default()
        };
        SignalQuery { filter, sort_by, ..SignalQuery::default() }
    }

    fn after(query: SignalQuery) -> SignalQuery {
        SignalQuery { position: Position::After(CursorKey { value: 5, id: SignalId::new(7) }), ..query }
    }

    #[tokio::test]
    async fn lists_follow_an_index_and_sort_nothing_but_the_newest() {
        use SortBy::{Id, ProcessedAt, Timestamp};
        for (query, index) in [
            (list(false, false, Id), "SCAN signals"),
            (after(list(false, false, Id)), "INTEGER PRIMARY KEY (rowid<?)"),
            (list(false, false, ProcessedAt), "signals_processed_at"),
            (after(list(false, false, ProcessedAt)), "signals_processed_at (processed_at<?)"),
            (list(true, false, ProcessedAt), "by_account USING PRIMARY KEY (account_id=?)"),
            (
                after(list(true, false, ProcessedAt)),
                "by_account USING PRIMARY KEY (account_id=? AND (processed_at,id)<(?,?))",
            ),
            (list(false, true, ProcessedAt), "by_user USING PRIMARY KEY (user_id=?)"),
            (list(true, true, ProcessedAt), "by_user USING PRIMARY KEY (user_id=?)"),
            (list(false, false, Timestamp), "SCAN by_timestamp"),
            (after(list(false, false, Timestamp)), "by_timestamp USING PRIMARY KEY ((timestamp,id)<(?,?))"),
        ] {
            let plan = plan(sspp_sql::signals::<SqliteDialect>(&query)).await;
            let (indexed, newest) = plan.split_once("RIGHT").unwrap_or((&plan, "rowid>?"));
            assert!(indexed.contains(index) && !indexed.contains("TEMP B-TREE"), "{query:?} {plan}");
            assert!(newest.contains("rowid>?"), "{query:?} {plan}");
        }
    }

    /// By the order of the list, a page is full after few signals: the whole span is neither read nor sorted.
    #[tokio::test]
    async fn a_span_of_time_is_read_in_the_order_of_its_list_where_that_reads_less() {
        let at = Some(sspp_events::Timestamp::MAX);
        let since = SignalFilter { from: at, ..SignalFilter::default() };
        let span = SignalFilter { to: at, ..since.clone() };
        let of = |filter: &SignalFilter, sort_by| SignalQuery {
            filter: filter.clone(),
            sort_by,
            ..SignalQuery::default()
        };
        let until = Some(Horizon::from(SignalId::new(9)));
        for (query, index) in [
            (of(&since, SortBy::ProcessedAt), "SCAN signals USING INDEX signals_processed_at"),
            (after(of(&since, SortBy::ProcessedAt)), "signals_processed_at (processed_at<?)"),
            (of(&since, SortBy::Id), "SCAN signals"),
            (after(of(&span, SortBy::Id)), "INTEGER PRIMARY KEY (rowid<?)"),
            (SignalQuery { until, ..of(&span, SortBy::Id) }, "INTEGER PRIMARY KEY (rowid<?)"),
        ] {
            let plan = plan(sspp_sql::signals::<SqliteDialect>(&query)).await;
            assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{query:?} {plan}");
        }
        for query in [of(&since, SortBy::Score), of(&span, SortBy::ProcessedAt), of(&span, SortBy::Id)] {
            let plan = plan(sspp_sql::signals::<SqliteDialect>(&query)).await;
            assert!(plan.contains("by_timestamp USING PRIMARY KEY (timestamp>?"), "{query:?} {plan}");
        }
    }

    /// An index for these would cost more of every signal's commit than the sort costs these rare queries.
    #[tokio::test]
    async fn an_accounts_or_users_signals_by_timestamp_are_found_by_index_and_sorted() {
        for (query, index) in [
            (after(list(true, false, SortBy::Timestamp)), "by_account USING PRIMARY KEY (account_id=?)"),
            (list(false, true, SortBy::Timestamp), "by_user USING PRIMARY KEY (user_id=?)"),
        ] {
            let plan = plan(sspp_sql::signals::<SqliteDialect>(&query)).await;
            assert!(plan.contains(index), "{plan}");
        }
    }

    #[tokio::test]
    async fn a_span_of_time_is_found_by_index() {
        let at = Some(sspp_events::Timestamp::MAX);
        let filter = SignalFilter { from: at, to: at, ..SignalFilter::default() };
        let count = plan(sspp_sql::count_signals::<SqliteDialect>(&filter)).await;
        assert!(count.contains("by_timestamp USING PRIMARY KEY (timestamp>? AND timestamp<?)"), "{count}");
        let query = SignalQuery { filter, order: SortOrder::Ascending, ..SignalQuery::default() };
        let list = plan(sspp_sql::signals::<SqliteDialect>(&query)).await;
        assert!(list.contains("by_timestamp USING PRIMARY KEY (timestamp>? AND timestamp<?)"), "{list}");
    }
}
