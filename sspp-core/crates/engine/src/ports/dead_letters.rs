//! The port to dead letters. They are recorded [with the signals](super::Signals::record).

use async_trait::async_trait;

use super::StoreError;
use crate::{DeadLetter, DeadLetterFilter, DeadLetterQuery, NumberedDeadLetter, Page, Total};
use sspp_events::{ContentDigest, DeadLetterId, SortOrder};

/// Dead letters: read, listed, counted, edited and removed.
#[async_trait]
pub trait DeadLetters: Send + Sync + std::fmt::Debug {
    /// A dead letter by its id.
    async fn dead_letter(&self, id: DeadLetterId) -> Result<Option<DeadLetter>, StoreError>;

    /// Dead letters, the last first.
    async fn recent_dead_letters(&self, limit: u32) -> Result<Vec<DeadLetter>, StoreError> {
        let query = DeadLetterQuery { limit, order: SortOrder::Descending, ..DeadLetterQuery::default() };
        Ok(self.dead_letters(&query).await?.items.into_iter().map(|numbered| numbered.letter).collect())
    }

    /// A stretch of the dead letters, in the order of recording or against it.
    async fn dead_letters(&self, query: &DeadLetterQuery) -> Result<Page<NumberedDeadLetter>, StoreError>;

    /// How many dead letters a filter has, of those with a higher number than `after`; counted up to
    /// [`Total::COUNTED_UP_TO`].
    async fn count_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        after: Option<i64>,
    ) -> Result<Total, StoreError>;

    /// Gives a dead letter another payload and content, if it still has the payload `held`; answers whether it had.
    ///
    /// Its id, its place in the order of recording and why it died stay. An event of the former content that is still on
    /// its way becomes a [`Recorded::Conflict`](super::Recorded::Conflict) from then on.
    async fn edit_dead_letter(
        &self,
        id: DeadLetterId,
        held: &[u8],
        payload: bytes::Bytes,
        content: ContentDigest,
    ) -> Result<bool, StoreError>;

    /// Removes a dead letter; answers whether it was there.
    async fn remove_dead_letter(&self, id: DeadLetterId) -> Result<bool, StoreError>;
}
