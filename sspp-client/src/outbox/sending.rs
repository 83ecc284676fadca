//! The events of one `send`: the verdicts that they have already, and those that go to the server.

use std::collections::VecDeque;
use std::sync::Arc;

use sspp_events::{Event, EventId};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use super::batch::{Answer, Batch};
use super::delivery::deliver;
use super::engine::Outbox;
use super::intake::Ended;
use super::outcome::{Outcome, Verdict};
use super::stats::DropReason;
use crate::errors::Error;
use crate::event::{Checked, Encoded, SalesEvent};
use crate::settings::Settings;

/// A `send` that is under way: `close` waits for it.
#[derive(Debug)]
struct UnderWay(Arc<Outbox>);

impl UnderWay {
    fn begin(outbox: &Arc<Outbox>) -> Self {
        outbox.sends.send_modify(|sends| *sends += 1);
        Self(Arc::clone(outbox))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.sends.send_modify(|sends| *sends -= 1);
    }
}

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
    /// Checks events: those that go no further have their verdicts; `see` is shown the others.
    pub(crate) fn check(
        outbox: &Outbox,
        events: Vec<SalesEvent>,
        mut see: impl FnMut(&Event),
    ) -> Result<Self, Error> {
        if outbox.store.is_closed() {
            return Err(Error::Closed);
        }
        let mut sending = Self::default();
        for event in events {
            match outbox.take(event) {
                Ok(checked) => {
                    outbox.counters.emitted(1);
                    see(&checked.event);
                    sending.add(checked);
                }
                Err(Ended::Rejected(refused)) => {
                    let verdict = Verdict::Rejected { errors: refused.error.violations(0) };
                    sending.events.push((refused.id, Known::Settled(verdict)));
                }
                Err(Ended::Dropped { id, reason }) => {
                    sending.events.push((id, Known::Settled(Verdict::Dropped { reason })));
                }
            }
        }
        Ok(sending)
    }

    /// Checks events and sends them in batches: the answers, and the work.
    pub(crate) fn begin(
        outbox: &Arc<Outbox>,
        events: Vec<SalesEvent>,
    ) -> Result<(Self, UnboundedReceiver<Answer>, Deliveries), Error> {
        // Before it is asked whether the client is closed, so that its end waits for this.
        let under_way = UnderWay::begin(outbox);
        let mut sending = Self::check(outbox, events, |_| {})?;
        let (sender, answers) = mpsc::unbounded_channel();
        let batch = |events| Batch::sent(outbox, sender.clone(), events);
        let batches = sending.batches(&outbox.settings).into_iter().map(batch).collect();
        Ok((sending, answers, Deliveries { batches, _under_way: under_way }))
    }

    /// Adds an event that goes to the server.
    fn add(&mut self, Checked { id, event, encoded }: Checked) {
        self.sendable.push((self.events.len(), encoded));
        self.events.push((id, Known::Open(SalesEvent::known_by(event, id).into(), None)));
    }

    /// What goes to the server.
    pub(crate) fn take(&mut self) -> Vec<(usize, Encoded)> {
        std::mem::take(&mut self.sendable)
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

    /// What became of each. For an event without an answer, `otherwise` is the reason.
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
pub(crate) struct Deliveries {
    batches: VecDeque<Batch>,
    // After the batches, as it is dropped after them.
    _under_way: UnderWay,
}

impl Deliveries {
    /// Sends one after the other. Once one has spent its retries, the rest is given up.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        while let Some(batch) = self.batches.pop_front() {
            let outbox = Arc::clone(batch.outbox());
            let spent = tokio::select! {
                spent = deliver(batch, |_| {}) => spent,
                () = outbox.over() => break,
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
