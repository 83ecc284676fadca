//! Dead letters: statements that read them, and their rows.

use bytes::Bytes;
use sqlx::QueryBuilder;

use crate::dialect::{Dialect, Value, bounded, filter, instant};
use crate::row;
use crate::rows::{Corrupt, Row, StoredId, StoredInstant, read_count, read_digest};
use sspp_engine::{DeadLetter, DeadLetterFilter, DeadLetterQuery, NumberedDeadLetter};
use sspp_events::{ContentDigest, DeadLetterId, EventId, SortOrder};

row! {
    /// A row of dead letters; ids and instants are of the database's types.
    #[derive(Debug)]
    pub struct DeadLetterRow<Id, Instant> {
        seq: i64,
        id: Id,
        event_id: Id,
        content: Option<Vec<u8>>,
        payload: Vec<u8>,
        reason: String,
        detail: String,
        attempts: i64,
        enqueued_at: Instant,
        died_at: Instant,
    }
}

impl<Id: StoredId, Instant: StoredInstant> Row for DeadLetterRow<Id, Instant> {
    type Item = NumberedDeadLetter;

    fn read(self) -> Result<NumberedDeadLetter, Corrupt> {
        let letter = DeadLetter {
            id: DeadLetterId::from_uuid(self.id.uuid()?),
            event_id: EventId::from_uuid(self.event_id.uuid()?),
            content: self.content.as_deref().map(read_digest).transpose()?.map(ContentDigest::from_bytes),
            payload: Bytes::from(self.payload),
            reason: self.reason.parse().map_err(Corrupt)?,
            detail: self.detail,
            attempts: read_count(self.attempts)?,
            enqueued_at: self.enqueued_at.timestamp()?,
            died_at: self.died_at.timestamp()?,
        };
        Ok(NumberedDeadLetter { number: self.seq, letter })
    }
}

fn select<D: Dialect>() -> QueryBuilder<D::Database> {
    QueryBuilder::new(
        "SELECT seq, id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at FROM dead_letters \
         WHERE true",
    )
}

/// The dead letter of an id.
pub fn dead_letter<D: Dialect>(id: DeadLetterId) -> QueryBuilder<D::Database> {
    let mut sql = select::<D>();
    filter::<D>(&mut sql, [(" AND id = ", Some(Value::Id(id.as_uuid())))]);
    sql
}

/// A list; it asks for one row more than the page.
pub fn dead_letters<D: Dialect>(query: &DeadLetterQuery) -> QueryBuilder<D::Database> {
    let mut sql = select::<D>();
    restrict::<D>(&mut sql, &query.filter);
    let (after, order) = match query.order {
        SortOrder::Ascending => (" AND seq > ", " ORDER BY seq ASC LIMIT "),
        SortOrder::Descending => (" AND seq < ", " ORDER BY seq DESC LIMIT "),
    };
    let limit = Value::Number(i64::from(query.limit) + 1);
    filter::<D>(&mut sql, [(after, query.after.map(Value::Number)), (order, Some(limit))]);
    sql
}

/// How many a filter has, of those after a number; counted up to one more than a total tells.
pub fn count_dead_letters<D: Dialect>(
    of: &DeadLetterFilter,
    after: Option<i64>,
) -> QueryBuilder<D::Database> {
    let mut sql = QueryBuilder::new("SELECT count(*) FROM (SELECT 1 FROM dead_letters WHERE true");
    restrict::<D>(&mut sql, of);
    filter::<D>(&mut sql, [(" AND seq > ", after.map(Value::Number))]);
    bounded::<D>(sql)
}

fn restrict<D: Dialect>(sql: &mut QueryBuilder<D::Database>, of: &DeadLetterFilter) {
    filter::<D>(
        sql,
        [
            (" AND reason = ", of.reason.map(|reason| Value::Text(reason.as_str()))),
            (" AND event_type = ", of.event_type.as_ref().map(|name| Value::Text(name.as_str()))),
            (" AND died_at >= ", of.from.map(instant)),
            (" AND died_at < ", of.to.map(instant)),
        ],
    );
}
