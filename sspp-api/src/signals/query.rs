//! The query string of a list of signals.

use sspp_core::{Cursor, Position, SignalQuery, SortBy, SortOrder};

use super::filter::signal_filter;
use crate::http::schema::inline;
use crate::http::{Given, Parameters, QueryParameters, number};

/// Rows that may be skipped by number.
const DEEPEST: u32 = 100_000;

/// A request for a list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ListQuery {
    pub(super) query: SignalQuery,
    /// The page's number, from 1; 1 where a cursor was given.
    pub(super) page: u32,
    /// The filter names an empty account or user, which no signal has.
    pub(super) matches_nothing: bool,
}

impl QueryParameters for ListQuery {
    fn read(parameters: &mut Parameters<'_>) -> Self {
        let filter = signal_filter(parameters);
        let columns = SortBy::ALL.map(SortBy::as_str);
        let meaning = "The column to sort by, `processed_at` if not given; the id decides between equals.";
        let column = parameters.one_of("sortBy", meaning, &columns, None);
        let sort_by = SortBy::ALL.into_iter().find(|sort_by| Some(sort_by.as_str()) == column.as_deref());
        let meaning = "The direction to sort in, `DESC` if not given.";
        let order = match parameters.one_of("sortOrder", meaning, &["ASC", "DESC"], None).as_deref() {
            Some("ASC") => Some(SortOrder::Ascending),
            Some(_) => Some(SortOrder::Descending),
            None => None,
        };
        let meaning = "Which page, the first if not given; page times limit is at most 100,000: go deeper with `cursor`.";
        let given = parameters.given("page", meaning, || inline(number(DEEPEST, None)));
        let with_page = given != Given::Absent;
        let page = parameters.integer("page", given, u64::MAX).unwrap_or(1);
        let limit = parameters.limit("Rows a page.");
        let cursor = cursor(parameters, sort_by, order, with_page);
        if page.saturating_mul(limit.into()) > DEEPEST.into() {
            let sentence =
                format!("page times limit must not be greater than {DEEPEST}; follow cursor to go deeper");
            parameters.refuse("page", "too_deep", sentence);
        }
        let page = u32::try_from(page).unwrap_or(1);
        let position = cursor.map_or_else(
            || Position::Offset((page - 1).saturating_mul(limit)),
            |cursor| Position::After(cursor.key),
        );
        let query = SignalQuery {
            filter: filter.clone().unwrap_or_default(),
            sort_by: cursor.map(|cursor| cursor.sort_by).or(sort_by).unwrap_or_default(),
            order: cursor.map(|cursor| cursor.order).or(order).unwrap_or_default(),
            position,
            limit,
            until: None,
        };
        Self { query, page, matches_nothing: filter.is_none() }
    }
}

fn cursor(
    parameters: &mut Parameters<'_>,
    sort_by: Option<SortBy>,
    order: Option<SortOrder>,
    with_page: bool,
) -> Option<Cursor> {
    let meaning =
        "The `nextCursor` of the page before; not together with `page`. It keeps that list's order.";
    let text = match parameters.text("cursor", meaning) {
        Given::Absent => return None,
        Given::Once(text) => text,
        Given::Repeated => String::new(),
    };
    let cursor = match text.parse::<Cursor>() {
        Ok(cursor) => cursor,
        Err(fault) => {
            parameters.refuse("cursor", "malformed_cursor", format!("cursor {fault}"));
            return None;
        }
    };
    if with_page {
        parameters.refuse("cursor", "cursor_and_page", "cursor must not be given together with page");
    }
    if sort_by.is_some_and(|column| column != cursor.sort_by) {
        let sentence = format!("cursor belongs to a list with sortBy {}", cursor.sort_by.as_str());
        parameters.refuse("cursor", "other_sort", sentence);
    }
    if order.is_some_and(|order| order != cursor.order) {
        parameters.refuse("cursor", "other_order", "cursor belongs to a list with another sortOrder");
    }
    Some(cursor)
}

#[cfg(test)]
mod tests {
    use sspp_core::ScoringModel;

    use super::*;
    use crate::http::parse;

    #[test]
    fn an_empty_query_is_the_first_page_of_the_newest() {
        let model = ScoringModel::embedded_default();
        let expected = ListQuery { query: SignalQuery::default(), page: 1, matches_nothing: false };
        assert_eq!(parse::<ListQuery>("", &model).unwrap(), expected);
        let last: ListQuery = parse("page=1000&limit=100", &model).unwrap();
        assert_eq!(last.query.position, Position::Offset(99_900));
    }
}
