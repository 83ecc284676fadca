//! The steps of recording a batch over tables. Most batches are signals of new events alone: those cost one insert.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;

use uuid::Uuid;

use super::erasures::digests;
use super::{Erasures, Figures, Judgement, Known, KnownLetter, KnownSignal, judge};
use crate::{ErasureDigest, NewDeadLetter, NewSignal, Record, Recorded};
use sspp_events::{DeadLetterId, EventId, ModelDigest, SignalId};

/// What inserting signals did.
#[derive(Debug, Default)]
pub struct Inserted {
    /// The new number of each signal, in their order; none where it was not inserted.
    pub ids: Vec<Option<SignalId>>,
    /// How many dead letters the signals replaced.
    pub replaced: u64,
}

/// What the tables have of the events of some records.
#[derive(Debug, Default)]
pub struct Found {
    /// Signals by their event.
    pub signals: HashMap<EventId, KnownSignal>,
    /// Dead letters by their id.
    pub letters: HashMap<DeadLetterId, KnownLetter>,
    /// What is erased.
    pub erasures: Arc<Erasures>,
}

impl Found {
    /// The ids of events and dead letters to look for.
    pub fn ids(records: &[&Record]) -> Vec<Uuid> {
        let ids = records.iter().flat_map(|record| keys(record));
        ids.collect::<HashSet<_>>().into_iter().collect()
    }

    /// The digests of erasures to look for.
    pub fn digests(records: &[&Record]) -> Vec<ErasureDigest> {
        records.iter().flat_map(|record| digests(record)).collect()
    }

    fn about(&self, record: &Record) -> Known<'_> {
        let [event_id, letter_id] = keys(record);
        Known {
            signal: self.signals.get(&EventId::from_uuid(event_id)).copied(),
            letter: self.letters.get(&DeadLetterId::from_uuid(letter_id)),
            erased: self.erasures.cover_record(record),
        }
    }
}

/// The tables of a store, inside the transaction of a batch.
pub trait Tables: Send {
    /// How they fail.
    type Error: Send;
    /// Whether the figures that signals add are written with them; else the store counts them later, from its rows.
    const COUNTS: bool = true;

    /// Inserts signals of different events where nothing stands in the way, and removes their events' dead letters: no
    /// signal of the event, no dead letter [that stays](super::takes), no erasure.
    fn insert_signals(
        &mut self,
        signals: &[&NewSignal],
    ) -> impl Future<Output = Result<Inserted, Self::Error>> + Send;

    /// Finds what stands in the way of records.
    fn find(&mut self, records: &[&Record]) -> impl Future<Output = Result<Found, Self::Error>> + Send;

    /// Inserts a dead letter where none has its id; answers whether it did.
    fn insert_letter(
        &mut self,
        letter: &NewDeadLetter,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// The failure when nothing stands in the way of a signal that was not inserted: it went in between.
    fn vanished(event_id: EventId) -> Self::Error;
}

/// A batch that was recorded.
#[derive(Debug, Default)]
pub struct Recording<'a> {
    /// One answer a record, in their order.
    pub answers: Vec<Recorded>,
    /// What the batch adds.
    pub figures: Figures<'a>,
}

/// Records a batch in its order. The figures are still to be written.
pub async fn record<'a, T: Tables>(tables: &mut T, batch: &'a [Record]) -> Result<Recording<'a>, T::Error> {
    let mut done = Recording { answers: Vec::with_capacity(batch.len()), ..Recording::default() };
    for part in parts(batch) {
        let signals: Vec<&NewSignal> = part.iter().filter_map(signal).collect();
        let inserted =
            if signals.is_empty() { Inserted::default() } else { tables.insert_signals(&signals).await? };
        done.figures.dead_letters -= i64::try_from(inserted.replaced).unwrap_or(i64::MAX);
        let mut ids = inserted.ids.into_iter();
        let new: Vec<_> =
            part.iter().map(|record| signal(record).and_then(|_| ids.next().flatten())).collect();
        let rest: Vec<_> = part.iter().zip(&new).filter(|(_, id)| id.is_none()).map(|(one, _)| one).collect();
        let found = if rest.is_empty() { Found::default() } else { tables.find(&rest).await? };
        for (record, id) in part.iter().zip(new) {
            let answer = match (signal(record), id) {
                (Some(signal), Some(id)) => {
                    if T::COUNTS {
                        done.figures.add(signal);
                    }
                    Recorded::Signal(id)
                }
                _ => match judge(record, &found.about(record)) {
                    Judgement::Nothing(answer) => answer,
                    Judgement::Letter(letter, answer) => {
                        done.figures.dead_letters += i64::from(tables.insert_letter(&letter).await?);
                        answer
                    }
                    Judgement::Signal(signal) => return Err(T::vanished(signal.accepted.event_id)),
                },
            };
            done.answers.push(answer);
        }
    }
    Ok(done)
}

fn signal(record: &Record) -> Option<&NewSignal> {
    match record {
        Record::Signal { signal, .. } => Some(signal),
        Record::DeadLetter(_) => None,
    }
}

/// The ids of a record's event, and of the dead letter that it has or may have.
fn keys(record: &Record) -> [Uuid; 2] {
    match record {
        Record::Signal { signal, .. } => [signal.accepted.event_id.as_uuid(); 2],
        Record::DeadLetter(letter) => [letter.event_id.as_uuid(), letter.id.as_uuid()],
    }
}

/// Cuts a batch where an id comes again: the second record of an id is judged when the first is in the tables.
fn parts(mut batch: &[Record]) -> impl Iterator<Item = &[Record]> {
    std::iter::from_fn(move || {
        let mut ids = HashSet::with_capacity(batch.len());
        let is_known = |record: &Record| {
            let [event, letter] = keys(record);
            let is_new = ids.insert(event);
            let is_new = is_new & (letter == event || ids.insert(letter));
            !is_new
        };
        let end = batch.iter().position(is_known).unwrap_or(batch.len());
        let (part, rest) = batch.split_at(end);
        batch = rest;
        (!part.is_empty()).then_some(part)
    })
}

/// Whether a batch is of signals of different events alone.
pub fn has_distinct_events(batch: &[Record]) -> bool {
    let mut ids = HashSet::with_capacity(batch.len());
    batch.iter().all(|record| signal(record).is_some_and(|signal| ids.insert(signal.accepted.event_id)))
}

/// The scoring models that a batch's signals name, each once.
pub fn models(batch: &[Record]) -> Vec<ModelDigest> {
    let mut models = Vec::new();
    for signal in batch.iter().filter_map(signal) {
        if !models.contains(&signal.model) {
            models.push(signal.model);
        }
    }
    models
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::DeadLetterReason;
    use sspp_events::Timestamp;

    fn letter(event: u128, id: u128) -> Record {
        let at = Timestamp::parse("2026-01-01").unwrap();
        Record::DeadLetter(NewDeadLetter {
            id: DeadLetterId::from_uuid(Uuid::from_u128(id)),
            event_id: EventId::from_uuid(Uuid::from_u128(event)),
            content: None,
            payload: bytes::Bytes::new(),
            reason: DeadLetterReason::Rejected,
            detail: String::new(),
            attempts: 0,
            enqueued_at: at,
            died_at: at,
        })
    }

    proptest! {
        /// The parts are the batch, in its order, and no id comes twice in a part.
        #[test]
        fn no_id_comes_twice_in_a_part(ids in prop::collection::vec((0_u128..6, 0_u128..6), 0..30)) {
            let batch: Vec<Record> = ids.into_iter().map(|(event, id)| letter(event, id)).collect();
            let cut: Vec<&[Record]> = parts(&batch).collect();
            prop_assert_eq!(&cut.concat(), &batch);
            for part in cut {
                for (at, record) in part.iter().enumerate() {
                    let earlier = part[..at].iter().flat_map(keys);
                    prop_assert!(!part.is_empty() && !earlier.into_iter().any(|id| keys(record).contains(&id)));
                }
            }
        }
    }
}
