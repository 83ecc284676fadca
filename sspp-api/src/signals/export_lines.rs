//! Exported signals: the lines of NDJSON, which import again, and the answer that streams them.

use std::sync::Arc;

use poem::http::header::CONTENT_DISPOSITION;
use poem::{Body, Response};
use poem_openapi::registry::MetaSchema;
use serde::Serialize;
use sspp_core::{AcceptedEvent, ModelRecord, Signal};

use crate::events::StatedEvent;
use crate::http::schema::{Instant, inline};
use crate::http::{Answer, Documentation, Problem, header, media};

/// A signal as a line of an export.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignalLine {
    /// Always `signal`.
    kind: &'static str,
    /// The event's id: imported again it is the same event.
    event_id: String,
    #[serde(flatten)]
    event: StatedEvent,
    /// When the event was received.
    received_at: Instant,
    /// The signal type.
    signal_type: String,
    /// The score, with two decimals.
    signal_score: f64,
    /// SHA-256 of the scoring model that scored it.
    model: String,
    /// When it was scored.
    processed_at: Instant,
}

impl From<Signal> for SignalLine {
    fn from(signal: Signal) -> Self {
        let stored = signal.recorded;
        let AcceptedEvent { event_id, received_at, event } = Arc::unwrap_or_clone(stored.accepted);
        Self {
            kind: "signal",
            event_id: event_id.to_string(),
            event: event.into(),
            received_at: Instant(received_at),
            signal_type: stored.signal_type.into(),
            signal_score: stored.score.to_f64(),
            model: stored.model.to_string(),
            processed_at: Instant(stored.processed_at),
        }
    }
}

/// A scoring model as a line of an export, before the first signal that it scored.
#[derive(Debug, Serialize)]
pub(crate) struct ModelLine {
    /// Always `model`.
    kind: &'static str,
    /// SHA-256 of the document.
    digest: String,
    /// Its name.
    name: String,
    /// Its version.
    version: u32,
    /// The model as canonical JSON.
    document: String,
}

impl From<ModelRecord> for ModelLine {
    fn from(model: ModelRecord) -> Self {
        Self {
            kind: "model",
            digest: model.digest.to_string(),
            name: model.name,
            version: model.version,
            document: model.document,
        }
    }
}

/// In which form signals are exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExportFormat {
    Csv,
    Ndjson,
}

const NDJSON: &str = "application/x-ndjson";

/// A stream of signals.
#[derive(Debug)]
pub(crate) struct ExportAnswer {
    pub(crate) format: ExportFormat,
    pub(crate) body: Body,
}

impl Answer for ExportAnswer {
    fn document(to: &mut Documentation) {
        let description = "All signals of the filter, streamed. A stream that breaks off is not complete.";
        // A file to its reader: no generator of clients knows a stream of JSON.
        let file = inline(MetaSchema::new_with_format("string", "binary"));
        let content = vec![media(NDJSON, file), media("text/csv", inline(MetaSchema::new("string")))];
        let answer = to.answer_of(200, description, content);
        answer.headers.push(header("Content-Disposition", "A name for the file", "string"));
    }

    fn respond(self) -> Result<Response, Problem> {
        let (content_type, file) = match self.format {
            ExportFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"signals.csv\""),
            ExportFormat::Ndjson => (NDJSON, "attachment; filename=\"signals.ndjson\""),
        };
        let response = Response::builder().content_type(content_type).header(CONTENT_DISPOSITION, file);
        Ok(response.body(self.body))
    }
}
