//! The events of one `send`: the verdicts that they have already, and those that go to the server.

use std::sync::Arc;

use sspp_events::EventId;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::encode::Encoded;
use crate::error::Error;
use crate::outcome::{Outcome, Verdict};
use crate::settings::Settings;

/// Events by their places in the call.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    ids: Vec<EventId>,
    verdicts: Vec<Option<Verdict>>,
    sendable: Vec<(usize, Encoded)>,
}

impl Sending {
    /// Adds an event that goes to the server.
    pub(crate) fn add(&mut self, event: Encoded) {
        self.ids.push(event.id);
        self.sendable.push((self.verdicts.len(), event));
        self.verdicts.push(None);
    }

    /// Adds an event that has its verdict.
    pub(crate) fn add_settled(&mut self, id: EventId, verdict: Verdict) {
        self.ids.push(id);
        self.verdicts.push(Some(verdict));
    }

    /// What goes to the server.
    pub(crate) fn take(&mut self) -> Vec<(usize, Encoded)> {
        std::mem::take(&mut self.sendable)
    }

    /// The same, by batches.
    pub(crate) fn batches(&mut self, settings: &Settings) -> Vec<Vec<(usize, Encoded)>> {
        let mut batches: Vec<Vec<(usize, Encoded)>> = Vec::new();
        let mut bytes = 0;
        for (place, event) in self.take() {
            bytes += event.json.len();
            match batches.last_mut() {
                Some(batch) if batch.len() < settings.batch_events && bytes <= settings.batch_bytes => {
                    batch.push((place, event));
                }
                _ => {
                    bytes = event.json.len();
                    batches.push(vec![(place, event)]);
                }
            }
        }
        batches
    }

    /// Takes the answers that have come.
    pub(crate) fn settle(&mut self, answers: &mut UnboundedReceiver<(usize, Verdict)>) {
        while let Ok((place, verdict)) = answers.try_recv() {
            self.verdicts[place] = Some(verdict);
        }
    }

    /// What became of each. An error for the call only where no event got a verdict.
    pub(crate) fn outcomes(self) -> Result<Vec<Outcome>, Error> {
        let judged = |verdict: &Option<Verdict>| !matches!(verdict, None | Some(Verdict::NotSent { .. }));
        let heard = self.verdicts.is_empty() || self.verdicts.iter().any(judged);
        let outcome = |(event_id, verdict): (EventId, Option<Verdict>)| {
            let verdict = verdict.unwrap_or_else(|| Verdict::NotSent { error: Arc::new(Error::Closed) });
            Outcome { event_id, verdict }
        };
        let outcomes: Vec<Outcome> = self.ids.into_iter().zip(self.verdicts).map(outcome).collect();
        if heard {
            return Ok(outcomes);
        }
        let mut error = Arc::new(Error::Closed);
        for outcome in outcomes {
            if let Verdict::NotSent { error: last } = outcome.verdict {
                error = last;
            }
        }
        Err((*error).clone())
    }
}
