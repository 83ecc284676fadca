//! Export: every signal of a filter that was stored when the request came, streamed in constant memory.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use poem::Body;
use sspp_core::{
    CursorKey, Horizon, ModelDigest, Position, Signal, SignalFilter, SignalId, SignalQuery, SortBy,
    SortOrder, StoreError,
};
use sspp_events::one_line;

use super::csv::{CSV_HEAD, csv_line};
use super::export_lines::{ExportAnswer, ExportFormat, ModelLine, SignalLine};
use super::filter::signal_filter;
use crate::http::{Call, Parameters, Problem, Query, QueryParameters};
use crate::state::Inner;

/// Rows that are read at once: at most 25 MB of them, at most 256 KiB each.
const ROWS: u32 = 100;
/// Ids that one statement looks at: a filter that few rows pass must not read for ever.
const STRETCH: i64 = 100_000;

pub(super) async fn export(call: Call, Query(query): Query<ExportQuery>) -> Result<ExportAnswer, Problem> {
    let ExportQuery { format, filter } = query;
    let state = call.state;
    let head = Bytes::from_static(if format == ExportFormat::Csv { CSV_HEAD } else { b"" });
    let Some(filter) = filter else { return Ok(ExportAnswer { format, body: Body::from(head) }) };
    let horizon = state.ask_store(state.ports.store.horizon()).await?;
    let mut export = Export::new(Arc::clone(&state), filter, horizon, format);
    // A store that cannot be read at all is a failure, and no stream that breaks off.
    let first = state.ask_store(export.next()).await?;
    let rest = stream::try_unfold(export, async |mut export| match export.next().await {
        Ok(Some(lines)) => Ok(Some((lines, export))),
        Ok(None) => Ok(None),
        Err(error) => {
            tracing::warn!(%error, "an export broke off");
            Err(std::io::Error::other("the store cannot answer right now"))
        }
    });
    let begin = stream::iter([Ok(head), Ok(first.unwrap_or_default())]);
    let body = begin.chain(rest).try_filter(|lines: &Bytes| std::future::ready(!lines.is_empty()));
    Ok(ExportAnswer { format, body: Body::from_bytes_stream(body) })
}

/// What is exported, and how.
pub(super) struct ExportQuery {
    format: ExportFormat,
    /// None where nothing can pass it.
    filter: Option<SignalFilter>,
}

impl QueryParameters for ExportQuery {
    fn read(parameters: &mut Parameters<'_>) -> Self {
        let format = parameters.one_of("format", "`ndjson` or `csv`.", &["csv", "ndjson"], Some("ndjson"));
        let format = if format.as_deref() == Some("csv") { ExportFormat::Csv } else { ExportFormat::Ndjson };
        Self { format, filter: signal_filter(parameters) }
    }
}

/// An export on its way.
struct Export {
    state: Arc<Inner>,
    query: SignalQuery,
    horizon: Horizon,
    format: ExportFormat,
    /// If filters leave few rows: the last id that was read.
    stretch: Option<i64>,
    models: HashSet<ModelDigest>,
    done: bool,
}

impl Export {
    fn new(state: Arc<Inner>, filter: SignalFilter, horizon: Horizon, format: ExportFormat) -> Self {
        let sort_by = if filter.account_id.is_some() || filter.user_id.is_some() {
            SortBy::ProcessedAt
        } else if (filter.from.is_some() || filter.to.is_some())
            && filter.event_type.is_none()
            && filter.signal_type.is_none()
            && filter.min_score.is_none()
            && filter.max_score.is_none()
        {
            SortBy::Timestamp
        } else {
            SortBy::Id
        };
        let stretch = (sort_by == SortBy::Id).then_some(0);
        let query = SignalQuery {
            filter,
            sort_by,
            order: SortOrder::Ascending,
            position: Position::Offset(0),
            limit: ROWS,
            until: Some(horizon),
        };
        Self { state, query, horizon, format, stretch, models: HashSet::new(), done: false }
    }

    /// The next lines; `None` at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        while !self.done {
            if let Some(from) = self.stretch {
                self.query.until = Some(self.horizon.up_to(SignalId::new(from.saturating_add(STRETCH))));
            }
            let page = self.state.ports.store.signals(&self.query).await?;
            if let Some(last) = page.items.last() {
                self.query.position = Position::After(CursorKey::of(last, self.query.sort_by));
            }
            if !page.more {
                self.stretch = self.stretch.map(|from| from.saturating_add(STRETCH));
                self.done = self.stretch.is_none_or(|from| from >= self.horizon.last_id().get());
            }
            if !page.items.is_empty() {
                return self.lines(page.items).await.map(Some);
            }
        }
        Ok(None)
    }

    async fn lines(&mut self, signals: Vec<Signal>) -> Result<Bytes, StoreError> {
        let mut lines = Vec::with_capacity(signals.len() * 512);
        for signal in signals {
            match self.format {
                ExportFormat::Csv => csv_line(&mut lines, &signal),
                ExportFormat::Ndjson => {
                    let digest = signal.recorded.model;
                    if self.models.insert(digest)
                        && let Some(model) = self.state.ports.store.model(digest).await?
                    {
                        json_line(&mut lines, &ModelLine::from(model));
                    }
                    json_line(&mut lines, &SignalLine::from(signal));
                }
            }
        }
        Ok(lines.into())
    }
}

fn json_line(lines: &mut Vec<u8>, line: &impl serde::Serialize) {
    // Ids may hold a line separator too.
    if let Ok(json) = serde_json::to_string(line) {
        lines.extend_from_slice(one_line(&json).as_bytes());
        lines.push(b'\n');
    }
}
