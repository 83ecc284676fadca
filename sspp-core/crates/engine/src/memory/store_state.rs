//! What a store in memory holds, and its rules, without locks.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use bytes::Bytes;

use super::letters::Letters;
use crate::{
    CursorKey, DeadLetter, Erasable, Erased, Erasure, ErasureDigest, NewSignal, Page, Position, Record,
    Recorded, Signal, SignalFilter, SignalQuery, SignalStats, StoreError,
};
use sspp_events::{
    AccountId, DeadLetterId, EventId, ModelDigest, SignalId, SortOrder, Timestamp, Units, UserId,
};
use sspp_scoring::ModelRecord;

/// The highest score that a store takes: 1,000.00.
const MAX_SCORE: Units = Units::new(1_000 * Units::PER_ONE);

/// Signals in the order of their ids, which start at 1; and figures that follow them.
#[derive(Debug, Default)]
pub(super) struct StoreState {
    signals: BTreeMap<SignalId, Signal>,
    /// The highest id that was given.
    pub(super) last_id: i64,
    by_event: HashMap<EventId, SignalId>,
    per_account: HashMap<AccountId, u64>,
    per_user: HashMap<UserId, u64>,
    figures: SignalStats,
    pub(super) letters: Letters,
    /// Up to when whose events are erased.
    erased: HashMap<ErasureDigest, Timestamp>,
    /// Erasures whose rows are not gone yet.
    erasing: Vec<Erasing>,
    pub(super) models: HashMap<ModelDigest, ModelRecord>,
}

/// Who is being erased: what was recorded up to these numbers.
#[derive(Debug, Clone)]
struct Erasing {
    whom: Erasable,
    last_signal: SignalId,
    last_letter: i64,
}

impl StoreState {
    pub(super) fn record(&mut self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        // What a database would find out by its constraints is looked at first: then nothing has to be undone.
        for record in &batch {
            let Record::Signal { signal, .. } = record else { continue };
            if let Some(reason) = Self::refusal(signal) {
                return Err(StoreError::Data { reason });
            }
            if !self.models.contains_key(&signal.model) {
                return Err(StoreError::MissingModel { digest: signal.model });
            }
        }
        Ok(batch.into_iter().map(|record| self.record_one(record)).collect())
    }

    /// Why a signal is refused for what it holds, if it is.
    pub(super) fn refusal(signal: &NewSignal) -> Option<String> {
        (signal.score.units() > MAX_SCORE)
            .then(|| format!("score {} of event {}", signal.score, signal.accepted.event_id))
    }

    fn record_one(&mut self, record: Record) -> Recorded {
        match record {
            Record::Signal { signal, payload } => self.record_signal(signal, payload),
            Record::DeadLetter(letter) => {
                if let Some(known) = self.letters.get(letter.id) {
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
                if self.keep_letter(letter) { Recorded::DeadLetter(id) } else { Recorded::Erased }
            }
        }
    }

    fn record_signal(&mut self, signal: NewSignal, payload: Bytes) -> Recorded {
        let event_id = signal.accepted.event_id;
        if self.is_erased(&ErasureDigest::of_event(&signal.accepted.event), signal.accepted.received_at) {
            return Recorded::Erased;
        }
        if let Some(known) = self.by_event.get(&event_id).and_then(|id| self.signals.get(id)) {
            if known.recorded.content == signal.content {
                return Recorded::Duplicate(known.id);
            }
            return self.conflict(DeadLetter::conflict(&signal, payload));
        }
        let letter_id = DeadLetterId::of_event(event_id);
        let first = self.letters.get(letter_id).and_then(|letter| letter.content);
        if first.is_some_and(|content| content != signal.content) {
            return self.conflict(DeadLetter::conflict(&signal, payload));
        }
        self.letters.remove(letter_id);
        self.tally(&signal);
        self.last_id += 1;
        let id = SignalId::new(self.last_id);
        self.by_event.insert(event_id, id);
        self.signals.insert(id, Signal { id, recorded: signal });
        Recorded::Signal(id)
    }

    fn conflict(&mut self, letter: DeadLetter) -> Recorded {
        let id = letter.id;
        if self.letters.get(id).is_some() || self.keep_letter(letter) {
            Recorded::Conflict(id)
        } else {
            Recorded::Erased
        }
    }

    /// Keeps a letter, unless whom it is about was erased since.
    fn keep_letter(&mut self, letter: DeadLetter) -> bool {
        let subject = letter.subject();
        if self.is_erased(&subject.erasure_digests(), letter.enqueued_at) {
            return false;
        }
        self.letters.add(letter, subject.event_type);
        true
    }

    fn is_erased(&self, digests: &[ErasureDigest], received: Timestamp) -> bool {
        digests.iter().any(|digest| self.erased.get(digest).is_some_and(|up_to| received <= *up_to))
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

    pub(super) fn expire_signals(&mut self, before: Timestamp, max: u32) -> u32 {
        let at = |signal: &Signal| signal.recorded.processed_at;
        let mut old: Vec<_> = self.signals.values().filter(|signal| at(signal) < before).collect();
        old.sort_by_key(|signal| at(signal));
        let most = usize::try_from(max).unwrap_or(usize::MAX);
        let ids: Vec<_> = old.into_iter().take(most).map(|signal| signal.id).collect();
        self.remove_signals(&ids)
    }

    /// Removes up to so many of the erased one's signals; returns how many went.
    fn erase_signals(&mut self, erasing: &Erasing, max: u32) -> u32 {
        let of = |signal: &&Signal| match &erasing.whom {
            Erasable::Account(id) => signal.recorded.accepted.event.account_id == *id,
            Erasable::User(id) => signal.recorded.accepted.event.user_id == *id,
        };
        let most = usize::try_from(max).unwrap_or(usize::MAX);
        let recorded = self.signals.range(..=erasing.last_signal).map(|(_, signal)| signal);
        let ids: Vec<_> = recorded.filter(of).take(most).map(|signal| signal.id).collect();
        self.remove_signals(&ids)
    }

    fn remove_signals(&mut self, ids: &[SignalId]) -> u32 {
        for id in ids {
            if let Some(signal) = self.signals.remove(id) {
                self.forget_signal(&signal);
            }
        }
        u32::try_from(ids.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn begin_erasure(&mut self, erasure: &Erasure) {
        let up_to = self.erased.entry(erasure.whom.digest()).or_insert(erasure.up_to);
        *up_to = erasure.up_to.max(*up_to);
        self.erasing.retain(|other| other.whom != erasure.whom);
        self.erasing.push(Erasing {
            whom: erasure.whom.clone(),
            last_signal: SignalId::new(self.last_id),
            last_letter: self.letters.last(),
        });
    }

    pub(super) fn erased_up_to(&self) -> Option<Timestamp> {
        self.erased.values().max().copied()
    }

    pub(super) fn erase_step(&mut self, max: u32) -> Option<Erased> {
        let erasing = self.erasing.first()?.clone();
        let signals = self.erase_signals(&erasing, max);
        let dead_letters = self.letters.erase(&erasing.whom, erasing.last_letter, max);
        if signals < max && dead_letters < max {
            self.erasing.remove(0);
        }
        Some(Erased { signals, dead_letters })
    }

    fn forget_signal(&mut self, signal: &Signal) {
        self.by_event.remove(&signal.recorded.accepted.event_id);
        self.untally(&signal.recorded);
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

    pub(super) fn signal(&self, id: SignalId) -> Option<Signal> {
        self.signals.get(&id).cloned()
    }

    pub(super) fn signal_of_event(&self, event_id: EventId) -> Option<Signal> {
        self.signals.get(self.by_event.get(&event_id)?).cloned()
    }

    pub(super) fn list(&self, query: &SignalQuery) -> Page<Signal> {
        let key = |signal: &Signal| CursorKey::of(signal, query.sort_by);
        let last = query.until.map_or(SignalId::new(i64::MAX), |until| until.last_id);
        let before = self.signals.range(..=last).map(|(_, signal)| signal);
        let mut found: Vec<&Signal> = before.filter(|signal| query.filter.matches(signal)).collect();
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
        self.signals.values().filter(|signal| filter.matches(signal)).count() as u64
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
