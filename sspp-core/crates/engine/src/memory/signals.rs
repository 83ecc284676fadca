//! Signals in memory: recorded and read.

use std::collections::BTreeSet;

use async_trait::async_trait;
use bytes::Bytes;

use super::MemoryStore;
use super::store::State;
use crate::recording::{Judgement, Known, KnownLetter, KnownSignal, judge, models};
use crate::{
    CursorKey, Horizon, NewSignal, Page, Position, Record, Recorded, Signal, SignalFilter, SignalQuery,
    SignalStats, Signals, StoreError, Total,
};
use sspp_events::{DeadLetterId, EventId, SignalId, SortOrder, Units};

/// The highest score that a store takes: 1,000.00.
const MAX_SCORE: Units = Units::new(1_000 * Units::PER_ONE);

#[async_trait]
impl Signals for MemoryStore {
    async fn record(&self, batch: Vec<Record>) -> Result<Vec<Recorded>, StoreError> {
        let mut state = self.state();
        // What a database would find out by its constraints is looked at first: then nothing has to be undone.
        for record in &batch {
            if let Record::Signal { signal, .. } = record
                && let Some(reason) = refusal(signal)
            {
                return Err(StoreError::Data { reason });
            }
        }
        if let Some(digest) = models(&batch).into_iter().find(|model| !state.models.contains_key(model)) {
            return Err(StoreError::MissingModel { digest });
        }
        Ok(batch.iter().map(|record| state.record(record)).collect())
    }

    async fn is_at_fault(&self, signal: &NewSignal, _payload: &Bytes) -> Result<bool, StoreError> {
        // It has no schema that could be at fault.
        Ok(refusal(signal).is_some())
    }

    async fn signal(&self, id: SignalId) -> Result<Option<Signal>, StoreError> {
        Ok(self.state().signals.get(&id).cloned())
    }

    async fn signal_of_event(&self, event_id: EventId) -> Result<Option<Signal>, StoreError> {
        let state = self.state();
        Ok(state.by_event.get(&event_id).and_then(|id| state.signals.get(id)).cloned())
    }

    async fn signals(&self, query: &SignalQuery) -> Result<Page<Signal>, StoreError> {
        Ok(self.state().list(query))
    }

    async fn count(&self, filter: &SignalFilter) -> Result<Total, StoreError> {
        let state = self.state();
        let count = state.signals.values().filter(|signal| filter.matches(signal)).count();
        Ok(Total::of(filter, count as u64))
    }

    async fn stats(&self) -> Result<SignalStats, StoreError> {
        Ok(self.state().stats())
    }

    async fn horizon(&self) -> Result<Horizon, StoreError> {
        Ok(self.state().last_id().into())
    }
}

/// Why a signal is refused for what it holds, if it is.
fn refusal(signal: &NewSignal) -> Option<String> {
    (signal.score.units() > MAX_SCORE)
        .then(|| format!("score {} of event {}", signal.score, signal.accepted.event_id))
}

impl State {
    fn last_id(&self) -> SignalId {
        self.signals.last_key_value().map_or(SignalId::new(0), |(id, _)| *id)
    }

    fn record(&mut self, record: &Record) -> Recorded {
        let (event_id, letter_id) = match record {
            Record::Signal { signal, .. } => {
                (signal.accepted.event_id, DeadLetterId::of_event(signal.accepted.event_id))
            }
            Record::DeadLetter(letter) => (letter.event_id, letter.id),
        };
        let signal = self.by_event.get(&event_id).and_then(|id| self.signals.get(id));
        let signal = signal.map(|signal| KnownSignal { id: signal.id, content: signal.recorded.content });
        let letter = self.letter(letter_id);
        let letter =
            letter.map(|letter| KnownLetter { content: letter.content, payload: letter.payload.clone() });
        match judge(record, &Known { signal, letter: letter.as_ref(), erased: false }) {
            Judgement::Nothing(answer) => answer,
            Judgement::Letter(letter, answer) => {
                self.add_letter(*letter);
                answer
            }
            Judgement::Signal(signal) => {
                self.remove_letter(letter_id);
                let id = SignalId::new(self.last_id().get() + 1);
                self.by_event.insert(event_id, id);
                self.signals.insert(id, Signal { id, recorded: signal.clone() });
                Recorded::Signal(id)
            }
        }
    }

    fn list(&self, query: &SignalQuery) -> Page<Signal> {
        let key = |signal: &Signal| CursorKey::of(signal, query.sort_by);
        let last = query.until.map_or(SignalId::new(i64::MAX), Horizon::last_id);
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
        let most = usize::try_from(query.limit).unwrap_or(usize::MAX).saturating_add(1);
        Page::of(found.into_iter().skip(skipped).take(most).cloned().collect(), query.limit)
    }

    fn stats(&self) -> SignalStats {
        let mut stats = SignalStats { dead_letters: self.letters.len() as u64, ..SignalStats::default() };
        let (mut accounts, mut users) = (BTreeSet::new(), BTreeSet::new());
        for Signal { recorded, .. } in self.signals.values() {
            let event = &recorded.accepted.event;
            stats.signals += 1;
            stats.score_units += recorded.score.units().get();
            *stats.by_event_type.entry(event.event_type.clone()).or_default() += 1;
            *stats.by_signal_type.entry(recorded.signal_type.clone()).or_default() += 1;
            accounts.insert(&event.account_id);
            users.insert(&event.user_id);
        }
        (stats.accounts, stats.users) = (accounts.len() as u64, users.len() as u64);
        stats.sort();
        stats
    }
}
