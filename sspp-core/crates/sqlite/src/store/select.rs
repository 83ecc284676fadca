//! Lists and counts of signals as SQL. Values are always bound, never written into the text.

use sqlx::{QueryBuilder, Sqlite};

use super::rows::signal_columns;
use sspp_engine::{Position, SignalFilter, SignalQuery, Total};
use sspp_events::{SortBy, SortOrder};

/// The statement of a list; it asks for one row more than the page, which tells whether there are more.
pub(crate) fn list(query: &SignalQuery) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new(concat!("SELECT ", signal_columns!(), " FROM signals WHERE true"));
    filter(&mut sql, &query.filter);
    if let Some(until) = query.until {
        sql.push(" AND id <= ").push_bind(until.last_id.get());
    }
    let (after, direction) = match query.order {
        SortOrder::Ascending => (" > ", " ASC"),
        SortOrder::Descending => (" < ", " DESC"),
    };
    let column = match query.sort_by {
        SortBy::Id => None,
        SortBy::ProcessedAt => Some("processed_at"),
        SortBy::Timestamp => Some("timestamp"),
        SortBy::Score => Some("score"),
    };
    if let Position::After(key) = query.position {
        match column {
            None => {
                sql.push(" AND id").push(after).push_bind(key.id.get());
            }
            Some(column) => {
                sql.push(" AND (").push(column).push(", id)").push(after);
                sql.push("(").push_bind(key.value).push(", ").push_bind(key.id.get()).push(")");
            }
        }
    }
    sql.push(" ORDER BY ");
    if let Some(column) = column {
        sql.push(column).push(direction).push(", ");
    }
    sql.push("id").push(direction);
    sql.push(" LIMIT ").push_bind(i64::from(query.limit) + 1);
    if let Position::Offset(offset) = query.position {
        sql.push(" OFFSET ").push_bind(i64::from(offset));
    }
    sql
}

/// The statement that counts a filter, up to one more than is told.
pub(crate) fn bounded_count(of: &SignalFilter) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM signals WHERE true");
    filter(&mut sql, of);
    sql.push(" LIMIT ").push_bind(i64::try_from(Total::COUNTED_UP_TO).unwrap_or(i64::MAX - 1) + 1).push(")");
    sql
}

/// The statement that looks a single dimension up in the tallies.
pub(crate) fn tallied_count(of: &SignalFilter) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT coalesce(sum(signals), 0) FROM ");
    if let Some(id) = &of.account_id {
        sql.push("account_tallies WHERE account_id = ").push_bind(id.as_str().to_owned());
    } else if let Some(id) = &of.user_id {
        sql.push("user_tallies WHERE user_id = ").push_bind(id.as_str().to_owned());
    } else if let Some(name) = &of.event_type {
        sql.push("type_tallies WHERE event_type = ").push_bind(name.as_str().to_owned());
    } else if let Some(name) = &of.signal_type {
        sql.push("type_tallies WHERE signal_type = ").push_bind(name.as_str().to_owned());
    } else {
        sql.push("type_tallies");
    }
    sql
}

fn filter(sql: &mut QueryBuilder<Sqlite>, filter: &SignalFilter) {
    let texts = [
        (" AND account_id = ", filter.account_id.as_ref().map(sspp_events::AccountId::as_str)),
        (" AND user_id = ", filter.user_id.as_ref().map(sspp_events::UserId::as_str)),
        (" AND event_type = ", filter.event_type.as_ref().map(sspp_events::EventType::as_str)),
        (" AND signal_type = ", filter.signal_type.as_ref().map(sspp_events::SignalType::as_str)),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            sql.push(condition).push_bind(text.to_owned());
        }
    }
    let numbers = [
        (" AND timestamp >= ", filter.from.map(sspp_events::Timestamp::micros)),
        (" AND timestamp < ", filter.to.map(sspp_events::Timestamp::micros)),
        (" AND score >= ", filter.min_score.map(|score| score.units().get())),
        (" AND score <= ", filter.max_score.map(|score| score.units().get())),
    ];
    for (condition, number) in numbers {
        if let Some(number) = number {
            sql.push(condition).push_bind(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sspp_engine::CursorKey;
    use sspp_events::{AccountId, SignalId};

    fn tail(query: &SignalQuery) -> String {
        let text = list(query).sql().as_str().to_owned();
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
