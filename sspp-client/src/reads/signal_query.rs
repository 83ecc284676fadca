//! Which signals to list or to export.

use std::fmt::Display;

use sspp_events::{AccountId, EventType, Score, SignalType, SortBy, SortOrder, Timestamp, UserId};

use super::parameters::Parameters;

/// Which signals, and in which order: all of them, the last scored first, if nothing is said.
///
/// A value that is not valid is refused before anything is sent: reading gives [`Error::Request`](crate::Error::Request), which names
/// every such value.
///
/// ```
/// use sspp_client::{SignalQuery, SortBy, SortOrder};
/// let hot = SignalQuery::default().account("acc_1").min_score(0.8).from("2026-01-01");
/// let hot = hot.sort_by(SortBy::Score).order(SortOrder::Descending);
/// # let _ = hot;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SignalQuery(pub(super) Parameters);

impl SignalQuery {
    /// Of this account: an [`AccountId`], or its text.
    pub fn account(mut self, account: impl AsRef<str>) -> Self {
        self.0.set("accountId", "invalid_id", AccountId::new(account.as_ref()));
        self
    }

    /// Of this user: a [`UserId`], or its text.
    pub fn user(mut self, user: impl AsRef<str>) -> Self {
        self.0.set("userId", "invalid_id", UserId::new(user.as_ref()));
        self
    }

    /// Of this event type: an [`EventType`], or its text; one of the server's scoring model.
    pub fn event_type(mut self, event_type: impl AsRef<str>) -> Self {
        self.0.set("eventType", "invalid_type", EventType::new(event_type.as_ref()));
        self
    }

    /// Of this signal type: a [`SignalType`], or its text; one of the server's scoring model.
    pub fn signal_type(mut self, signal_type: impl AsRef<str>) -> Self {
        self.0.set("signalType", "invalid_type", SignalType::new(signal_type.as_ref()));
        self
    }

    /// Of events that happened at or after this instant: a [`Timestamp`], an instant of chrono's, of the standard library's or, by their
    /// features, of jiff's or time's, or a text: RFC 3339, a date, or a date-time without offset. The last two are UTC.
    pub fn from(mut self, from: impl TryInto<Timestamp, Error: Display>) -> Self {
        self.0.set_instant("from", from);
        self
    }

    /// Of events that happened before this instant: as [`from`](Self::from).
    pub fn to(mut self, to: impl TryInto<Timestamp, Error: Display>) -> Self {
        self.0.set_instant("to", to);
        self
    }

    /// Worth at least this: a [`Score`], or a number from 0 to 1,000 with at most two decimals.
    pub fn min_score(mut self, score: impl TryInto<Score, Error: Display>) -> Self {
        self.0.set("minScore", "not_a_score", score.try_into());
        self
    }

    /// Worth at most this: as [`min_score`](Self::min_score).
    pub fn max_score(mut self, score: impl TryInto<Score, Error: Display>) -> Self {
        self.0.set("maxScore", "not_a_score", score.try_into());
        self
    }

    /// Sorted by this; by when they were scored if nothing is said. Not for exports.
    pub fn sort_by(mut self, sort_by: SortBy) -> Self {
        self.0.set_unchecked("sortBy", sort_by.as_str());
        self
    }

    /// In this direction; the largest, or newest, first if nothing is said. Not for exports.
    pub fn order(mut self, order: SortOrder) -> Self {
        self.0.set_unchecked("sortOrder", if order == SortOrder::Ascending { "ASC" } else { "DESC" });
        self
    }

    /// Signals a page, 1 to 100; 20 if nothing is said.
    pub fn page_size(mut self, signals: u32) -> Self {
        self.0.set_limit(signals, 100);
        self
    }

    /// From where an earlier list stopped: the `next_cursor` of a [`Page`](crate::Page). Not for exports.
    pub fn cursor(mut self, cursor: impl AsRef<str>) -> Self {
        self.0.set_unchecked("cursor", cursor.as_ref());
        self
    }
}
