//! Replay: a dead letter's event is given to intake again.

use std::time::Duration;

use crate::{
    DeadLetter, DeadLetterReason, DeadLetters, Envelope, EnvelopeFault, Intake, IntakeError, IntakeOutcome,
    NewJob, Recorded, Signals, StoreError,
};
use sspp_events::{DeadLetterId, EventId, SignalId};

/// What a replay did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replayed {
    /// The event is in the queue again. Its letter stays until a signal replaces it.
    Queued(EventId),
    /// The event is a signal now, which replaced the letter.
    Signal(SignalId),
    /// The event is a signal already: an earlier replay, or its producer, was quicker. Nothing was done.
    AlreadySignal(SignalId),
    /// The event failed again. This is its letter: the same, or one that says that its id belongs to other content.
    DeadLetter(DeadLetterId),
    /// The event's account or user was erased after it was received. Nothing was kept of it.
    Erased,
}

/// Why a dead letter was not replayed. Nothing was changed, unless intake failed: then the event may be taken all the
/// same, and replaying it again is safe.
///
/// ```
/// use sspp_core::{DeadLetterId, EventId, ReplayError};
/// let event: EventId = "0197d3c5-5c00-7000-8000-000000000001".parse().unwrap();
/// let error = ReplayError::NotFound { id: DeadLetterId::of_event(event) };
/// assert!(error.to_string().starts_with("there is no dead letter 0197d3c5-5c00-7000-8000-000000000001"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// No such letter.
    #[error("there is no dead letter {id}: it may have expired or become a signal")]
    NotFound {
        /// What was asked for.
        id: DeadLetterId,
    },
    /// The letter's event has the id of another event.
    #[error(
        "dead letter {id} cannot be replayed: its event id {event_id} belongs to an event with other content, so it would conflict again; send the event under another id"
    )]
    EventIdConflict {
        /// The letter.
        id: DeadLetterId,
        /// The id that is taken.
        event_id: EventId,
    },
    /// The payload is no envelope that this release can read.
    #[error("dead letter {id} cannot be replayed, since its event cannot be read: {fault}")]
    Undecodable {
        /// The letter.
        id: DeadLetterId,
        /// What is wrong with the payload.
        #[source]
        fault: EnvelopeFault,
    },
    /// The payload is an envelope, but not of this event.
    #[error("dead letter {id} of event {event_id} cannot be replayed: its payload is of event {holds}")]
    OtherEvent {
        /// The letter.
        id: DeadLetterId,
        /// The event it is about.
        event_id: EventId,
        /// The event in its payload.
        holds: EventId,
    },
    /// Nothing is taken at the moment.
    #[error("the event was not accepted; try again in {} seconds", retry_after.as_secs_f64())]
    Refused {
        /// When to try again.
        retry_after: Duration,
    },
    /// Intake failed: the queue, or the store.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Gives the event of a dead letter to intake again, under the same id, with the payload byte for byte, no attempt
/// spent, and the stamp that it got first: so an event that was erased stays erased.
///
/// The letter stays until the event's signal replaces it, so nothing is lost when the event fails again. Any number of
/// calls, one after the other or at once, make one signal: the store counts an id once.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::*;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let clock = Arc::new(SystemClock);
/// let (queue, store) = (Arc::new(MemoryEventQueue::new(clock.clone())), MemoryStore::new());
/// let now = Timestamp::from_datetime(clock.now());
/// let event = Event::builder("acc_1", "user_1", "call_made", "2024-12-21").build().unwrap();
/// let envelope = Envelope::new(event, clock.now(), &SystemRandom::new());
/// let letter = NewDeadLetter {
///     id: DeadLetterId::of_event(envelope.event_id),
///     event_id: envelope.event_id,
///     content: None,
///     payload: envelope.encode(),
///     reason: DeadLetterReason::AttemptsExhausted,
///     detail: "3 attempts failed".to_owned(),
///     attempts: 3,
///     enqueued_at: now,
///     died_at: now,
/// };
/// store.record(vec![Record::DeadLetter(letter.clone())]).await.unwrap();
/// let intake = Intake::queued(queue.clone(), clock, Arc::new(SystemRandom::new()));
/// let replayed = replay(&intake, &store, letter.id).await.unwrap();
/// assert_eq!(replayed, Replayed::Queued(letter.event_id));
/// assert_eq!(queue.depth().await.unwrap().waiting, 1);
/// # });
/// ```
pub async fn replay(
    intake: &Intake,
    store: &(impl DeadLetters + Signals + ?Sized),
    id: DeadLetterId,
) -> Result<Replayed, ReplayError> {
    let letter = store.dead_letter(id).await?;
    if let Some(letter) = &letter
        && letter.reason == DeadLetterReason::EventIdConflict
    {
        return Err(ReplayError::EventIdConflict { id, event_id: letter.event_id });
    }
    // An event's own letter has the event's id: by it the signal that replaced the letter is found.
    let event_id = letter.as_ref().map_or_else(|| EventId::from_uuid(id.as_uuid()), |letter| letter.event_id);
    if let Some(signal) = store.signal_of_event(event_id).await? {
        return Ok(Replayed::AlreadySignal(signal.id));
    }
    let job = job_of(letter.ok_or(ReplayError::NotFound { id })?)?;
    let outcomes = intake.again(vec![job]).await?;
    replayed(event_id, outcomes.first().copied())
}

/// Gives the events of many dead letters to intake again, as [`replay`] does with one, in one call; answers one
/// outcome a letter, in their order. The letters are to be as the store just gave them.
///
/// ```
/// use std::sync::Arc;
/// use sspp_core::{Intake, MemoryEventQueue, SystemClock, SystemRandom, replay_all};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let clock = Arc::new(SystemClock);
/// let queue = Arc::new(MemoryEventQueue::new(clock.clone()));
/// let intake = Intake::queued(queue, clock, Arc::new(SystemRandom::new()));
/// assert!(replay_all(&intake, Vec::new()).await.unwrap().is_empty());
/// # });
/// ```
pub async fn replay_all(
    intake: &Intake,
    letters: Vec<DeadLetter>,
) -> Result<Vec<Result<Replayed, ReplayError>>, IntakeError> {
    let jobs: Vec<Result<(Envelope, NewJob), ReplayError>> = letters.into_iter().map(job_of).collect();
    let wanted = jobs.iter().filter_map(|job| job.as_ref().ok().cloned()).collect();
    let mut outcomes = intake.again(wanted).await?.into_iter();
    Ok(jobs.into_iter().map(|job| replayed(job?.0.event_id, outcomes.next())).collect())
}

/// The job that a letter's event becomes, if it can become one.
fn job_of(letter: DeadLetter) -> Result<(Envelope, NewJob), ReplayError> {
    let DeadLetter { id, event_id, payload, reason, enqueued_at, .. } = letter;
    if reason == DeadLetterReason::EventIdConflict {
        return Err(ReplayError::EventIdConflict { id, event_id });
    }
    let envelope = Envelope::decode(&payload).map_err(|fault| ReplayError::Undecodable { id, fault })?;
    let holds = envelope.event_id;
    if holds != event_id {
        return Err(ReplayError::OtherEvent { id, event_id, holds });
    }
    let account_id = envelope.event.account_id.clone();
    let job = NewJob { enqueued_at: Some(enqueued_at), ..NewJob::new(event_id, account_id, payload) };
    Ok((envelope, job))
}

/// What a replay did, by what intake answered.
fn replayed(event_id: EventId, outcome: Option<IntakeOutcome>) -> Result<Replayed, ReplayError> {
    match outcome {
        None | Some(IntakeOutcome::Queued) => Ok(Replayed::Queued(event_id)),
        Some(IntakeOutcome::Refused { retry_after }) => Err(ReplayError::Refused { retry_after }),
        Some(IntakeOutcome::Recorded(recorded)) => Ok(match recorded {
            Recorded::Signal(id) => Replayed::Signal(id),
            Recorded::Duplicate(id) => Replayed::AlreadySignal(id),
            Recorded::Conflict(id) | Recorded::DeadLetter(id) => Replayed::DeadLetter(id),
            Recorded::Erased => Replayed::Erased,
        }),
    }
}
