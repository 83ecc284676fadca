//! Exports: every signal of a query, streamed and never held as a whole.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt as _, TryStreamExt as _, empty};

use super::SignalQuery;
use super::steps::{Lasting, Steps};
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;
use crate::transport::{AnswerStream, TransportError};

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

/// An export as it arrives: bytes, or signals. One that breaks off ends with [`Error::BrokenOff`], so an end without an error is the end
/// of all that was asked for.
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
///
/// let mut signals = client.export_signals(&SignalQuery::default().account("acc_1")).await?;
/// while let Some(signal) = signals.try_next().await? {
///     println!("{} {}", signal.event_id, signal.signal_score);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "an export is read as it arrives"]
pub struct Export<T>(pub(super) BoxStream<'static, Result<T, Error>>);

impl<T> Export<T> {
    /// What comes next: bytes as they arrive, not line by line; or a signal. `None` at the end of the export.
    ///
    /// # Errors
    /// [`Error::BrokenOff`] where the export ends too early: what was read is not all. After an error the same comes again and again.
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        self.0.try_next().await
    }
}

impl<T> Stream for Export<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl<T> fmt::Debug for Export<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Export").finish_non_exhaustive()
    }
}

impl Client {
    /// Exports the signals of a query, without an order of its own: every one that is stored when this is called, each once.
    ///
    /// The request's time limit holds for the beginning of the answer and between its parts, not for the whole.
    ///
    /// # Errors
    /// What the request failed with. [`Error::Request`] where the query has an order or a cursor, which exports do not take.
    pub async fn export(&self, query: &SignalQuery, format: ExportFormat) -> Result<Export<Bytes>, Error> {
        let mut parameters = query.0.clone();
        parameters.unset("limit");
        parameters.refuse(
            &["sortBy", "sortOrder", "cursor"],
            "cannot be used with exports, which have no order: leave it out",
        );
        parameters.set_unchecked("format", format.as_str());
        let path = format!("/signals/export{}", parameters.query()?.as_str());
        let call = Call::get(path).accepting(format.media_type());
        let answer = self.with_api(|outbox| async move { outbox.api.open(call).await }).await?;
        let reading = Reading { client: self.clone(), answer, bytes: 0, whole: true };
        Ok(Export(Lasting::new(reading).into_items()))
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

impl Steps for Reading {
    type Item = Bytes;

    async fn step(&mut self) -> Result<Option<Bytes>, Error> {
        let mut answer = std::mem::replace(&mut self.answer, empty().boxed());
        // On the client's own thread, which has a clock: the caller's may have none.
        let read = self.client.with_api(|outbox| async move {
            let part = outbox.api.part(&mut answer).await;
            Ok((part, answer))
        });
        let (part, answer) = read.await?;
        self.answer = answer;
        match part {
            Ok(Some(part)) => {
                self.bytes += part.len() as u64;
                self.whole = part.last().map_or(self.whole, |last| *last == b'\n');
                Ok(Some(part))
            }
            Ok(None) if self.whole => Ok(None),
            Ok(None) => Err(broken_off(self.bytes, TransportError::cut("the last line is not whole"))),
            Err(error) => Err(broken_off(self.bytes, error)),
        }
    }
}

fn broken_off(bytes: u64, cause: TransportError) -> Error {
    Error::BrokenOff { bytes, cause }
}
