//! The query string of a list of signals.

use sspp_core::{Cursor, Position, ScoringModel, SignalQuery, SortBy, SortOrder, Violation};

use super::query_reader::{Given, Reader};

/// Rows that may be skipped by number.
const DEEPEST: u64 = 100_000;
const LIMIT_MAX: u64 = 100;

const NAMES: [&str; 13] = [
    "accountId",
    "userId",
    "eventType",
    "signalType",
    "from",
    "to",
    "minScore",
    "maxScore",
    "sortBy",
    "sortOrder",
    "page",
    "limit",
    "cursor",
];

/// A list that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListRequest {
    pub(super) query: SignalQuery,
    /// The page's number, from 1; 1 where a cursor was given.
    pub(super) page: u32,
    /// An empty account or user was asked for: there is none.
    pub(super) matches_nothing: bool,
}

impl ListRequest {
    pub(super) fn parse(query: &str, model: &ScoringModel) -> Result<Self, Vec<Violation>> {
        let mut reader = Reader::new(query, &NAMES);
        let (filter, matches_nothing) = reader.signal_filter(model);
        let sort_by = reader.one_of("sortBy", &SortBy::ALL.map(SortBy::as_str));
        let sort_by = SortBy::ALL.into_iter().find(|column| Some(column.as_str()) == sort_by.as_deref());
        let order = match reader.one_of("sortOrder", &["ASC", "DESC"]).as_deref() {
            Some("ASC") => Some(SortOrder::Ascending),
            Some(_) => Some(SortOrder::Descending),
            None => None,
        };
        let page = reader.integer("page", u64::MAX);
        let limit = reader.integer("limit", LIMIT_MAX);
        let limit = u32::try_from(limit.unwrap_or(20)).unwrap_or(20);
        let cursor = cursor(&mut reader, sort_by, order);
        let skipped = page.unwrap_or(1).saturating_mul(u64::from(limit));
        if skipped > DEEPEST {
            let sentence =
                format!("page times limit must not be greater than {DEEPEST}; follow cursor to go deeper");
            reader.wrong("page", "too_deep", sentence);
        }
        if !reader.found.is_empty() {
            return Err(reader.found);
        }
        let page = u32::try_from(page.unwrap_or(1)).unwrap_or(1);
        let query = SignalQuery {
            filter,
            sort_by: cursor.map(|cursor| cursor.sort_by).or(sort_by).unwrap_or_default(),
            order: cursor.map(|cursor| cursor.order).or(order).unwrap_or_default(),
            position: cursor
                .map_or(Position::Offset((page - 1) * limit), |cursor| Position::After(cursor.key)),
            limit,
            until: None,
        };
        Ok(Self { query, page, matches_nothing })
    }
}

fn cursor(reader: &mut Reader, sort_by: Option<SortBy>, order: Option<SortOrder>) -> Option<Cursor> {
    let text = match reader.given("cursor") {
        Given::Absent => return None,
        Given::Once(text) => text,
        Given::Repeated => String::new(),
    };
    let cursor = match text.parse::<Cursor>() {
        Ok(cursor) => cursor,
        Err(fault) => {
            reader.wrong("cursor", "malformed_cursor", format!("cursor {fault}"));
            return None;
        }
    };
    if !matches!(reader.given("page"), Given::Absent) {
        reader.wrong("cursor", "cursor_and_page", "cursor must not be given together with page");
    }
    if sort_by.is_some_and(|column| column != cursor.sort_by) {
        let sentence = format!("cursor belongs to a list with sortBy {}", cursor.sort_by.as_str());
        reader.wrong("cursor", "other_sort", sentence);
    }
    if order.is_some_and(|order| order != cursor.order) {
        reader.wrong("cursor", "other_order", "cursor belongs to a list with another sortOrder");
    }
    Some(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_query_is_the_first_page_of_the_newest() {
        let asked = ListRequest::parse("", &ScoringModel::embedded_default()).unwrap();
        let expected = ListRequest { query: SignalQuery::default(), page: 1, matches_nothing: false };
        assert_eq!(asked, expected);
        let last = ListRequest::parse("page=1000&limit=100", &ScoringModel::embedded_default()).unwrap();
        assert_eq!(last.query.position, Position::Offset(99_900));
    }
}
