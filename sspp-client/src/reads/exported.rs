//! Exported signals as values, read line by line.

use bytes::{Buf as _, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use sspp_events::{
    AccountId, EventId, EventType, ExternalId, Metadata, ModelDigest, SignalType, Source, Timestamp, UserId,
};

use super::SignalQuery;
use super::export::{Export, ExportFormat};
use super::steps::{Lasting, Steps};
use crate::client::Client;
use crate::errors::Error;

/// More than any line of an export has: a line beyond it is not the server's.
const LONGEST_LINE: usize = 16 << 20;

/// A signal as an export has it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExportedSignal {
    /// The event's id.
    pub event_id: EventId,
    /// The account it is about.
    pub account_id: AccountId,
    /// The person it is about.
    pub user_id: UserId,
    /// The event type.
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
    /// The signal type.
    pub signal_type: SignalType,
    /// The score: two decimals.
    pub signal_score: f64,
    /// SHA-256 of the scoring model that scored it.
    pub model: ModelDigest,
    /// When it was scored.
    pub processed_at: Timestamp,
    /// What else the producer said, with its numbers as they were written.
    pub metadata: Metadata,
}

impl Client {
    /// Exports the signals of a query as values, as [`export`](Self::export) does as text.
    ///
    /// # Errors
    /// As [`export`](Self::export).
    pub async fn export_signals(&self, query: &SignalQuery) -> Result<Export<ExportedSignal>, Error> {
        let export = self.export(query, ExportFormat::Ndjson).await?;
        let lines = Lines { export, held: BytesMut::new(), looked_at: 0 };
        Ok(Export(Lasting::new(lines).into_items()))
    }
}

/// The lines of an export.
struct Lines {
    export: Export<Bytes>,
    held: BytesMut,
    /// How much of what is held has no end of a line.
    looked_at: usize,
}

#[derive(Deserialize)]
struct Line<'l> {
    #[serde(borrow)]
    kind: std::borrow::Cow<'l, str>,
}

impl Steps for Lines {
    type Item = ExportedSignal;

    async fn step(&mut self) -> Result<Option<ExportedSignal>, Error> {
        while let Some(line) = self.next().await? {
            // Lines of other kinds, such as scoring models, are not signals.
            if serde_json::from_slice::<Line<'_>>(&line)?.kind == "signal" {
                return Ok(Some(serde_json::from_slice(&line)?));
            }
        }
        Ok(None)
    }
}

impl Lines {
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
                return Err(Error::answer("a line of the export is longer than the limit"));
            }
            match self.export.try_next().await? {
                Some(part) => self.held.extend_from_slice(&part),
                // An export that does not end with a line is an error of its own.
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, cuts: &[usize]) -> Result<Vec<String>, Error> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let part = |range: &[usize]| Ok(Bytes::copy_from_slice(&text.as_bytes()[range[0]..range[1]]));
        let parts: Vec<Result<Bytes, Error>> = places.windows(2).map(part).collect();
        let lines =
            Lines { export: Export(stream::iter(parts).boxed()), held: BytesMut::new(), looked_at: 0 };
        let signals = lines.into_items().map_ok(|signal| signal.metadata.as_str().to_owned());
        futures_util::FutureExt::now_or_never(signals.try_collect()).unwrap_or_else(|| Ok(Vec::new()))
    }

    fn line(number: usize) -> String {
        let line = serde_json::json!({"kind": "signal", "eventId": "0197d3c5-5c00-7000-8000-000000000001", "accountId": "ä",
            "userId": "u", "eventType": "call_made", "timestamp": "2026-01-01T00:00:00.000Z", "receivedAt": "2026-01-01T00:00:00.000Z",
            "signalType": "outreach", "signalScore": 0.5, "model": "ab".repeat(32), "processedAt": "2026-01-01T00:00:00.000Z",
            "metadata": {"n": number}});
        format!("{{\"kind\":\"model\",\"name\":\"m\"}}\n{line}\n")
    }

    proptest! {
        /// However an export is cut on its way, its signals are the same.
        #[test]
        fn cuts_change_nothing(signals in 0_usize..5, cuts in proptest::collection::vec(any::<usize>(), 0..20)) {
            let text: String = (0..signals).map(line).collect();
            let expected: Vec<_> = (0..signals).map(|number| format!("{{\"n\":{number}}}")).collect();
            prop_assert_eq!(read(&text, &cuts).unwrap(), expected);
        }

        /// What is not a line of an export is an error, and never a panic.
        #[test]
        fn what_is_no_export_is_an_error(text in "[ -~]{1,200}", cuts in proptest::collection::vec(any::<usize>(), 0..20)) {
            let read = read(&(text + "\n"), &cuts);
            prop_assert!(matches!(read, Err(Error::Answer(_))));
        }
    }
}
