//! Signals: statements that read them, and their rows.

use serde_json::value::RawValue;
use sqlx::QueryBuilder;

use crate::dialect::{Dialect, Value, bounded, filter, instant};
use crate::row;
use crate::rows::{Corrupt, Row, StoredId, StoredInstant, read_digest};
use sspp_engine::recording::Counted;
use sspp_engine::{NewSignal, Position, Signal, SignalFilter, SignalQuery};
use sspp_events::{
    AcceptedEvent, AccountId, ContentDigest, Event, EventId, EventType, ExternalId, Metadata, ModelDigest,
    Score, SignalId, SignalType, SortBy, SortOrder, Source, Units, UserId,
};

row! {
    /// A row of signals; ids and instants are of the database's types.
    #[derive(Debug)]
    pub struct SignalRow<Id, Instant> {
        id: i64,
        event_id: Id,
        account_id: String,
        user_id: String,
        event_type: String,
        signal_type: String,
        score: i64,
        timestamp: Instant,
        received_at: Instant,
        processed_at: Instant,
        content: Vec<u8>,
        model: Vec<u8>,
        metadata: String,
        source: Option<String>,
        external_id: Option<String>,
    }
}

impl<Id: StoredId, Instant: StoredInstant> Row for SignalRow<Id, Instant> {
    type Item = Signal;

    fn read(self) -> Result<Signal, Corrupt> {
        let event = Event {
            account_id: AccountId::new(self.account_id).map_err(Corrupt::new)?,
            user_id: UserId::new(self.user_id).map_err(Corrupt::new)?,
            event_type: EventType::new(self.event_type).map_err(Corrupt::new)?,
            timestamp: self.timestamp.timestamp()?,
            // It was checked before it was stored.
            metadata: Metadata::stored(RawValue::from_string(self.metadata).map_err(Corrupt::new)?),
            source: self.source.map(Source::new).transpose().map_err(Corrupt::new)?,
            external_id: self.external_id.map(ExternalId::new).transpose().map_err(Corrupt::new)?,
        };
        let accepted = AcceptedEvent {
            event_id: EventId::from_uuid(self.event_id.uuid()?),
            received_at: self.received_at.timestamp()?,
            event,
        };
        let recorded = NewSignal {
            accepted: accepted.into(),
            content: ContentDigest::from_bytes(read_digest(&self.content)?),
            signal_type: SignalType::new(self.signal_type).map_err(Corrupt::new)?,
            score: Score::rounded(Units::new(self.score)),
            model: ModelDigest::from_bytes(read_digest(&self.model)?),
            processed_at: self.processed_at.timestamp()?,
        };
        Ok(Signal { id: SignalId::new(self.id), recorded })
    }
}

row! {
    /// Of a removed signal what its figures need.
    #[derive(Debug)]
    pub struct RemovedSignal {
        account_id: String,
        user_id: String,
        event_type: String,
        signal_type: String,
        score: i64,
    }
}

impl<'a> From<&'a RemovedSignal> for Counted<'a> {
    fn from(signal: &'a RemovedSignal) -> Self {
        Self {
            account_id: &signal.account_id,
            user_id: &signal.user_id,
            event_type: &signal.event_type,
            signal_type: &signal.signal_type,
            score: signal.score,
        }
    }
}

const SELECT: &str = "SELECT id, event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, \
    processed_at, content, model, CAST(metadata AS text) AS metadata, source, external_id FROM ";

fn select<D: Dialect>() -> QueryBuilder<D::Database> {
    let mut sql = QueryBuilder::new(SELECT);
    sql.push("signals WHERE true");
    sql
}

/// Selects from every source.
fn select_all<D: Dialect>(
    sql: &mut QueryBuilder<D::Database>,
    select: &str,
    of: &SignalFilter,
    list: Option<&SignalQuery>,
    restrict: impl Fn(&mut QueryBuilder<D::Database>),
) {
    for (number, source) in D::sources(of, list).iter().enumerate() {
        if number > 0 {
            sql.push(" UNION ALL ");
        }
        sql.push(select).push(*source);
        restrict(sql);
    }
}

/// The signal of a number.
pub fn signal<D: Dialect>(id: SignalId) -> QueryBuilder<D::Database> {
    let mut sql = select::<D>();
    filter::<D>(&mut sql, [(" AND id = ", Some(Value::Number(id.get())))]);
    sql
}

/// The signal of an event.
pub fn signal_of_event<D: Dialect>(id: EventId) -> QueryBuilder<D::Database> {
    let mut sql = select::<D>();
    filter::<D>(&mut sql, [(" AND event_id = ", Some(Value::Id(id.as_uuid())))]);
    sql
}

/// The signal of the highest number.
pub fn last_signal<D: Dialect>() -> QueryBuilder<D::Database> {
    let mut sql = select::<D>();
    sql.push(" ORDER BY id DESC LIMIT 1");
    sql
}

/// A list; it asks for one row more than the page, which tells whether there are more.
pub fn signals<D: Dialect>(query: &SignalQuery) -> QueryBuilder<D::Database> {
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
    let mut sql = QueryBuilder::new("");
    select_all::<D>(&mut sql, SELECT, &query.filter, Some(query), |sql| {
        restrict::<D>(sql, &query.filter);
        if let Some(until) = query.until {
            D::until(sql, until);
        }
        let Position::After(key) = query.position else { return };
        match column {
            None => {
                sql.push(" AND id").push(after);
                D::bind(sql, Value::Number(key.id.get()));
            }
            Some(column) => {
                sql.push(" AND (").push(column).push(", id)").push(after).push("(");
                D::bind(sql, key_value(query.sort_by, key.value));
                sql.push(", ");
                D::bind(sql, Value::Number(key.id.get()));
                sql.push(")");
            }
        }
    });
    sql.push(" ORDER BY ");
    if let Some(column) = column {
        sql.push(column).push(direction).push(", ");
    }
    sql.push("id").push(direction);
    let offset = match query.position {
        Position::Offset(offset) => Some(Value::Number(offset.into())),
        Position::After(_) => None,
    };
    filter::<D>(
        &mut sql,
        [(" LIMIT ", Some(Value::Number(i64::from(query.limit) + 1))), (" OFFSET ", offset)],
    );
    sql
}

/// The value of a cursor in the type of its column.
fn key_value(sort_by: SortBy, value: i64) -> Value<'static> {
    match sort_by {
        SortBy::Id | SortBy::Score => Value::Number(value),
        SortBy::ProcessedAt | SortBy::Timestamp => Value::Instant(value),
    }
}

/// How many signals a filter has: from the counters, or counted up to one more than a total tells.
pub fn count_signals<D: Dialect>(of: &SignalFilter) -> QueryBuilder<D::Database> {
    if !of.single_dimension() {
        let mut sql = QueryBuilder::new("SELECT count(*) FROM (");
        select_all::<D>(&mut sql, "SELECT 1 FROM ", of, None, |sql| restrict::<D>(sql, of));
        return bounded::<D>(sql);
    }
    let mut sql = QueryBuilder::new("SELECT CAST(coalesce(sum(signals), 0) AS bigint)");
    if let Some(uncounted) = D::uncounted() {
        sql.push(" + (SELECT count(*) FROM ").push(uncounted);
        restrict::<D>(&mut sql, of);
        sql.push(")");
    }
    sql.push(" FROM ");
    let tables = [
        ("account_tallies WHERE account_id = ", of.account_id.as_ref().map(AccountId::as_str)),
        ("user_tallies WHERE user_id = ", of.user_id.as_ref().map(UserId::as_str)),
        ("type_tallies WHERE event_type = ", of.event_type.as_ref().map(EventType::as_str)),
        ("type_tallies WHERE signal_type = ", of.signal_type.as_ref().map(SignalType::as_str)),
    ];
    if tables.iter().all(|(_, name)| name.is_none()) {
        sql.push("type_tallies");
    }
    filter::<D>(&mut sql, tables.map(|(table, name)| (table, name.map(Value::Text))));
    sql
}

fn restrict<D: Dialect>(sql: &mut QueryBuilder<D::Database>, of: &SignalFilter) {
    let score = |score: Score| Value::Number(score.units().get());
    filter::<D>(
        sql,
        [
            (" AND account_id = ", of.account_id.as_ref().map(|id| Value::Text(id.as_str()))),
            (" AND user_id = ", of.user_id.as_ref().map(|id| Value::Text(id.as_str()))),
            (" AND event_type = ", of.event_type.as_ref().map(|name| Value::Text(name.as_str()))),
            (" AND signal_type = ", of.signal_type.as_ref().map(|name| Value::Text(name.as_str()))),
            (" AND timestamp >= ", of.from.map(instant)),
            (" AND timestamp < ", of.to.map(instant)),
            (" AND score >= ", of.min_score.map(score)),
            (" AND score <= ", of.max_score.map(score)),
        ],
    );
}
