//! From rows to verdicts, a batch at a time.

use indicatif::ProgressBar;
use sspp_client::{Client, Verdict};
use sspp_core::Event;

use super::checkpoint::{Checkpoint, Counts};
use super::rejects::Rejects;
use super::rows::{self, Members, Original, Row, Rows};
use crate::args::Import;
use crate::failure::Failure;

/// What a batch needs on its way.
pub(crate) struct Delivery<'a> {
    pub(crate) task: &'a Import,
    pub(crate) client: &'a Client,
    pub(crate) rejects: Rejects,
    pub(crate) bar: ProgressBar,
}

/// Rows that are checked: events, or reasons.
pub(crate) type Batch = Vec<(Result<Event, String>, Original)>;

impl Delivery<'_> {
    /// Reads and checks the next batch.
    pub(crate) fn gather(&self, rows: &mut Rows, checkpoint: &Checkpoint) -> Result<Option<Batch>, Failure> {
        let mut batch = Vec::new();
        while batch.len() < usize::from(self.task.batch) {
            let Some(Row { members, original }) = rows.next()? else { break };
            let number = checkpoint.rows + batch.len() as u64 + 1;
            let event = members.and_then(|members| self.event(members, &checkpoint.import_id, number));
            batch.push((event, original));
        }
        self.bar.set_position(rows.at());
        self.bar.set_message(format!("{} rows", checkpoint.rows));
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn event(&self, mut members: Members, import: &str, number: u64) -> Result<Event, String> {
        // The same for the same row of the same import, however often it is interrupted.
        members.event_id.get_or_insert_with(|| format!("import-{import}-{number}"));
        members.source = members.source.or_else(|| self.task.source.clone());
        members.build()
    }

    /// Sends what is good, and writes down what is not.
    pub(crate) async fn deliver(&mut self, batch: Batch) -> Result<Counts, Failure> {
        let mut counts = Counts::default();
        let events: Vec<_> = batch.iter().filter_map(|(event, _)| event.as_ref().ok().cloned()).collect();
        let outcomes =
            if self.task.dry_run || events.is_empty() { None } else { Some(self.client.send(events).await?) };
        let mut outcomes = outcomes.map(Vec::into_iter);
        let mut rejected = Vec::new();
        for (event, original) in &batch {
            let verdict = match (event, outcomes.as_mut()) {
                (Err(reason), _) => Err(reason.clone()),
                (Ok(_), None) => Ok(()),
                (Ok(_), Some(outcomes)) => match outcomes.next().map(|outcome| outcome.verdict) {
                    Some(Verdict::Accepted { .. }) => Ok(()),
                    Some(Verdict::Rejected { errors }) => Err(rows::sentences(errors.iter())),
                    Some(Verdict::NotSent { error }) => return Err(Failure::from(&*error)),
                    _ => return Err(Failure::wrong("the server left an event without a verdict")),
                },
            };
            match verdict {
                Ok(()) => counts.accepted += 1,
                Err(reason) => rejected.push((original, reason)),
            }
        }
        for (original, reason) in rejected {
            counts.rejected += 1;
            self.rejects.add(original, &reason)?;
        }
        Ok(counts)
    }
}
