//! Exports: every signal of a query, streamed and never held as a whole.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _, try_unfold};
use serde::{Deserialize, Serialize};
use sspp_core::{
    AccountId, EventId, EventType, ExternalId, Metadata, ModelDigest, SignalType, Source, Timestamp, UserId,
};

use super::SignalQuery;
use crate::api::Call;
use crate::client::Client;
use crate::error::Error;
use crate::transport::{AnswerStream, TransportError};

/// More than any line of an export has: a line beyond it is not the server's.
const LONGEST_LINE: usize = 16 << 20;

/// In which form signals are exported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExportFormat {
    /// JSON, a line each, which `sspp-api import` takes: signals, and the scoring models that scored them.
    #[default]
    Ndjson,
    /// For spreadsheets: RFC 4180, with a line of headings.
    Csv,
}

impl ExportFormat {
    /// The name as the API writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv",
        }
    }
}

/// An export as it arrives. One that breaks off ends with [`Error::BrokenOff`], so an end without an error is the end of all that was
/// asked for.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::io::Write as _;
/// use sspp_client::{ExportFormat, SignalQuery};
///
/// let mut file = std::fs::File::create("signals.csv")?;
/// let mut export = client.export(&SignalQuery::default(), ExportFormat::Csv).await?;
/// while let Some(bytes) = export.try_next().await? {
///     file.write_all(&bytes)?;
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "an export is read as it arrives"]
pub struct Export(BoxStream<'static, Result<Bytes, Error>>);

/// The signals of an export as they arrive, as values.
///
/// ```no_run
/// # async fn run(client: sspp_client::Client) -> Result<(), sspp_client::Error> {
/// use sspp_client::SignalQuery;
///
/// let mut signals = client.export_signals(&SignalQuery::default().account("acc_1")).await?;
/// while let Some(signal) = signals.try_next().await? {
///     println!("{} {}", signal.event_id, signal.signal_score);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "an export is read as it arrives"]
pub struct ExportedSignals(BoxStream<'static, Result<ExportedSignal, Error>>);

/// A signal as an export has it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExportedSignal {
    /// By which the event is known.
    pub event_id: EventId,
    /// The account it is about.
    pub account_id: AccountId,
    /// The person it is about.
    pub user_id: UserId,
    /// What happened.
    pub event_type: EventType,
    /// When it happened.
    pub timestamp: Timestamp,
    /// When the event was received.
    pub received_at: Timestamp,
    /// The system it came from, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The producer's own id for it, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
    /// What that tells.
    pub signal_type: SignalType,
    /// What it is worth: two decimals.
    pub signal_score: f64,
    /// SHA-256 of the scoring model that scored it.
    pub model: ModelDigest,
    /// When it was scored.
    pub processed_at: Timestamp,
    /// What else the producer said, with its numbers as they were written.
    pub metadata: Metadata,
}

macro_rules! streams {
    ($($name:ident: $item:ty, $what:literal;)*) => {$(
        impl $name {
            #[doc = concat!("The next ", $what, "; `None` at the end of the export.")]
            ///
            /// # Errors
            /// [`Error::BrokenOff`] where the export ends too early: what was read is not all. Nothing comes after an error.
            pub async fn try_next(&mut self) -> Result<Option<$item>, Error> {
                self.0.try_next().await
            }
        }

        impl Stream for $name {
            type Item = Result<$item, Error>;

            fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
                self.0.poll_next_unpin(context)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

streams! {
    Export: Bytes, "bytes, as they arrive: not line by line";
    ExportedSignals: ExportedSignal, "signal";
}

impl Client {
    /// Exports the signals of a query, without an order of its own: every one that is stored when this is called, each once.
    ///
    /// The request's time limit holds for the beginning of the answer and between its parts, not for the whole.
    ///
    /// # Errors
    /// What asking for it failed with: also where the query has an order or a cursor, which exports do not take.
    pub async fn export(&self, query: &SignalQuery, format: ExportFormat) -> Result<Export, Error> {
        let mut parameters = query.0.clone();
        parameters.unset("limit");
        parameters.set_valid("format", format.as_str());
        let path = format!("/signals/export{}", parameters.query()?.as_str());
        let call = Call::get(path).accepting(format.media_type());
        let answer = self.with_api(|core| async move { core.api.open(call).await }).await?;
        let reading = Reading { client: self.clone(), answer, bytes: 0, whole: true };
        Ok(Export(try_unfold(reading, Reading::next).boxed()))
    }

    /// Exports the signals of a query as values, as [`export`](Self::export) does as text.
    ///
    /// # Errors
    /// As [`export`](Self::export).
    pub async fn export_signals(&self, query: &SignalQuery) -> Result<ExportedSignals, Error> {
        let export = self.export(query, ExportFormat::Ndjson).await?;
        let lines = Lines { export, held: BytesMut::new(), looked_at: 0 };
        Ok(ExportedSignals(try_unfold(lines, Lines::next_signal).boxed()))
    }
}

/// An export on its way.
struct Reading {
    client: Client,
    answer: AnswerStream,
    bytes: u64,
    /// Whether what was read so far ends with a line.
    whole: bool,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Error> {
        let mut answer = self.answer;
        // On the client's own thread, which has a clock: the caller's may have none.
        let read = self.client.with_api(|core| async move {
            let part = core.api.part(&mut answer).await;
            Ok((part, answer))
        });
        let (part, answer) = read.await?;
        self.answer = answer;
        match part {
            Ok(Some(part)) => {
                self.bytes += part.len() as u64;
                self.whole = part.last().map_or(self.whole, |last| *last == b'\n');
                Ok(Some((part, self)))
            }
            Ok(None) if self.whole => Ok(None),
            Ok(None) => Err(broken_off(self.bytes, TransportError::cut("the last line is not whole"))),
            Err(error) => Err(broken_off(self.bytes, error)),
        }
    }
}

fn broken_off(bytes: u64, source: TransportError) -> Error {
    Error::BrokenOff { bytes, source }
}

/// The lines of an export.
struct Lines {
    export: Export,
    held: BytesMut,
    /// How much of what is held has no end of a line.
    looked_at: usize,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'l, str>,
}

impl Lines {
    async fn next_signal(mut self) -> Result<Option<(ExportedSignal, Self)>, Error> {
        while let Some(line) = self.next().await? {
            // Lines of other kinds, such as scoring models, are not signals.
            if serde_json::from_slice::<Line<'_>>(&line)?.kind == "signal" {
                return Ok(Some((serde_json::from_slice(&line)?, self)));
            }
        }
        Ok(None)
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some(end) = self.held[self.looked_at..].iter().position(|byte| *byte == b'\n') {
                let line = self.held.split_to(self.looked_at + end).freeze();
                self.held.advance(1);
                self.looked_at = 0;
                return Ok(Some(line));
            }
            self.looked_at = self.held.len();
            if self.held.len() > LONGEST_LINE {
                return Err(Error::answer("a line of the export is longer than any line of a server"));
            }
            match self.export.try_next().await? {
                Some(part) => self.held.extend_from_slice(&part),
                // An export that does not end with a line is an error of its own.
                None => return Ok(None),
            }
        }
    }
}
