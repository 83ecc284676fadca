//! Rows as the domain's types. What no release writes is a damaged store, not a panic.

use chrono::{DateTime, Utc};
use sspp_engine::Page;
use sspp_events::Timestamp;
use uuid::Uuid;

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrupt(pub String);

impl Corrupt {
    /// Keeps what was wrong as a text.
    pub fn new(reason: impl std::fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// A row that was read.
pub trait Row {
    /// What it says.
    type Item;

    /// Reads it.
    fn read(self) -> Result<Self::Item, Corrupt>;
}

/// An id as a database gives it.
pub trait StoredId {
    /// Reads it.
    fn uuid(self) -> Result<Uuid, Corrupt>;
}

impl StoredId for Uuid {
    fn uuid(self) -> Result<Uuid, Corrupt> {
        Ok(self)
    }
}

impl StoredId for Vec<u8> {
    fn uuid(self) -> Result<Uuid, Corrupt> {
        Uuid::from_slice(&self).map_err(Corrupt::new)
    }
}

/// An instant as a database gives it.
pub trait StoredInstant {
    /// Reads it.
    fn timestamp(self) -> Result<Timestamp, Corrupt>;
}

impl StoredInstant for DateTime<Utc> {
    fn timestamp(self) -> Result<Timestamp, Corrupt> {
        Ok(Timestamp::from_datetime(self))
    }
}

impl StoredInstant for i64 {
    fn timestamp(self) -> Result<Timestamp, Corrupt> {
        Timestamp::from_micros(self).ok_or_else(|| Corrupt(format!("{self} is not an instant")))
    }
}

/// Reads a digest.
pub fn read_digest(bytes: &[u8]) -> Result<[u8; 32], Corrupt> {
    bytes.try_into().map_err(Corrupt::new)
}

/// Reads a number that is not negative and not large.
pub fn read_count(count: i64) -> Result<u32, Corrupt> {
    u32::try_from(count).map_err(Corrupt::new)
}

/// The only row, if there is one.
pub fn one<R: Row>(rows: Vec<R>) -> Result<Option<R::Item>, Corrupt> {
    rows.into_iter().next().map(R::read).transpose()
}

/// The page of a list that was read with one row more than asked for.
pub fn page<R: Row>(rows: Vec<R>, limit: u32) -> Result<Page<R::Item>, Corrupt> {
    let Page { items, more } = Page::of(rows, limit);
    Ok(Page { items: items.into_iter().map(R::read).collect::<Result<_, _>>()?, more })
}

/// The only number of an answer.
pub fn total(rows: &[(i64,)]) -> u64 {
    rows.first().and_then(|(count,)| u64::try_from(*count).ok()).unwrap_or(0)
}

impl From<Corrupt> for sspp_engine::StoreError {
    fn from(Corrupt(reason): Corrupt) -> Self {
        Self::Corrupt { reason }
    }
}
