//! Which dead letters to list, and from where.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{CursorFault, DeadLetter, DeadLetterReason};
use sspp_events::{EventType, SortOrder, Timestamp};

/// Which dead letters; an empty filter is all of them.
///
/// ```
/// use sspp_core::{DeadLetterFilter, DeadLetterReason};
/// let filter = DeadLetterFilter { reason: Some(DeadLetterReason::CrashLoop), ..DeadLetterFilter::default() };
/// assert!(!filter.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Given up for this reason.
    pub reason: Option<DeadLetterReason>,
    /// Whose payload names this event type.
    pub event_type: Option<EventType>,
    /// Given up at or after this instant.
    pub from: Option<Timestamp>,
    /// Given up before this instant.
    pub to: Option<Timestamp>,
}

impl DeadLetterFilter {
    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a letter passes.
    pub fn matches(&self, letter: &DeadLetter) -> bool {
        self.reason.is_none_or(|reason| reason == letter.reason)
            && (self.event_type.is_none() || letter.facts().event_type == self.event_type)
            && self.from.is_none_or(|from| letter.died_at >= from)
            && self.to.is_none_or(|to| letter.died_at < to)
    }
}

/// A dead letter with its number in the order of recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedDeadLetter {
    /// Grows in the order of recording; a letter that is edited keeps it.
    pub number: i64,
    /// The letter.
    pub letter: DeadLetter,
}

/// A list of dead letters to read, in the order of recording or against it.
///
/// ```
/// let query = sspp_core::DeadLetterQuery::default();
/// assert_eq!((query.limit, query.after), (20, None));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterQuery {
    /// Which letters.
    pub filter: DeadLetterFilter,
    /// The last recorded first, or the first.
    pub order: SortOrder,
    /// After the letter of this number.
    pub after: Option<i64>,
    /// How many at most.
    pub limit: u32,
}

impl Default for DeadLetterQuery {
    fn default() -> Self {
        Self { filter: DeadLetterFilter::default(), order: SortOrder::default(), after: None, limit: 20 }
    }
}

/// A place in a list of dead letters, from which the next page continues. Opaque to callers.
///
/// ```
/// use sspp_core::{DeadLetterCursor, SortOrder};
/// let cursor = DeadLetterCursor { order: SortOrder::Ascending, number: 7 };
/// assert_eq!(cursor.to_string().parse(), Ok(cursor));
/// assert!("7".parse::<DeadLetterCursor>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadLetterCursor {
    /// The list's direction.
    pub order: SortOrder,
    /// The number of the last letter that was returned.
    pub number: i64,
}

/// Tells it from a cursor over signals, and its version.
const KIND: u8 = 0x40;

impl std::fmt::Display for DeadLetterCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = [0_u8; 10];
        bytes[0] = KIND;
        bytes[1] = u8::from(self.order == SortOrder::Descending);
        bytes[2..].copy_from_slice(&self.number.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl std::str::FromStr for DeadLetterCursor {
    type Err = CursorFault;
    fn from_str(text: &str) -> Result<Self, CursorFault> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| CursorFault)?;
        let bytes: [u8; 10] = bytes.try_into().map_err(|_| CursorFault)?;
        let [KIND, order @ (0 | 1), number @ ..] = bytes else { return Err(CursorFault) };
        let order = if order == 1 { SortOrder::Descending } else { SortOrder::Ascending };
        Ok(Self { order, number: i64::from_be_bytes(number) })
    }
}
