//! Rows into requests, and answers into verdicts.

use indicatif::ProgressBar;
use sspp_client::{Client, Outcome, Verdict};
use sspp_events::{Event, ExternalId, Source, Timestamp, Violation, parse_unsent_event};
use sspp_import::{ImportError, Position, Row, Target};

use super::advice::Advice;
use crate::connection::{BUSY, patiently};
use crate::event_arguments::now;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::output::Output;

/// Of the rejected rows, so many are shown one by one.
const SHOWN: u64 = 5;

/// Sends events to the server, and shows a person how it goes.
pub(crate) struct Delivery<'a> {
    /// Of rows that name none.
    pub(crate) source: Option<Source>,
    /// None where nothing is sent.
    pub(crate) client: Option<&'a Client>,
    /// Whether a file keeps the rejected rows.
    pub(crate) keeps_rejects: bool,
    pub(crate) output: &'a Output,
    pub(crate) bar: &'a ProgressBar,
    pub(crate) advice: Advice,
    pub(crate) interrupt: Interrupt,
    /// Whether a row would have another id when it is imported again.
    pub(crate) has_made_ids: bool,
}

impl Target for Delivery<'_> {
    type Item = Event;
    type Error = Failure;

    fn read(&mut self, row: &Row, made_id: &dyn Fn() -> String) -> Result<Event, String> {
        let json = row.event.as_ref().map_err(Clone::clone)?;
        let mut event = judge(json, self.client.is_none().then(now))?;
        if event.external_id.is_none() {
            let id = ExternalId::new(made_id()).map_err(|fault| format!("importEventId {fault}"))?;
            event.external_id = Some(id);
            self.has_made_ids |= row.given_id.is_none();
        }
        event.source = event.source.or_else(|| self.source.clone());
        Ok(event)
    }

    async fn put(&mut self, events: Vec<Event>) -> Result<Vec<Result<(), String>>, Failure> {
        let Some(client) = self.client else { return Ok(vec![Ok(()); events.len()]) };
        let outcomes = patiently(client.send(events), || self.note(BUSY)).await?;
        outcomes.into_iter().map(verdict).collect()
    }

    fn rejected(&mut self, count: u64, reason: &str) {
        match count {
            _ if !self.keeps_rejects => self.bar.suspend(|| self.output.fault(reason)),
            ..=SHOWN => self.note(reason),
            count if count == SHOWN + 1 => self.note("more rows were rejected: see the file"),
            _ => {}
        }
    }

    fn progress(&mut self, position: Position) {
        self.bar.set_message(format!("{} rows", position.rows));
        self.bar.set_position(position.bytes);
    }

    /// A note beside the bar, not in it.
    fn note(&self, text: &str) {
        self.bar.suspend(|| self.output.note(text));
    }

    fn commit(
        &mut self,
        position: Option<Position>,
        work: impl FnOnce() -> Result<(), ImportError>,
    ) -> Result<(), Failure> {
        self.interrupt.whole(|farewell| {
            work()?;
            farewell.words = position.map_or_else(String::new, |position| self.advice.stopped(position.rows));
            Ok(())
        })
    }

    fn stopped(&self, error: Failure, position: Position) -> Failure {
        error.and(&self.advice.failed(position.rows))
    }

    fn is_refused(&self, error: &Failure) -> bool {
        error.code() == 4
    }
}

/// What the server said of an event. An event that was not sent ends the import: the batch is sent again when it continues.
fn verdict(outcome: Outcome) -> Result<Result<(), String>, Failure> {
    match outcome.verdict {
        Verdict::Accepted | Verdict::DeadLetter { .. } => Ok(Ok(())),
        Verdict::Rejected { errors } => Ok(Err(sentences(errors.iter()))),
        Verdict::NotSent { error, .. } => Err(Failure::from(&*error)),
        _ => Err(Failure::new("the server left an event without a verdict")),
    }
}

/// The verdict on an event's JSON before it is sent, by the server's own parser. The event types and, without `now`, the future are
/// left to the server.
pub(crate) fn judge(json: &[u8], now: Option<Timestamp>) -> Result<Event, String> {
    parse_unsent_event(json, now).map_err(|fault| fault.into_violations().to_string())
}

/// All faults, in one line.
pub(crate) fn sentences<'a>(violations: impl Iterator<Item = &'a Violation>) -> String {
    violations.map(|violation| violation.detail.as_str()).collect::<Vec<_>>().join("; ")
}
