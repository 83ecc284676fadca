//! Where an event is: a queue is asked before the store, since the other order could answer "unknown" for an event that finishes in
//! between. A signal is the last word: a job that still waits, such as a replay's, changes nothing any more.

use sspp_core::{DeadLetter, DeadLetterId, EventId, QueuedJob, Signal};

use crate::http::{Call, Problem};

/// What an event is at the moment.
#[derive(Debug)]
pub(crate) enum Found {
    Signal(Signal),
    Job(QueuedJob),
    DeadLetter(DeadLetter),
}

/// Looks for an event by its id.
pub(crate) async fn find(call: &Call, event_id: EventId) -> Result<Option<Found>, Problem> {
    let (state, store) = (&call.state, &call.state.ports.store);
    let job = match &state.ports.queue {
        Some(queue) => state.ask_queue(queue.job(event_id)).await?,
        None => None,
    };
    if let Some(signal) = state.ask_store(store.signal_of_event(event_id)).await? {
        return Ok(Some(Found::Signal(signal)));
    }
    if let Some(job) = job {
        return Ok(Some(Found::Job(job)));
    }
    let letter = state.ask_store(store.dead_letter(DeadLetterId::of_event(event_id))).await?;
    Ok(letter.map(Found::DeadLetter))
}
