//! Which signals to list or to export.

use std::fmt::Display;

use sspp_events::{AccountId, EventType, Score, SignalType, SortBy, SortOrder, Timestamp, UserId};

use super::parameters::{Parameters, setters};

/// Which signals, and in which order: all of them, the last scored first, by default.
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
    setters! {
        /// Of this account: an [`AccountId`], or its text.
        account = text("accountId", AccountId, "invalid_id");
        /// Of this user: a [`UserId`], or its text.
        user = text("userId", UserId, "invalid_id");
        /// Of this event type: an [`EventType`], or its text; one of the server's scoring model.
        event_type = text("eventType", EventType, "invalid_type");
        /// Of this signal type: a [`SignalType`], or its text; one of the server's scoring model.
        signal_type = text("signalType", SignalType, "invalid_type");
        /// Of events that happened at or after this instant: a [`Timestamp`], an instant of chrono's, of the standard library's or, by their
        /// features, of jiff's or time's, or a text: RFC 3339, a date, or a date-time without offset. The last two are UTC.
        from = instant("from");
        /// Of events that happened before this instant: as [`from`](Self::from).
        to = instant("to");
        /// Worth at least this: a [`Score`], or a number from 0 to 1,000 with at most two decimals.
        min_score = score("minScore");
        /// Worth at most this: as [`min_score`](Self::min_score).
        max_score = score("maxScore");
        /// Signals a page, 1 to 100; 20 by default.
        page_size = limit(100);
        /// From where an earlier list stopped: the `next_cursor` of a [`Page`](crate::Page). Not for exports.
        cursor = unchecked("cursor");
    }

    /// Sorted by this; by default by when they were scored. Not for exports.
    pub fn sort_by(mut self, sort_by: SortBy) -> Self {
        self.0.set_unchecked("sortBy", sort_by.as_str());
        self
    }

    /// In this direction; by default the largest, or newest, first. Not for exports.
    pub fn order(mut self, order: SortOrder) -> Self {
        self.0.set_unchecked("sortOrder", if order == SortOrder::Ascending { "ASC" } else { "DESC" });
        self
    }
}
