//! Ordinary signals. A store takes them unless its schema or its server is at fault: a refused signal is held against them.

use std::sync::Arc;

use crate::{
    AcceptedEvent, AccountId, ContentDigest, Event, EventId, EventType, Metadata, NewSignal, Score, Signal,
    SignalType, Units, UserId,
};

/// Ordinary signals beside a suspect: the one that was recorded last, once more, and one that is made up. A rule for some
/// accounts or event types may refuse one of them; a schema that is at fault refuses both.
///
/// They happen when the suspect was processed, and name its model: a partition or a model that is missing now is not the
/// suspect's fault.
pub(crate) fn ordinary(suspect: &NewSignal, last: Option<Signal>, event_id: EventId) -> Vec<NewSignal> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::builders::{at, event_id, signal};

    #[test]
    fn ordinary_signals_share_nothing_with_the_suspect_but_its_instant_and_model() {
        let suspect =
            signal(1).account("odd").score(9_999).timestamp(at(-1_000_000)).processed_at(at(50)).build();
        let last = signal(2).account("usual").from_source("crm", "7").build();
        let last = Signal { id: crate::SignalId::new(1), recorded: last };
        let both = ordinary(&suspect, Some(last), event_id(9));
        assert_eq!(both.len(), 2);
        for (signal, account) in both.iter().zip(["usual", "sspp_probe"]) {
            let event = &signal.accepted.event;
            assert_eq!((event.account_id.as_str(), signal.accepted.event_id), (account, event_id(9)));
            assert_eq!([event.timestamp, signal.accepted.received_at, signal.processed_at], [at(50); 3]);
            assert_eq!((signal.model, signal.content), (suspect.model, ContentDigest::of(event)));
            assert_eq!(event.external_id, None);
            assert_ne!(signal.score, suspect.score);
        }
        assert_eq!(ordinary(&suspect, None, event_id(9)).len(), 1);
    }
}
