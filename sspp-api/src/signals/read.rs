//! Lists of signals, single ones, and figures over all.

use poem_openapi::registry::MetaSchema;
use serde_json::json;
use sspp_core::{Cursor, CursorKey, Position, Signal, SignalId, Total};

use super::body::{Pagination, SignalBody, SignalPage, StatsBody};
use super::query::ListQuery;
use crate::http::{Call, JsonBody, Path, PathParameter, Problem, Query};

pub(super) async fn list(call: Call, Query(list): Query<ListQuery>) -> Result<JsonBody<SignalPage>, Problem> {
    if list.matches_nothing {
        let total = Total { count: 0, exact: true };
        return Ok(JsonBody(page(&list, Vec::new(), None, total)));
    }
    let (state, store) = (&call.state, &call.state.ports.store);
    let (rows, total) = tokio::try_join!(
        state.ask_store(store.signals(&list.query)),
        state.ask_store(store.count(&list.query.filter)),
    )?;
    let next = rows.more.then(|| rows.items.last()).flatten().map(|last| {
        let (sort_by, order) = (list.query.sort_by, list.query.order);
        Cursor { sort_by, order, key: CursorKey::of(last, sort_by) }
    });
    Ok(JsonBody(page(&list, rows.items, next, total)))
}

pub(super) async fn stats(call: Call) -> Result<JsonBody<StatsBody>, Problem> {
    let stats = call.state.ask_store(call.state.ports.store.stats()).await?;
    Ok(JsonBody(stats.into()))
}

pub(super) async fn one(call: Call, Path(id): Path<SignalNumber>) -> Result<JsonBody<SignalBody>, Problem> {
    Ok(JsonBody(find(&call, id).await?.into()))
}

/// The signal of a number.
pub(super) async fn find(call: &Call, SignalNumber(number): SignalNumber) -> Result<Signal, Problem> {
    let signal = call.state.ask_store(call.state.ports.store.signal(SignalId::new(number))).await?;
    signal.ok_or_else(|| Problem::not_found(format!("Signal with ID {number} not found")))
}

/// A signal's number: digits, perhaps after a minus, as the predecessor took it, within a database's range.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignalNumber(i64);

impl PathParameter for SignalNumber {
    const MEANING: &'static str = "The signal's number.";
    const FAILS: &'static [u16] = &[400, 404];

    fn schema() -> MetaSchema {
        MetaSchema { example: Some(json!(1)), ..MetaSchema::new_with_format("integer", "int64") }
    }

    fn parse(text: &str) -> Result<Self, Problem> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let numeric = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = numeric.then(|| text.parse().ok()).flatten();
        number.map(Self).ok_or_else(|| Self::malformed(text))
    }

    fn malformed(_sent: &str) -> Problem {
        Problem::parameter("id", "not_numeric", "Validation failed (numeric string is expected)")
    }
}

fn page(list: &ListQuery, rows: Vec<Signal>, next: Option<Cursor>, total: Total) -> SignalPage {
    let limit = list.query.limit;
    let pagination = Pagination {
        page: matches!(list.query.position, Position::Offset(_)).then_some(list.page),
        limit,
        total: total.count,
        total_pages: total.count.div_ceil(u64::from(limit)),
        next_cursor: next.map(|cursor| cursor.to_string()),
        total_is_exact: total.exact,
    };
    SignalPage { data: rows.into_iter().map(SignalBody::from).collect(), pagination }
}
