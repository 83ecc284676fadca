//! The dead letters of a store in memory, in the order of recording.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use bytes::Bytes;

use crate::{DeadLetter, DeadLetterFilter, DeadLetterQuery, Erasable, NumberedDeadLetter, Page};
use sspp_events::{ContentDigest, DeadLetterId, EventType, SortOrder, Timestamp};

#[derive(Debug)]
struct Kept {
    letter: DeadLetter,
    event_type: Option<EventType>,
}

#[derive(Debug, Default)]
pub(super) struct Letters {
    by_number: BTreeMap<i64, Kept>,
    numbers: HashMap<DeadLetterId, i64>,
    last: i64,
}

impl Letters {
    pub(super) fn len(&self) -> usize {
        self.by_number.len()
    }

    pub(super) fn get(&self, id: DeadLetterId) -> Option<&DeadLetter> {
        Some(&self.by_number.get(self.numbers.get(&id)?)?.letter)
    }

    pub(super) fn add(&mut self, letter: DeadLetter, event_type: Option<EventType>) {
        self.last += 1;
        self.numbers.insert(letter.id, self.last);
        self.by_number.insert(self.last, Kept { letter, event_type });
    }

    pub(super) fn remove(&mut self, id: DeadLetterId) -> bool {
        self.numbers.remove(&id).is_some_and(|number| self.by_number.remove(&number).is_some())
    }

    pub(super) fn edit(
        &mut self,
        id: DeadLetterId,
        held: &[u8],
        payload: Bytes,
        content: ContentDigest,
    ) -> bool {
        let kept = self.numbers.get(&id).and_then(|number| self.by_number.get_mut(number));
        let Some(kept) = kept.filter(|kept| kept.letter.payload == held) else { return false };
        (kept.letter.payload, kept.letter.content) = (payload, Some(content));
        kept.event_type = kept.letter.subject().event_type;
        true
    }

    pub(super) fn latest(&self, limit: u32) -> Vec<DeadLetter> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.by_number.values().rev().take(limit).map(|kept| kept.letter.clone()).collect()
    }

    pub(super) fn list(&self, query: &DeadLetterQuery) -> Page<NumberedDeadLetter> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let after = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        let passes = |(_, kept): &(&i64, &Kept)| query.filter.matches(&kept.letter, kept.event_type.as_ref());
        let one = |(number, kept): (&i64, &Kept)| NumberedDeadLetter {
            number: *number,
            letter: kept.letter.clone(),
        };
        let most = limit.saturating_add(1);
        let mut items: Vec<_> = match query.order {
            SortOrder::Ascending => {
                self.by_number.range((after, Bound::Unbounded)).filter(passes).take(most).map(one).collect()
            }
            SortOrder::Descending => {
                let rows = self.by_number.range((Bound::Unbounded, after)).rev();
                rows.filter(passes).take(most).map(one).collect()
            }
        };
        let more = items.len() > limit;
        items.truncate(limit);
        Page { items, more }
    }

    pub(super) fn count(&self, filter: &DeadLetterFilter, after: Option<i64>) -> u64 {
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.by_number.range((after, Bound::Unbounded));
        rows.filter(|(_, kept)| filter.matches(&kept.letter, kept.event_type.as_ref())).count() as u64
    }

    pub(super) fn expire(&mut self, before: Timestamp, max: u32) -> u32 {
        let letters = self.by_number.values().map(|kept| &kept.letter);
        let mut old: Vec<_> = letters.filter(|letter| letter.died_at < before).collect();
        old.sort_by_key(|letter| letter.died_at);
        let first = usize::try_from(max).unwrap_or(usize::MAX);
        self.remove_all(old.into_iter().take(first).map(|letter| letter.id).collect())
    }

    /// The highest number that was given.
    pub(super) fn last(&self) -> i64 {
        self.last
    }

    /// Removes letters of the erased one that were recorded up to a number.
    pub(super) fn erase(&mut self, whom: &Erasable, last: i64, max: u32) -> u32 {
        let most = usize::try_from(max).unwrap_or(usize::MAX);
        let of = |kept: &&Kept| {
            let subject = kept.letter.subject();
            match whom {
                Erasable::Account(id) => subject.account_id.as_ref() == Some(id),
                Erasable::User(id) => subject.user_id.as_ref() == Some(id),
            }
        };
        let recorded = self.by_number.range(..=last).map(|(_, kept)| kept);
        let ids = recorded.filter(of).take(most).map(|kept| kept.letter.id).collect();
        self.remove_all(ids)
    }

    fn remove_all(&mut self, ids: Vec<DeadLetterId>) -> u32 {
        let gone = ids.into_iter().filter(|id| self.remove(*id)).count();
        u32::try_from(gone).unwrap_or(u32::MAX)
    }
}
