//! What a batch adds to the figures over all signals, or takes from them.

use std::collections::BTreeMap;

use crate::NewSignal;

/// What the figures need of a signal.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    /// Its account.
    pub account_id: &'a str,
    /// Its user.
    pub user_id: &'a str,
    /// Its event type.
    pub event_type: &'a str,
    /// Its signal type.
    pub signal_type: &'a str,
    /// Its score, in units of 0.0001.
    pub score: i64,
}

impl<'a> From<&'a NewSignal> for Counted<'a> {
    fn from(signal: &'a NewSignal) -> Self {
        let event = &signal.accepted.event;
        Self {
            account_id: event.account_id.as_str(),
            user_id: event.user_id.as_str(),
            event_type: event.event_type.as_str(),
            signal_type: signal.signal_type.as_str(),
            score: signal.score.units().get(),
        }
    }
}

/// What changes, sorted: so that every writer locks rows in the same order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Figures<'a> {
    /// By event type and signal type: signals, and the sum of their scores.
    pub types: BTreeMap<(&'a str, &'a str), (i64, i64)>,
    /// Signals by account.
    pub accounts: BTreeMap<&'a str, i64>,
    /// Signals by user.
    pub users: BTreeMap<&'a str, i64>,
    /// Dead letters.
    pub dead_letters: i64,
    /// Whether signals were taken away: then names may have none left.
    pub shrinks: bool,
}

impl<'a> Figures<'a> {
    /// Counts an inserted signal.
    pub fn add(&mut self, signal: impl Into<Counted<'a>>) {
        self.count(signal.into(), 1);
    }

    /// What changes when these signals are removed.
    pub fn without_signals(removed: impl IntoIterator<Item: Into<Counted<'a>>>) -> Self {
        let mut figures = Self { shrinks: true, ..Self::default() };
        removed.into_iter().for_each(|signal| figures.count(signal.into(), -1));
        figures
    }

    /// What changes when so many dead letters are removed.
    pub fn without_letters(removed: u64) -> Self {
        Self { dead_letters: -i64::try_from(removed).unwrap_or(i64::MAX), ..Self::default() }
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty() && self.dead_letters == 0
    }

    fn count(&mut self, signal: Counted<'a>, by: i64) {
        let types = self.types.entry((signal.event_type, signal.signal_type)).or_default();
        types.0 += by;
        types.1 += by * signal.score;
        *self.accounts.entry(signal.account_id).or_default() += by;
        *self.users.entry(signal.user_id).or_default() += by;
    }
}
