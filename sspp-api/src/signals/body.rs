//! Signals as rows (`snake_case`, as the predecessor's table had them), pages of them, and figures over all.

use std::sync::Arc;

use poem_openapi::Object;
use serde::Serialize;
use serde_with::skip_serializing_none;
use sspp_core::{AcceptedEvent, Signal, SignalStats};

use crate::http::schema::{Counts, Instant, RawJson};

/// A scored and stored event.
#[skip_serializing_none]
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Signal")]
pub(crate) struct SignalBody {
    /// Its number.
    pub(crate) id: i64,
    /// The account it is about.
    pub(crate) account_id: String,
    /// The user it is about.
    pub(crate) user_id: String,
    /// The event type.
    pub(crate) event_type: String,
    /// The signal type.
    pub(crate) signal_type: String,
    /// The score, with two decimals.
    pub(crate) signal_score: f64,
    /// When it happened.
    pub(crate) timestamp: Instant,
    /// When it was scored.
    pub(crate) processed_at: Instant,
    /// The event's metadata, without the white space between its parts.
    pub(crate) metadata: RawJson,
    /// The event's id.
    pub(crate) event_id: String,
    /// SHA-256 of the scoring model that scored it.
    pub(crate) model: String,
    /// The system that the event came from, if the producer named it.
    pub(crate) source: Option<String>,
    /// The producer's own id for the event, if it gave one.
    pub(crate) external_id: Option<String>,
}

impl From<Signal> for SignalBody {
    fn from(signal: Signal) -> Self {
        let stored = signal.recorded;
        let AcceptedEvent { event_id, event, .. } = Arc::unwrap_or_clone(stored.accepted);
        Self {
            id: signal.id.get(),
            account_id: event.account_id.into(),
            user_id: event.user_id.into(),
            event_type: event.event_type.into(),
            signal_type: stored.signal_type.into(),
            signal_score: stored.score.to_f64(),
            timestamp: Instant(event.timestamp),
            processed_at: Instant(stored.processed_at),
            metadata: RawJson(event.metadata),
            event_id: event_id.to_string(),
            model: stored.model.to_string(),
            source: event.source.map(String::from),
            external_id: event.external_id.map(String::from),
        }
    }
}

/// Where in the list this page is, and how to get to the next.
// What may be null is not required in the document, though it is always there: datamodel-code-generator makes a type without null of what is
// required.
#[derive(Debug, Serialize, Object)]
#[serde(rename_all = "camelCase")]
#[oai(rename_all = "camelCase")]
pub(crate) struct Pagination {
    /// The page's number; null where a cursor was followed.
    #[oai(nullable)]
    pub(crate) page: Option<u32>,
    /// Rows a page.
    pub(crate) limit: u32,
    /// How many rows the filter has.
    pub(crate) total: u64,
    /// How many pages that makes.
    pub(crate) total_pages: u64,
    /// The `cursor` of the next page; null on the last.
    #[oai(nullable)]
    pub(crate) next_cursor: Option<String>,
    /// False when there are more than `total` rows and they were not counted.
    pub(crate) total_is_exact: bool,
}

/// A page of signals.
#[derive(Debug, Serialize, Object)]
pub(crate) struct SignalPage {
    /// The rows.
    pub(crate) data: Vec<SignalBody>,
    /// Where this page is.
    pub(crate) pagination: Pagination,
}

/// Figures over all signals.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "SignalStats")]
pub(crate) struct StatsBody {
    /// How many signals are stored.
    total_signals: u64,
    /// How many accounts have a signal.
    unique_accounts: u64,
    /// How many users have a signal.
    unique_users: u64,
    /// The mean of all scores; null without a signal.
    #[oai(nullable)]
    avg_signal_score: Option<f64>,
    /// Signals by signal type, the most frequent first.
    signals_by_type: Counts,
    /// Signals by event type, the most frequent first.
    signals_by_event: Counts,
}

impl From<SignalStats> for StatsBody {
    fn from(stats: SignalStats) -> Self {
        let avg_signal_score = stats.average_score();
        let by_type = stats.by_signal_type.into_iter().map(|(name, count)| (name.into(), count));
        let by_event = stats.by_event_type.into_iter().map(|(name, count)| (name.into(), count));
        Self {
            total_signals: stats.signals,
            unique_accounts: stats.accounts,
            unique_users: stats.users,
            avg_signal_score,
            signals_by_type: Counts(by_type.collect()),
            signals_by_event: Counts(by_event.collect()),
        }
    }
}
