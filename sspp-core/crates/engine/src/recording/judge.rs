//! What becomes of one record: duplicate, conflict, dead letter, erased, or a new signal.

use crate::{NewDeadLetter, NewSignal, Record, Recorded};
use sspp_events::{ContentDigest, SignalId};

/// A stored signal, as far as a record of its event needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownSignal {
    /// Its number.
    pub id: SignalId,
    /// The digest of its content.
    pub content: ContentDigest,
}

/// A stored dead letter, as far as a record of its event needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownLetter {
    /// The digest of its content, where that is known.
    pub content: Option<ContentDigest>,
    /// The queue's payload.
    pub payload: bytes::Bytes,
}

/// What a store has that concerns one record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// The signal of the record's event.
    pub signal: Option<KnownSignal>,
    /// For a signal: the dead letter that its event has of its own. For a dead letter: the one of the same id.
    pub letter: Option<&'a KnownLetter>,
    /// Whether the record's account or user was erased after its event was received.
    pub erased: bool,
}

/// What a store has to do with one record, and what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement<'a> {
    /// Insert the signal, and remove the dead letter that its event has.
    Signal(&'a NewSignal),
    /// Insert this dead letter where none has its id, and answer so.
    Letter(Box<NewDeadLetter>, Recorded),
    /// Change nothing, and answer so.
    Nothing(Recorded),
}

/// Judges a record by what the store has: the rules of [`Signals::record`](crate::Signals::record).
pub fn judge<'a>(record: &'a Record, known: &Known<'_>) -> Judgement<'a> {
    let conflict = |letter: NewDeadLetter| {
        if known.erased {
            return Judgement::Nothing(Recorded::Erased);
        }
        let answer = Recorded::Conflict(letter.id);
        Judgement::Letter(Box::new(letter), answer)
    };
    match record {
        Record::Signal { signal, payload } => match known.signal {
            _ if known.erased => Judgement::Nothing(Recorded::Erased),
            Some(first) if first.content == signal.content => {
                Judgement::Nothing(Recorded::Duplicate(first.id))
            }
            None if takes(signal, known.letter) => Judgement::Signal(signal),
            _ => conflict(NewDeadLetter::conflict(signal, payload.clone())),
        },
        Record::DeadLetter(letter) => match (known.letter, known.signal) {
            (Some(first), _) if letter.is_about(first.content, &first.payload) => {
                Judgement::Nothing(Recorded::DeadLetter(letter.id))
            }
            (None, Some(first)) if letter.content.is_none_or(|content| content == first.content) => {
                Judgement::Nothing(Recorded::Duplicate(first.id))
            }
            (None, None) if known.erased => Judgement::Nothing(Recorded::Erased),
            (None, None) => Judgement::Letter(Box::new(letter.clone()), Recorded::DeadLetter(letter.id)),
            _ => conflict(letter.as_conflict()),
        },
    }
}

/// Whether a signal may replace the dead letter of its event: an id belongs to the content that came first.
pub fn takes(signal: &NewSignal, letter: Option<&KnownLetter>) -> bool {
    letter.and_then(|letter| letter.content).is_none_or(|content| content == signal.content)
}
