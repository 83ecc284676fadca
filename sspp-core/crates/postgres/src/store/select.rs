//! Lists and counts of signals as SQL. Values are always bound, never written into the text.

use sqlx::{Postgres, QueryBuilder};

use super::rows::signal_columns;
use sspp_engine::{Position, SignalFilter, SignalQuery, Total};
use sspp_events::{SortBy, SortOrder, Timestamp};

/// The statement of a list; it asks for one row more than the page, which tells whether there are more.
pub(crate) fn list(query: &SignalQuery) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new(concat!("SELECT ", signal_columns!(), " FROM signals WHERE true"));
    filter(&mut sql, &query.filter);
    if let Some(until) = query.until {
        // Transaction numbers as text: the driver knows no such type.
        sql.push(" AND id <= ").push_bind(until.last_id.get());
        sql.push(" AND (xact < ").push_bind(until.before.to_string()).push("::xid8");
        sql.push(" OR xact >= ").push_bind(until.from.to_string()).push("::xid8)");
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
                sql.push("(");
                push_key(&mut sql, query.sort_by, key.value);
                sql.push(", ").push_bind(key.id.get()).push(")");
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

/// Whether an index serves a list: it reads no more rows than it gives, however many there are.
pub(crate) fn is_indexed(query: &SignalQuery) -> bool {
    let SignalFilter { account_id, user_id, event_type, signal_type, from, to, min_score, max_score } =
        &query.filter;
    let others = [event_type.is_some(), signal_type.is_some(), min_score.is_some(), max_score.is_some()];
    let names = usize::from(account_id.is_some()) + usize::from(user_id.is_some());
    let ranges = from.is_some() || to.is_some();
    let first_pages = !matches!(query.position, Position::Offset(1_000..));
    let sorted = match query.sort_by {
        SortBy::Id => names == 0 && !ranges,
        SortBy::ProcessedAt => names <= 1 && !ranges,
        SortBy::Timestamp => names == 0,
        SortBy::Score => false,
    };
    sorted && first_pages && !others.contains(&true)
}

/// The statement that counts a filter, up to one more than is told.
pub(crate) fn bounded_count(of: &SignalFilter) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM signals WHERE true");
    filter(&mut sql, of);
    sql.push(" LIMIT ")
        .push_bind(i64::try_from(Total::COUNTED_UP_TO).unwrap_or(i64::MAX - 1) + 1)
        .push(") AS found");
    sql
}

/// The statement that looks a single dimension up in the tallies.
pub(crate) fn tallied_count(of: &SignalFilter) -> QueryBuilder<Postgres> {
    let mut sql = QueryBuilder::new("SELECT coalesce(sum(signals), 0)::bigint FROM ");
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

fn filter(sql: &mut QueryBuilder<Postgres>, filter: &SignalFilter) {
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
    let instants = [(" AND timestamp >= ", filter.from), (" AND timestamp < ", filter.to)];
    for (condition, instant) in instants {
        if let Some(instant) = instant {
            sql.push(condition).push_bind(instant.to_datetime());
        }
    }
    let scores = [(" AND score >= ", filter.min_score), (" AND score <= ", filter.max_score)];
    for (condition, score) in scores {
        if let Some(score) = score {
            sql.push(condition).push_bind(score.units().get());
        }
    }
}

/// A cursor's value in the type of its column.
fn push_key(sql: &mut QueryBuilder<Postgres>, sort_by: SortBy, value: i64) {
    match sort_by {
        SortBy::Id | SortBy::Score => sql.push_bind(value),
        SortBy::ProcessedAt | SortBy::Timestamp => {
            // A cursor can hold an instant that no calendar has; no row is there either.
            let instant = Timestamp::from_micros(value).map(Timestamp::to_datetime);
            sql.push_bind(instant.unwrap_or_default())
        }
    };
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
