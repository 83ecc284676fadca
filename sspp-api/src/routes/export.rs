//! Export: every signal of a filter that was stored when it was asked for, streamed in constant memory.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use poem::{Body, Request};
use poem_openapi::OpenApi;
use sspp_core::{
    CursorKey, Horizon, ModelDigest, Position, ScoringModel, Signal, SignalFilter, SignalId, SignalQuery,
    SortBy, SortOrder, StoreError, Violation,
};
use sspp_events::one_line;

use super::query_reader::Reader;
use super::{List, Tag};
use crate::dto::param::{
    AccountParam, EventTypeParam, FormatParam, InstantParam, Query, ScoreParam, SignalTypeParam, UserParam,
};
use crate::dto::{ExportAnswer, ExportFormat, Failure, ModelLine, SignalLine};
use crate::error::Problem;
use crate::state::Inner;

/// Rows that are read at once: at most 25 MB of them, at most 256 KiB each.
const ROWS: u32 = 100;
/// Ids that one statement looks at: a filter that few rows pass must not read for ever.
const STRETCH: i64 = 100_000;

const NAMES: [&str; 9] =
    ["accountId", "userId", "eventType", "signalType", "from", "to", "minScore", "maxScore", "format"];

/// Export.
#[derive(Debug)]
pub(crate) struct Exports(pub(super) Arc<Inner>);

#[OpenApi(tag = "Tag::Signals")]
impl Exports {
    /// Export signals
    ///
    /// All of them, or those of the filters of the list, as they were stored when it was asked for, each once. NDJSON imports
    /// again under the same event ids with `sspp-api import`: a line with `"kind":"signal"` for each signal, before it one with
    /// `"kind":"model"` for the scoring model, where that is the first of its signals. CSV is for spreadsheets: RFC 4180,
    /// and a text that a spreadsheet would take for a formula begins with an apostrophe. The order is that of storing, or by an
    /// index that serves the filter.
    #[oai(path = "/signals/export", method = "get", operation_id = "exportSignals")]
    #[expect(clippy::too_many_arguments, reason = "they are the document; the request is read as a whole")]
    async fn export(
        &self,
        request: &Request,
        /// `ndjson` or `csv`.
        #[oai(name = "format")]
        _format: Query<FormatParam>,
        /// Of this account. Empty: of none.
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
    ) -> Result<ExportAnswer, Failure<List>> {
        let state = &self.0;
        let (format, filter) = parse(request.uri().query().unwrap_or_default(), &state.ports.model)
            .map_err(|violations| Problem::invalid("invalid-query", violations))?;
        let head = Bytes::from_static(if format == ExportFormat::Csv { CSV_HEAD } else { b"" });
        let Some(filter) = filter else { return Ok(ExportAnswer { format, body: Body::from(head) }) };
        let horizon = state.ask_store(state.ports.store.horizon()).await?;
        let mut reading = Reading::new(Arc::clone(state), filter, horizon, format);
        // Whoever asks is told at once when nothing can be read.
        let first = state.ask_store(reading.next()).await?;
        let rest = stream::try_unfold(reading, async |mut reading| match reading.next().await {
            Ok(Some(lines)) => Ok(Some((lines, reading))),
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "an export broke off");
                Err(std::io::Error::other("the store cannot answer right now"))
            }
        });
        let begin = stream::iter([Ok(head), Ok(first.unwrap_or_default())]);
        let whole = futures_util::StreamExt::chain(begin, rest);
        let body = futures_util::TryStreamExt::try_filter(whole, |lines: &Bytes| {
            std::future::ready(!lines.is_empty())
        });
        Ok(ExportAnswer { format, body: Body::from_bytes_stream(body) })
    }
}

/// What is asked for; no filter where nothing can pass it.
fn parse(query: &str, model: &ScoringModel) -> Result<(ExportFormat, Option<SignalFilter>), Vec<Violation>> {
    let mut reader = Reader::new(query, &NAMES);
    let (filter, nothing) = reader.signal_filter(model);
    let format = match reader.one_of("format", &["csv", "ndjson"]).as_deref() {
        Some("csv") => ExportFormat::Csv,
        _ => ExportFormat::Ndjson,
    };
    if reader.found.is_empty() { Ok((format, (!nothing).then_some(filter))) } else { Err(reader.found) }
}

/// An export on its way.
struct Reading {
    state: Arc<Inner>,
    query: SignalQuery,
    horizon: Horizon,
    format: ExportFormat,
    /// Where filters leave few rows: up to which id was looked.
    stretch: Option<i64>,
    models: HashSet<ModelDigest>,
    done: bool,
}

impl Reading {
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

const CSV_HEAD: &[u8] =
    b"id,event_id,account_id,user_id,event_type,signal_type,signal_score,timestamp,processed_at,\
    received_at,model,source,external_id,metadata\r\n";

fn csv_line(lines: &mut Vec<u8>, signal: &Signal) {
    let stored = &signal.recorded;
    let event = &stored.accepted.event;
    let text = |part: Option<&str>| csv_field(part.unwrap_or_default());
    let mut line = String::with_capacity(512);
    // Numbers, ids and instants of ours have nothing to be quoted. Writing to a string cannot fail.
    let _ = writeln!(
        line,
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\r",
        signal.id,
        stored.accepted.event_id,
        csv_field(event.account_id.as_str()),
        csv_field(event.user_id.as_str()),
        csv_field(event.event_type.as_str()),
        csv_field(stored.signal_type.as_str()),
        stored.score,
        event.timestamp,
        stored.processed_at,
        stored.accepted.received_at,
        stored.model,
        text(event.source.as_ref().map(sspp_core::Source::as_str)),
        text(event.external_id.as_ref().map(sspp_core::ExternalId::as_str)),
        csv_field(event.metadata.as_str()),
    );
    lines.extend_from_slice(line.as_bytes());
}

/// A field by RFC 4180; what a spreadsheet would take for a formula begins with an apostrophe.
fn csv_field(text: &str) -> String {
    // The wide ones are what a Japanese or Chinese spreadsheet takes for the narrow ones.
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let apostrophe = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{apostrophe}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_have_to_be() {
        for (text, field) in [
            ("acc_1", "acc_1"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("a\r\nb", "\"a\r\nb\""),
            (" a", "\" a\""),
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("＝1+1", "\"'＝1+1\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(csv_field(text), field);
        }
    }
}
