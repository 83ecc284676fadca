//! How lists of signals are sorted: words that servers and clients share.

/// By which column a list is sorted; the signal id decides between equals, in the same direction.
///
/// ```
/// assert_eq!(sspp_core::SortBy::default(), sspp_core::SortBy::ProcessedAt);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// When the signal was scored.
    #[default]
    ProcessedAt,
    /// When the event happened.
    Timestamp,
    /// What the signal is worth.
    Score,
    /// In the order the store took them.
    Id,
}

impl SortBy {
    /// Every column, in the order error messages list them.
    pub const ALL: [Self; 4] = [Self::ProcessedAt, Self::Timestamp, Self::Score, Self::Id];

    /// The column as the API and its cursors write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProcessedAt => "processed_at",
            Self::Timestamp => "timestamp",
            Self::Score => "signal_score",
            Self::Id => "id",
        }
    }
}

/// In which direction a list runs.
///
/// ```
/// assert_eq!(sspp_core::SortOrder::default(), sspp_core::SortOrder::Descending);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SortOrder {
    /// Smallest, oldest first.
    Ascending,
    /// Largest, newest first.
    #[default]
    Descending,
}
