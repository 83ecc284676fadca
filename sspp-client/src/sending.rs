//! The events of one `send`: the verdicts that they have already, and those that go to the server.

use std::collections::VecDeque;
use std::sync::Arc;

use sspp_events::{Event, EventId};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::batch::{Answer, Batch, Origin};
use crate::core::{Core, UnderWay};
use crate::delivery::deliver;
use crate::encode::Encoded;
use crate::error::Error;
use crate::event::SalesEvent;
use crate::outcome::{Outcome, Verdict};
use crate::settings::Settings;
use crate::stats::DropReason;

/// What is known of an event.
#[derive(Debug)]
enum Known {
    Settled(Verdict),
    /// It goes to the server, or did not arrive for a reason.
    Open(Box<SalesEvent>, Option<Arc<Error>>),
}

/// Events by their places in the call.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    events: Vec<(EventId, Known)>,
    sendable: Vec<(usize, Encoded)>,
}

impl Sending {
    /// Adds an event that goes to the server.
    pub(crate) fn add(&mut self, event: Event, encoded: Encoded) {
        let id = encoded.id;
        self.sendable.push((self.events.len(), encoded));
        self.events.push((id, Known::Open(SalesEvent::known_by(event, id).into(), None)));
    }

    /// Adds an event that has its verdict.
    pub(crate) fn add_settled(&mut self, id: EventId, verdict: Verdict) {
        self.events.push((id, Known::Settled(verdict)));
    }

    /// What goes to the server.
    pub(crate) fn take(&mut self) -> Vec<(usize, Encoded)> {
        std::mem::take(&mut self.sendable)
    }

    /// The same, on its way.
    pub(crate) fn load(
        &mut self,
        core: &Arc<Core>,
        answers: &UnboundedSender<Answer>,
        under_way: UnderWay,
    ) -> Load {
        let batch = |events| Batch::new(Arc::clone(core), Origin::Caller(answers.clone()), events);
        Load { batches: self.batches(&core.settings).into_iter().map(batch).collect(), _under_way: under_way }
    }

    fn batches(&mut self, settings: &Settings) -> Vec<Vec<(usize, Encoded)>> {
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
    pub(crate) fn settle(&mut self, answers: &mut UnboundedReceiver<Answer>) {
        while let Ok((place, answer)) = answers.try_recv() {
            match (answer, &mut self.events[place].1) {
                (Ok(verdict), known) => *known = Known::Settled(verdict),
                (Err(error), Known::Open(_, why)) => *why = Some(error),
                (Err(_), Known::Settled(_)) => {}
            }
        }
    }

    /// What became of each. Of what is not answered, `otherwise` is the reason.
    pub(crate) fn outcomes(self, otherwise: Error) -> Vec<Outcome> {
        let otherwise = Arc::new(otherwise);
        let outcome = |(event_id, known)| {
            let verdict = match known {
                Known::Settled(verdict) => verdict,
                Known::Open(event, why) => {
                    Verdict::NotSent { error: why.unwrap_or_else(|| Arc::clone(&otherwise)), event }
                }
            };
            Outcome { event_id, verdict }
        };
        self.events.into_iter().map(outcome).collect()
    }
}

/// The batches of one `send`. The end of the client waits until they are gone, and counted.
#[derive(Debug)]
pub(crate) struct Load {
    batches: VecDeque<Batch>,
    // After the batches, as it is dropped after them.
    _under_way: UnderWay,
}

impl Load {
    /// Sends one after the other. Once one has spent its retries, the rest is given up.
    pub(crate) async fn deliver(mut self) -> Result<(), Error> {
        while let Some(batch) = self.batches.pop_front() {
            let core = Arc::clone(batch.core());
            let spent = tokio::select! {
                spent = deliver(batch, |_| {}) => spent,
                () = core.over() => break,
            };
            if let Some(error) = spent {
                for mut batch in self.batches.drain(..) {
                    batch.give_up(DropReason::RetriesSpent, &error);
                }
            }
        }
        Ok(())
    }
}
