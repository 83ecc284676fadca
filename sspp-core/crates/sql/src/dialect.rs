//! What differs between the databases in statements that are built once for all.

use sqlx::QueryBuilder;
use sspp_engine::{Horizon, SignalFilter, SignalQuery};
use uuid::Uuid;

/// A value to bind, which each database has a type of its own for.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A number.
    Number(i64),
    /// An instant, in microseconds since 1970.
    Instant(i64),
    /// The id of an event or a dead letter.
    Id(Uuid),
    /// A digest.
    Digest(&'a [u8; 32]),
}

/// A database in which a store is.
pub trait Dialect {
    /// As the driver names it.
    type Database: sqlx::Database;

    /// Binds a value; values are never written into the text.
    fn bind(sql: &mut QueryBuilder<Self::Database>, value: Value<'_>);

    /// What a list of signals, or else their count, is read from, each with the beginning of its conditions. Together they have every
    /// signal of the filter once.
    fn sources(_filter: &SignalFilter, _list: Option<&SignalQuery>) -> &'static [&'static str] {
        &["signals WHERE true"]
    }

    /// The signals that the counters do not include yet, with the beginning of their conditions; `None` if they include all.
    fn uncounted() -> Option<&'static str> {
        None
    }

    /// Adds the condition that a signal was stored before a horizon.
    fn until(sql: &mut QueryBuilder<Self::Database>, horizon: Horizon);
}

/// An instant as a value.
pub(crate) fn instant(instant: sspp_events::Timestamp) -> Value<'static> {
    Value::Instant(instant.micros())
}

/// Adds a condition on a value, where there is one.
pub(crate) fn filter<'a, D: Dialect>(
    sql: &mut QueryBuilder<D::Database>,
    conditions: impl IntoIterator<Item = (&'static str, Option<Value<'a>>)>,
) {
    for (condition, value) in conditions {
        if let Some(value) = value {
            sql.push(condition);
            D::bind(sql, value);
        }
    }
}

/// Counts what a statement selects, up to one more than a total tells.
pub(crate) fn bounded<D: Dialect>(mut sql: QueryBuilder<D::Database>) -> QueryBuilder<D::Database> {
    let most = i64::try_from(sspp_engine::Total::COUNTED_UP_TO).unwrap_or(i64::MAX - 1) + 1;
    filter::<D>(&mut sql, [(" LIMIT ", Some(Value::Number(most)))]);
    sql.push(") AS found");
    sql
}
