//! Dead letters in memory, in the order of recording.

use std::ops::Bound;

use async_trait::async_trait;
use bytes::Bytes;

use super::MemoryStore;
use super::store::State;
use crate::{
    DeadLetter, DeadLetterFilter, DeadLetterQuery, DeadLetters, NumberedDeadLetter, Page, StoreError, Total,
};
use sspp_events::{ContentDigest, DeadLetterId, SortOrder};

#[async_trait]
impl DeadLetters for MemoryStore {
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError> {
        Ok(self.state().letter(id).cloned())
    }

    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError> {
        let state = self.state();
        let after = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        let range = match query.order {
            SortOrder::Ascending => (after, Bound::Unbounded),
            SortOrder::Descending => (Bound::Unbounded, after),
        };
        let mut rows: Vec<_> =
            state.letters.range(range).filter(|(_, letter)| query.filter.matches(letter)).collect();
        if query.order == SortOrder::Descending {
            rows.reverse();
        }
        let rows = rows.into_iter().map(|(number, letter)| (*number, letter.clone()));
        Ok(Page::of(
            rows.map(|(number, letter)| NumberedDeadLetter { number, letter }).collect(),
            query.limit,
        ))
    }

    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError> {
        let state = self.state();
        let rows = state.letters.range((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        Ok(Total::bounded(rows.filter(|(_, letter)| filter.matches(letter)).count() as u64))
    }

    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let number = state.letter_numbers.get(&id).copied();
        let letter = number.and_then(|number| state.letters.get_mut(&number));
        let Some(letter) = letter.filter(|letter| letter.payload == held) else { return Ok(false) };
        (letter.payload, letter.content) = (payload, Some(content));
        Ok(true)
    }

    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError> {
        Ok(self.state().remove_letter(id))
    }
}

impl State {
    pub(super) fn letter(&self, id: DeadLetterId) -> Option<&DeadLetter> {
        self.letters.get(self.letter_numbers.get(&id)?)
    }

    /// Adds a letter, where none has its id.
    pub(super) fn add_letter(&mut self, letter: DeadLetter) {
        if !self.letter_numbers.contains_key(&letter.id) {
            self.last_letter += 1;
            self.letter_numbers.insert(letter.id, self.last_letter);
            self.letters.insert(self.last_letter, letter);
        }
    }

    pub(super) fn remove_letter(&mut self, id: DeadLetterId) -> bool {
        self.letter_numbers.remove(&id).is_some_and(|number| self.letters.remove(&number).is_some())
    }
}
