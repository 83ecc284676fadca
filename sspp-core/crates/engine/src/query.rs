//! What to list, in which order, and from where: filters, sorting, pages and cursors.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Signal;
use sspp_events::{AccountId, EventType, Score, SignalId, SignalType, SortBy, SortOrder, Timestamp, UserId};

/// Which signals to list; an empty filter lists all.
///
/// ```
/// use sspp_core::{AccountId, SignalFilter};
/// let filter = SignalFilter { account_id: AccountId::new("acc_1").ok(), ..SignalFilter::default() };
/// assert!(filter.single_dimension());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignalFilter {
    /// Of this account.
    pub account_id: Option<AccountId>,
    /// Of this user.
    pub user_id: Option<UserId>,
    /// Of this event type.
    pub event_type: Option<EventType>,
    /// Of this signal type.
    pub signal_type: Option<SignalType>,
    /// With a timestamp at or after this instant.
    pub from: Option<Timestamp>,
    /// With a timestamp before this instant.
    pub to: Option<Timestamp>,
    /// With a score of at least this.
    pub min_score: Option<Score>,
    /// With a score of at most this.
    pub max_score: Option<Score>,
}

impl SignalFilter {
    /// Whether at most one of account, user, event type and signal type is given and nothing else: totals of such
    /// filters are counters and always exact.
    pub fn single_dimension(&self) -> bool {
        let names = [
            self.account_id.is_some(),
            self.user_id.is_some(),
            self.event_type.is_some(),
            self.signal_type.is_some(),
        ];
        let ranges =
            self.from.is_some() || self.to.is_some() || self.min_score.is_some() || self.max_score.is_some();
        !ranges && names.iter().filter(|given| **given).count() <= 1
    }

    /// Whether a signal passes.
    pub fn matches(&self, signal: &Signal) -> bool {
        let stored = &signal.recorded;
        let event = &stored.accepted.event;
        self.account_id.as_ref().is_none_or(|id| *id == event.account_id)
            && self.user_id.as_ref().is_none_or(|id| *id == event.user_id)
            && self.event_type.as_ref().is_none_or(|name| *name == event.event_type)
            && self.signal_type.as_ref().is_none_or(|name| *name == stored.signal_type)
            && self.from.is_none_or(|from| event.timestamp >= from)
            && self.to.is_none_or(|to| event.timestamp < to)
            && self.min_score.is_none_or(|min| stored.score >= min)
            && self.max_score.is_none_or(|max| stored.score <= max)
    }
}

/// Where in a sorted list a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CursorKey {
    /// The sorted column's value: microseconds, units of 0.0001, or the id.
    pub value: i64,
    /// The signal's id.
    pub id: SignalId,
}

impl CursorKey {
    /// Where a signal stands in a list that is sorted by this column.
    pub fn of(signal: &Signal, by: SortBy) -> Self {
        let value = match by {
            SortBy::ProcessedAt => signal.recorded.processed_at.micros(),
            SortBy::Timestamp => signal.recorded.accepted.event.timestamp.micros(),
            SortBy::Score => signal.recorded.score.units().get(),
            SortBy::Id => signal.id.get(),
        };
        Self { value, id: signal.id }
    }
}

/// Why a text is not a cursor.
///
/// ```
/// use sspp_core::{Cursor, CursorFault};
/// assert_eq!("?".parse::<Cursor>(), Err(CursorFault));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the nextCursor of an earlier response")]
pub struct CursorFault;

/// A place in a sorted list, from which the next page continues. Opaque to callers.
///
/// ```
/// use sspp_core::{Cursor, CursorKey, SignalId, SortBy, SortOrder};
/// let key = CursorKey { value: 42, id: SignalId::new(7) };
/// let cursor = Cursor { sort_by: SortBy::Timestamp, order: SortOrder::Descending, key };
/// assert_eq!(cursor.to_string().parse(), Ok(cursor));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The list's column.
    pub sort_by: SortBy,
    /// The list's direction.
    pub order: SortOrder,
    /// The last row that was returned.
    pub key: CursorKey,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sort = match self.sort_by {
            SortBy::ProcessedAt => 0,
            SortBy::Timestamp => 1,
            SortBy::Score => 2,
            SortBy::Id => 3,
        };
        let order = u8::from(self.order == SortOrder::Descending);
        let mut bytes = [0_u8; 18];
        bytes[0] = 1; // the cursor's version
        bytes[1] = sort << 1 | order;
        bytes[2..10].copy_from_slice(&self.key.value.to_be_bytes());
        bytes[10..].copy_from_slice(&self.key.id.get().to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl std::str::FromStr for Cursor {
    type Err = CursorFault;
    fn from_str(text: &str) -> Result<Self, CursorFault> {
        let bytes: [u8; 18] =
            URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(CursorFault)?;
        let [1, kind, value @ ..] = bytes else { return Err(CursorFault) };
        let (value, id) = value.split_at(8);
        let number = |bytes: &[u8]| bytes.try_into().map(i64::from_be_bytes).map_err(|_| CursorFault);
        let sort_by = match kind >> 1 {
            0 => SortBy::ProcessedAt,
            1 => SortBy::Timestamp,
            2 => SortBy::Score,
            3 => SortBy::Id,
            _ => return Err(CursorFault),
        };
        let order = if kind & 1 == 1 { SortOrder::Descending } else { SortOrder::Ascending };
        let key = CursorKey { value: number(value)?, id: SignalId::new(number(id)?) };
        Ok(Self { sort_by, order, key })
    }
}

/// From where a list is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// After skipping this many rows: fine for the first pages, dear for late ones.
    Offset(u32),
    /// After this row, at a cost that does not grow with depth.
    After(CursorKey),
}

/// An instant of a store by which nothing can be missed: the signals that were stored before it are all to be seen, and none
/// is added before it any more. Opaque to callers; it means something to the store that made it alone.
///
/// ```
/// use sspp_core::{MemoryStore, SignalId, Signals};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let horizon = MemoryStore::new().horizon().await.unwrap();
/// assert_eq!(horizon.up_to(SignalId::new(9)).last_id(), SignalId::new(0));
/// # });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Horizon(Snapshot);

/// A [`Horizon`] as the store that makes it writes and reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// No signal of a higher id.
    pub last_id: SignalId,
    /// On PostgreSQL: signals of transactions before this one, the oldest that was under way …
    pub before: u64,
    /// … and of those from this one on, which had not begun: rows that were restored from another server.
    pub from: u64,
}

impl Horizon {
    /// The highest id that a signal before it may have.
    pub fn last_id(self) -> SignalId {
        self.0.last_id
    }

    /// The same, but no signal of a higher id than this: long lists can be read in stretches of ids.
    #[must_use]
    pub fn up_to(self, id: SignalId) -> Self {
        Self(Snapshot { last_id: self.0.last_id.min(id), ..self.0 })
    }
}

impl From<Snapshot> for Horizon {
    fn from(snapshot: Snapshot) -> Self {
        Self(snapshot)
    }
}

impl From<SignalId> for Horizon {
    /// For a store that commits signals in the order of their ids.
    fn from(last_id: SignalId) -> Self {
        Self(Snapshot { last_id, before: 0, from: 0 })
    }
}

impl From<Horizon> for Snapshot {
    fn from(horizon: Horizon) -> Self {
        horizon.0
    }
}

/// A list of signals to read.
///
/// ```
/// let query = sspp_core::SignalQuery::default();
/// assert_eq!(query.limit, 20);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalQuery {
    /// Which signals.
    pub filter: SignalFilter,
    /// Sorted by which column.
    pub sort_by: SortBy,
    /// In which direction.
    pub order: SortOrder,
    /// From where.
    pub position: Position,
    /// How many at most.
    pub limit: u32,
    /// Only what was stored before this instant of the store.
    pub until: Option<Horizon>,
}

impl Default for SignalQuery {
    fn default() -> Self {
        Self {
            filter: SignalFilter::default(),
            sort_by: SortBy::default(),
            order: SortOrder::default(),
            position: Position::Offset(0),
            limit: 20,
            until: None,
        }
    }
}

/// A stretch of a list.
///
/// ```
/// let page: sspp_core::Page<u8> = sspp_core::Page { items: vec![1], more: false };
/// assert!(!page.more);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Whether rows follow.
    pub more: bool,
}

impl<T> Page<T> {
    /// The page of rows that were read with one more than asked for, which tells whether rows follow.
    pub fn of(mut rows: Vec<T>, limit: u32) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        Self { items: rows, more }
    }
}

/// How many rows a filter has.
///
/// ```
/// assert_eq!(sspp_core::Total::COUNTED_UP_TO, 10_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Total {
    /// The number of rows, or [`Total::COUNTED_UP_TO`] when there are more and they were not counted.
    pub count: u64,
    /// Whether `count` is the number of rows.
    pub exact: bool,
}

impl Total {
    /// Rows of a filter without a counter are counted up to here.
    pub const COUNTED_UP_TO: u64 = 10_000;

    /// The total of rows that were counted up to one more than [`Total::COUNTED_UP_TO`].
    pub fn bounded(count: u64) -> Self {
        Self { count: count.min(Self::COUNTED_UP_TO), exact: count <= Self::COUNTED_UP_TO }
    }

    /// The total of a filter: exact when it is a [single dimension](SignalFilter::single_dimension), else bounded.
    pub fn of(filter: &SignalFilter, count: u64) -> Self {
        if filter.single_dimension() { Self { count, exact: true } } else { Self::bounded(count) }
    }
}
