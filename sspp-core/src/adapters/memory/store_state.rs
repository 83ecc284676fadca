//! What a store in memory holds, and its rules, without locks.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use bytes::Bytes;
use indexmap::IndexMap;

use crate::{
    AccountId, DeadLetter, DeadLetterId, EventId, ModelDigest, ModelRecord, NewSignal, Page, Position,
    Record, Recorded, Signal, SignalFilter, SignalId, SignalQuery, SignalStats, SortOrder, StoreError,
    Timestamp, Units, UserId,
};

/// The highest score that a store takes: 1,000.00.
const MAX_SCORE: Units = Units::new(1_000 * Units::PER_ONE);

/// Signals in the order of their ids, which start at 1 and have no gaps; and figures that follow them.
#[derive(Debug, Default)]
pub(super) struct StoreState {
    signals: VecDeque<Signal>,
    /// How many signals went, from the front.
    expired: usize,
    by_event: HashMap<EventId, SignalId>,
    per_account: HashMap<AccountId, u64>,
    per_user: HashMap<UserId, u64>,
    figures: SignalStats,
    pub(super) letters: IndexMap<DeadLetterId, DeadLetter>,
    pub(super) models: HashMap<ModelDigest, ModelRecord>,
}

impl StoreState {
    pub(super) fn record(&mut self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        // What a database would find out by its constraints is looked at first: then nothing has to be undone.
        for record in &batch {
            if let Record::Signal { signal, .. } = record
                && signal.score.units() > MAX_SCORE
            {
                let reason = format!("score {} of event {}", signal.score, signal.accepted.event_id);
                return Err(StoreError::Data { reason });
            }
        }
        Ok(batch.into_iter().map(|record| self.record_one(record)).collect())
    }

    fn record_one(&mut self, record: Record) -> Recorded {
        match record {
            Record::Signal { signal, payload } => self.record_signal(signal, payload),
            Record::DeadLetter(letter) => {
                if let Some(known) = self.letters.get(&letter.id) {
                    if letter.is_about(known.content, &known.payload) {
                        return Recorded::DeadLetter(letter.id);
                    }
                    return self.conflict(letter.as_conflict());
                }
                if let Some(signal) = self.signal_of_event(letter.event_id) {
                    if letter.content.is_some_and(|content| content != signal.recorded.content) {
                        return self.conflict(letter.as_conflict());
                    }
                    return Recorded::Duplicate(signal.id);
                }
                let id = letter.id;
                self.letters.insert(id, letter);
                Recorded::DeadLetter(id)
            }
        }
    }

    fn record_signal(&mut self, mut signal: NewSignal, payload: Bytes) -> Recorded {
        let event_id = signal.accepted.event_id;
        if let Some(known) = self.by_event.get(&event_id).and_then(|id| self.at(*id)) {
            if known.recorded.content == signal.content {
                return Recorded::Duplicate(known.id);
            }
            return self.conflict(DeadLetter::conflict(&signal, payload));
        }
        let letter_id = DeadLetterId::of_event(event_id);
        let first = self.letters.get(&letter_id).and_then(|letter| letter.content);
        if first.is_some_and(|content| content != signal.content) {
            return self.conflict(DeadLetter::conflict(&signal, payload));
        }
        self.letters.shift_remove(&letter_id);
        let last = self.signals.back().map(|signal| signal.recorded.processed_at);
        signal.processed_at =
            last.map_or(signal.processed_at, |last: Timestamp| last.max(signal.processed_at));
        self.tally(&signal);
        let number = self.expired + self.signals.len() + 1;
        let id = SignalId::new(i64::try_from(number).unwrap_or(i64::MAX));
        self.by_event.insert(event_id, id);
        self.signals.push_back(Signal { id, recorded: signal });
        Recorded::Signal(id)
    }

    fn conflict(&mut self, letter: DeadLetter) -> Recorded {
        let id = letter.id;
        self.letters.entry(id).or_insert(letter);
        Recorded::Conflict(id)
    }

    fn tally(&mut self, signal: &NewSignal) {
        let event = &signal.accepted.event;
        let figures = &mut self.figures;
        figures.signals += 1;
        figures.score_units += signal.score.units().get();
        *figures.by_event_type.entry(event.event_type.clone()).or_default() += 1;
        *figures.by_signal_type.entry(signal.signal_type.clone()).or_default() += 1;
        *self.per_account.entry(event.account_id.clone()).or_default() += 1;
        *self.per_user.entry(event.user_id.clone()).or_default() += 1;
    }

    /// Times of processing never fall, so the old ones are at the front.
    pub(super) fn expire_signals(&mut self, before: Timestamp, max: u32) -> u32 {
        let mut gone = 0;
        while gone < max
            && let Some(signal) = self.signals.pop_front_if(|signal| signal.recorded.processed_at < before)
        {
            self.expired += 1;
            self.by_event.remove(&signal.recorded.accepted.event_id);
            self.untally(&signal.recorded);
            gone += 1;
        }
        gone
    }

    pub(super) fn expire_letters(&mut self, before: Timestamp, max: u32) -> u32 {
        let first = usize::try_from(max).unwrap_or(usize::MAX);
        let old = self.letters.values().take(first).filter(|letter| letter.died_at < before);
        let old: Vec<DeadLetterId> = old.map(|letter| letter.id).collect();
        for id in &old {
            self.letters.shift_remove(id);
        }
        u32::try_from(old.len()).unwrap_or(max)
    }

    fn untally(&mut self, signal: &NewSignal) {
        let event = &signal.accepted.event;
        let figures = &mut self.figures;
        figures.signals -= 1;
        figures.score_units -= signal.score.units().get();
        if less(figures.by_event_type.get_mut(&event.event_type)) {
            figures.by_event_type.swap_remove(&event.event_type);
        }
        if less(figures.by_signal_type.get_mut(&signal.signal_type)) {
            figures.by_signal_type.swap_remove(&signal.signal_type);
        }
        forget(&mut self.per_account, &event.account_id);
        forget(&mut self.per_user, &event.user_id);
    }

    fn at(&self, id: SignalId) -> Option<&Signal> {
        let at = usize::try_from(id.get()).ok()?.checked_sub(self.expired + 1)?;
        self.signals.get(at)
    }

    pub(super) fn signal(&self, id: SignalId) -> Option<Signal> {
        self.at(id).cloned()
    }

    pub(super) fn signal_of_event(&self, event_id: EventId) -> Option<Signal> {
        self.at(*self.by_event.get(&event_id)?).cloned()
    }

    pub(super) fn list(&self, query: &SignalQuery) -> Page<Signal> {
        let key = |signal: &Signal| query.sort_by.key_of(signal);
        let mut found: Vec<&Signal> =
            self.signals.iter().filter(|signal| query.filter.matches(signal)).collect();
        found.sort_by_key(|signal| key(signal));
        if query.order == SortOrder::Descending {
            found.reverse();
        }
        let skipped = match query.position {
            Position::Offset(rows) => usize::try_from(rows).unwrap_or(usize::MAX),
            Position::After(last) => found.partition_point(|signal| match query.order {
                SortOrder::Ascending => key(signal) <= last,
                SortOrder::Descending => key(signal) >= last,
            }),
        };
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let more = found.len().saturating_sub(skipped) > limit;
        Page { items: found.into_iter().skip(skipped).take(limit).cloned().collect(), more }
    }

    pub(super) fn count(&self, filter: &SignalFilter) -> u64 {
        if filter.single_dimension() {
            if let Some(id) = &filter.account_id {
                return self.per_account.get(id).copied().unwrap_or(0);
            }
            if let Some(id) = &filter.user_id {
                return self.per_user.get(id).copied().unwrap_or(0);
            }
        }
        self.signals.iter().filter(|signal| filter.matches(signal)).count() as u64
    }

    pub(super) fn stats(&self) -> SignalStats {
        let mut stats = self.figures.clone();
        stats.accounts = self.per_account.len() as u64;
        stats.users = self.per_user.len() as u64;
        stats.dead_letters = self.letters.len() as u64;
        stats.sort();
        stats
    }
}

/// Counts one less; whether none is left.
fn less(count: Option<&mut u64>) -> bool {
    count.is_some_and(|count| {
        *count = count.saturating_sub(1);
        *count == 0
    })
}

fn forget<K: Eq + Hash>(counts: &mut HashMap<K, u64>, name: &K) {
    if less(counts.get_mut(name)) {
        counts.remove(name);
    }
}
