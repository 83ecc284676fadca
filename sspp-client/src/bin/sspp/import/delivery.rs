//! From rows to verdicts, a batch at a time.

use indicatif::ProgressBar;
use sspp_client::{Client, Outcome, Verdict};
use sspp_events::{Event, ExternalId, Source, Timestamp, Violation, parse_unsent_event};

use super::arguments::Import;
use super::checkpoint::{Checkpoint, Counts};
use super::extent::{Extent, fingerprint};
use super::input::Original;
use super::rejects::Rejects;
use super::rows::{Row, Rows};
use crate::connection::{BUSY, told};
use crate::failure::Failure;
use crate::output::Output;

/// Bytes of rows that are held at once, about.
const BATCH_BYTES: usize = 4 * 1024 * 1024;
/// Of the rejected rows, so many are shown one by one.
const SHOWN: u64 = 5;

/// What a batch needs on its way.
pub(crate) struct Delivery<'a> {
    pub(crate) task: &'a Import,
    /// Of rows that name none.
    pub(crate) source: Option<Source>,
    /// None where nothing is sent.
    pub(crate) client: Option<&'a Client>,
    pub(crate) rejects: Rejects,
    pub(crate) output: &'a Output,
    pub(crate) bar: ProgressBar,
}

/// A row that is checked: an event, or a reason.
pub(crate) struct Checked {
    event: Result<Event, String>,
    event_id: String,
    made_id: bool,
    line: u64,
    original: Original,
}

/// Rows that are sent together, and the file up to the last of them.
pub(crate) struct Batch {
    rows: Vec<Checked>,
    file: Extent,
}

impl Batch {
    /// Whether a row would have another id when it is imported anew.
    pub(crate) fn has_made_ids(&self) -> bool {
        self.rows.iter().any(|row| row.made_id)
    }
}

impl Delivery<'_> {
    /// Reads and checks the next batch.
    pub(crate) fn gather(&self, rows: &mut Rows, checkpoint: &Checkpoint) -> Result<Option<Batch>, Failure> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < usize::from(self.task.batch) && bytes < BATCH_BYTES {
            let Some(row) = rows.next()? else { break };
            bytes += row.original.bytes.len();
            let number = checkpoint.rows + batch.len() as u64 + 1;
            batch.push(self.check(row, &checkpoint.import_id, number));
            if rows.is_awaited() {
                break;
            }
        }
        self.bar.set_message(format!("{} rows", checkpoint.rows));
        self.bar.set_position(rows.at());
        Ok((!batch.is_empty()).then(|| Batch { rows: batch, file: rows.taken() }))
    }

    fn check(&self, row: Row, import: &str, number: u64) -> Checked {
        // The same for the same row of the same import, however often it is interrupted; another row in its place has another.
        let made = || format!("import-{import}-{number}-{}", fingerprint(row.original.without_line_end()));
        let mut made_id = row.given_id.is_none();
        let event_id = row.given_id.unwrap_or_else(made);
        let event = row.event.and_then(|json| {
            let mut event = judge(&json, self.task.dry_run.then(crate::event_arguments::now))?;
            if event.external_id.is_none() {
                let id =
                    ExternalId::new(event_id.clone()).map_err(|fault| format!("importEventId {fault}"))?;
                event.external_id = Some(id);
            } else {
                made_id = false;
            }
            event.source = event.source.or_else(|| self.source.clone());
            Ok(event)
        });
        Checked { event, event_id, made_id, line: row.line, original: row.original }
    }

    /// Sends what is good. A failure where the server said nothing of any row.
    pub(crate) async fn send(&self, batch: &Batch) -> Result<Vec<Outcome>, Failure> {
        let events: Vec<_> = batch.rows.iter().filter_map(|row| row.event.as_ref().ok().cloned()).collect();
        let outcomes = match self.client {
            Some(client) if !events.is_empty() => told(client.send(events), || self.note(BUSY)).await?,
            _ => return Ok(Vec::new()),
        };
        let unheard = |outcome: &Outcome| matches!(outcome.verdict, Verdict::NotSent { .. });
        match outcomes.first().map(|outcome| &outcome.verdict) {
            Some(Verdict::NotSent { error, .. }) if outcomes.iter().all(unheard) => {
                Err(Failure::from(&**error))
            }
            _ => Ok(outcomes),
        }
    }

    /// Writes down what is not good, and what is done.
    pub(crate) fn settle(
        &mut self,
        batch: Batch,
        outcomes: Vec<Outcome>,
        checkpoint: &mut Checkpoint,
    ) -> Result<(), Failure> {
        let mut outcomes = outcomes.into_iter();
        let mut rejected = Vec::new();
        for row in &batch.rows {
            match &row.event {
                Err(reason) => rejected.push((row, reason.clone())),
                Ok(_) if self.task.dry_run => {}
                Ok(_) => match outcomes.next().map(|outcome| outcome.verdict) {
                    Some(Verdict::Accepted) => {}
                    Some(Verdict::Rejected { errors }) => rejected.push((row, sentences(errors.iter()))),
                    Some(Verdict::NotSent { error, .. }) => return Err(Failure::from(&*error)),
                    _ => return Err(Failure::wrong("the server left an event without a verdict")),
                },
            }
        }
        let counts =
            Counts { accepted: (batch.rows.len() - rejected.len()) as u64, rejected: rejected.len() as u64 };
        for (number, (row, reason)) in (checkpoint.rejected + 1..).zip(rejected) {
            let reason = format!("line {}: {reason}", row.line);
            match number {
                _ if self.rejects.path().is_none() => self.bar.suspend(|| self.output.fault(&reason)),
                ..=SHOWN => self.note(&reason),
                number if number == SHOWN + 1 => self.note("more rows were rejected: the file has them"),
                _ => {}
            }
            self.rejects.add(&row.original, &row.event_id, &reason)?;
        }
        // A checkpoint knows only rejects that are on disk.
        self.rejects.sync()?;
        checkpoint.add(counts, batch.file, self.rejects.written());
        Ok(())
    }

    /// A note beside the bar, not in it.
    pub(crate) fn note(&self, text: &str) {
        self.bar.suspend(|| self.output.note(text));
    }
}

/// The verdict on an event's JSON before it is sent, by the server's own parser. The event types and, without `now`, the future are
/// left to the server.
pub(crate) fn judge(json: &[u8], now: Option<Timestamp>) -> Result<Event, String> {
    parse_unsent_event(json, now).map_err(|fault| fault.into_violations().to_string())
}

/// Everything that is wrong, in one line.
pub(crate) fn sentences<'a>(violations: impl Iterator<Item = &'a Violation>) -> String {
    violations.map(|violation| violation.detail.as_str()).collect::<Vec<_>>().join("; ")
}
