//! Signals: lists, single ones, how they came to their score, figures over all.

use std::sync::Arc;

use poem::Request;
use poem_openapi::OpenApi;
use sspp_core::{Cursor, CursorKey, Position, ScoringModel, Signal, SignalId, Total};

use super::signal_query::ListRequest;
use super::{Asking, List, Lookup, Tag};
use crate::dto::param::{
    AccountParam, CursorParam, EventTypeParam, InstantParam, LimitParam, PageParam, Path, Query, ScoreParam,
    SignalIdParam, SignalTypeParam, SortByParam, SortOrderParam, UserParam,
};
use crate::dto::{ExplanationBody, Failure, JsonBody, Pagination, SignalBody, SignalPage, StatsBody};
use crate::error::Problem;
use crate::state::Inner;

/// Signals.
#[derive(Debug)]
pub(crate) struct Signals(pub(super) Arc<Inner>);

#[OpenApi(tag = "Tag::Signals")]
impl Signals {
    /// List signals
    ///
    /// Page by `page`, or follow `nextCursor` with `cursor`: its cost does not grow with depth, and no row is missed or
    /// repeated while others are added. Every violation is reported at once; unknown parameters are violations.
    #[oai(path = "/signals", method = "get", operation_id = "listSignals")]
    #[expect(clippy::too_many_arguments, reason = "they are the document; the request is read as a whole")]
    async fn list(
        &self,
        request: &Request,
        /// Of this account. Empty: of none, since no account has an empty id.
        #[oai(name = "accountId")]
        _account_id: Query<AccountParam>,
        /// Of this user. Empty: of none.
        #[oai(name = "userId")]
        _user_id: Query<UserParam>,
        /// Of this event type; one of the active model's.
        #[oai(name = "eventType")]
        _event_type: Query<EventTypeParam>,
        /// Of this signal type; one of the active model's.
        #[oai(name = "signalType")]
        _signal_type: Query<SignalTypeParam>,
        /// That happened at or after this instant.
        #[oai(name = "from")]
        _from: Query<InstantParam>,
        /// That happened before this instant.
        #[oai(name = "to")]
        _to: Query<InstantParam>,
        /// Worth at least this: at most two decimals.
        #[oai(name = "minScore")]
        _min_score: Query<ScoreParam>,
        /// Worth at most this: at most two decimals.
        #[oai(name = "maxScore")]
        _max_score: Query<ScoreParam>,
        /// The column to sort by, `processed_at` if not given; the id decides between equals.
        #[oai(name = "sortBy")]
        _sort_by: Query<SortByParam>,
        /// The direction to sort in, `DESC` if not given.
        #[oai(name = "sortOrder")]
        _sort_order: Query<SortOrderParam>,
        /// Which page, the first if not given; page times limit is at most 100,000: go deeper with `cursor`.
        #[oai(name = "page")]
        _page: Query<PageParam>,
        /// Rows a page.
        #[oai(name = "limit")]
        _limit: Query<LimitParam>,
        /// The `nextCursor` of the page before; not together with `page`. It keeps that list's order.
        #[oai(name = "cursor")]
        _cursor: Query<CursorParam>,
    ) -> Result<JsonBody<SignalPage>, Failure<List>> {
        let state = &self.0;
        let asked = ListRequest::parse(request.uri().query().unwrap_or_default(), &state.ports.model)
            .map_err(|violations| Problem::invalid("invalid-query", violations))?;
        if asked.matches_nothing {
            let total = Total { count: 0, exact: true };
            return Ok(JsonBody(page(&asked, Vec::new(), None, total)));
        }
        let store = &state.ports.store;
        let (rows, total) = tokio::try_join!(
            state.ask_store(store.signals(&asked.query)),
            state.ask_store(store.count(&asked.query.filter)),
        )?;
        let next = rows.more.then(|| rows.items.last()).flatten().map(|last| {
            let (sort_by, order) = (asked.query.sort_by, asked.query.order);
            Cursor { sort_by, order, key: CursorKey::of(last, sort_by) }
        });
        Ok(JsonBody(page(&asked, rows.items, next, total)))
    }

    /// Figures over all signals
    ///
    /// Exact, and as quick with many signals as with few.
    #[oai(path = "/signals/stats", method = "get", operation_id = "signalStats")]
    async fn stats(&self) -> Result<JsonBody<StatsBody>, Failure<Asking>> {
        let stats = self.0.ask_store(self.0.ports.store.stats()).await?;
        Ok(JsonBody(stats.into()))
    }

    /// One signal
    ///
    /// By its number, as lists give it.
    #[oai(path = "/signals/:id", method = "get", operation_id = "getSignal")]
    async fn one(
        &self,
        /// The signal's number.
        #[oai(name = "id")]
        id: Path<SignalIdParam>,
    ) -> Result<JsonBody<SignalBody>, Failure<Lookup>> {
        let signal = self.find(&id.0).await?;
        Ok(JsonBody(signal.into()))
    }

    /// How a signal came to its score
    ///
    /// Recomputed from the stored event with the model that scored it; `consistent` says whether the result is the stored score.
    #[oai(path = "/signals/:id/explanation", method = "get", operation_id = "explainSignal")]
    async fn explain(
        &self,
        /// The signal's number.
        #[oai(name = "id")]
        id: Path<SignalIdParam>,
    ) -> Result<JsonBody<ExplanationBody>, Failure<Lookup>> {
        let signal = self.find(&id.0).await?;
        let model = self.0.model(signal.recorded.model).await?;
        let explanation = model.explain(&signal.recorded.accepted.event).map_err(|unknown| {
            self.0.metrics.explanation_inconsistent();
            let detail = format!("Signal {} cannot be explained: {unknown}", signal.id);
            Problem::not_found(detail).with_cause("a stored signal's own model does not know its event type")
        })?;
        let mut body = ExplanationBody::new(&signal, &model, &explanation);
        if !body.consistent && model.digest() == ScoringModel::predecessor().digest() {
            // Nothing is broken: what else it knew when it scored, nobody can tell.
            let detail = "The predecessor scored it, and its score is kept; the steps are what its rules make of the event";
            body.detail = Some(detail.to_owned());
        } else if !body.consistent {
            self.0.metrics.explanation_inconsistent();
            tracing::error!(
                signal_id = signal.id.get(),
                model = %signal.recorded.model,
                detail = body.detail.as_deref(),
                "a stored score is not what its own model makes of the event"
            );
        }
        Ok(JsonBody(body))
    }
}

impl Signals {
    async fn find(&self, id: &str) -> Result<Signal, Problem> {
        let number = signal_id(id)?;
        let signal = self.0.ask_store(self.0.ports.store.signal(SignalId::new(number))).await?;
        signal.ok_or_else(|| Problem::not_found(format!("Signal with ID {number} not found")))
    }
}

/// Digits, perhaps after a minus: what the predecessor's numeric check passed and a database could hold.
fn signal_id(text: &str) -> Result<i64, Problem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let numeric = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = numeric.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| {
        let sentence = "Validation failed (numeric string is expected)";
        Problem::parameter("id", "not_numeric", sentence)
    })
}

fn page(asked: &ListRequest, rows: Vec<Signal>, next: Option<Cursor>, total: Total) -> SignalPage {
    let limit = asked.query.limit;
    let pagination = Pagination {
        page: matches!(asked.query.position, Position::Offset(_)).then_some(asked.page),
        limit,
        total: total.count,
        total_pages: total.count.div_ceil(u64::from(limit)),
        next_cursor: next.map(|cursor| cursor.to_string()),
        total_is_exact: total.exact,
    };
    SignalPage { data: rows.into_iter().map(SignalBody::from).collect(), pagination }
}
