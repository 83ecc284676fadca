//! Ordinary signals. A store takes them unless its schema or its server is at fault: a refused signal is held against them.

use std::sync::Arc;

use crate::{NewSignal, Signal};
use sspp_events::{
    AcceptedEvent, AccountId, ContentDigest, Event, EventId, EventType, Metadata, Score, SignalType, Units,
    UserId,
};

/// Ordinary signals beside a suspect: the one that was recorded last, once more, and one that is made up. A rule for some
/// accounts or event types may refuse one of them; a schema that is at fault refuses both.
///
/// They happen when the suspect was processed, and name its model: a partition or a model that is missing now is not the
/// suspect's fault.
pub fn ordinary(suspect: &NewSignal, last: Option<Signal>, event_id: EventId) -> Vec<NewSignal> {
    let now = suspect.processed_at;
    let happens_now = |signal: NewSignal| {
        // Without the producer's id: a key of it that somebody added would refuse the copy of what is stored.
        let event = Event { timestamp: now, external_id: None, ..signal.accepted.event.clone() };
        NewSignal {
            content: ContentDigest::of(&event),
            accepted: Arc::new(AcceptedEvent { event_id, received_at: now, event }),
            model: suspect.model,
            processed_at: now,
            ..signal
        }
    };
    let last = last.map(|signal| signal.recorded);
    last.into_iter().chain(made_up(suspect)).map(happens_now).collect()
}

fn made_up(suspect: &NewSignal) -> Option<NewSignal> {
    let event = Event {
        account_id: AccountId::new("sspp_probe").ok()?,
        user_id: UserId::new("sspp_probe").ok()?,
        event_type: EventType::CALL_MADE,
        timestamp: suspect.processed_at,
        metadata: Metadata::default(),
        source: None,
        external_id: None,
    };
    let accepted = AcceptedEvent { event, ..AcceptedEvent::clone(&suspect.accepted) };
    Some(NewSignal {
        accepted: accepted.into(),
        signal_type: SignalType::ENGAGEMENT,
        score: Score::rounded(Units::new(5_000)),
        ..suspect.clone()
    })
}
