//! Signals: scored events, how they came to their scores, and figures over all.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sspp_core::Metadata;

use super::{ModelInfo, Pages};
use crate::client::Client;
use crate::error::Error;
use crate::url::Query;

/// A scored and stored event.
///
/// ```
/// # fn shown(signal: &sspp_client::Signal) {
/// println!("{}: {} is worth {}", signal.account_id, signal.event_type, signal.signal_score);
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Signal {
    /// Its number.
    pub id: i64,
    /// The account it is about.
    pub account_id: String,
    /// The person it is about.
    pub user_id: String,
    /// What happened.
    pub event_type: String,
    /// What that tells.
    pub signal_type: String,
    /// What it is worth: two decimals.
    pub signal_score: f64,
    /// When it happened: RFC 3339.
    pub timestamp: String,
    /// When it was scored: RFC 3339.
    pub processed_at: String,
    /// What else the producer said, with its numbers as they were written.
    pub metadata: Metadata,
    /// By which the event is known.
    pub event_id: String,
    /// SHA-256 of the scoring model that scored it.
    pub model: String,
    /// The system it came from, if it said so.
    pub source: Option<String>,
    /// The producer's own id for it, if it had one.
    pub external_id: Option<String>,
}

/// Which signals to list, and in which order: all of them, the last scored first, if nothing is said.
///
/// ```
/// use sspp_client::SignalQuery;
/// let hot = SignalQuery::default().account("acc_1").min_score(0.8).from("2026-01-01").sort_by("signal_score");
/// # let _ = hot;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct SignalQuery(Query);

macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $parameter:literal;)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, $name: $type) -> Self {
            self.0.set($parameter, &$name.to_string());
            self
        })*
    };
}

impl SignalQuery {
    filters! {
        /// Of this account.
        account: &str = "accountId";
        /// Of this user.
        user: &str = "userId";
        /// Of this event type.
        event_type: &str = "eventType";
        /// Of this signal type.
        signal_type: &str = "signalType";
        /// Of events at or after this instant: RFC 3339, or a date.
        from: impl fmt::Display = "from";
        /// Of events before this instant: RFC 3339, or a date.
        to: impl fmt::Display = "to";
        /// Worth at least this: two decimals.
        min_score: f64 = "minScore";
        /// Worth at most this: two decimals.
        max_score: f64 = "maxScore";
        /// By `processed_at` (the default), `timestamp`, `signal_score` or `id`.
        sort_by: &str = "sortBy";
        /// Signals a page, 1 to 100; 20 by default.
        page_size: u32 = "limit";
    }

    /// The lowest first, not the highest.
    pub fn ascending(mut self) -> Self {
        self.0.set("sortOrder", "ASC");
        self
    }
}

/// How a signal came to its score.
///
/// ```
/// # fn shown(explanation: &sspp_client::Explanation) {
/// for step in explanation.steps.iter().filter(|step| step.delta != 0.0) {
///     println!("{:+.2} {}", step.delta, step.reason);
/// }
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The signal's number.
    pub signal_id: i64,
    /// By which the event is known.
    pub event_id: String,
    /// What happened.
    pub event_type: String,
    /// What that tells.
    pub signal_type: String,
    /// The stored score.
    pub signal_score: f64,
    /// The scoring model that scored it.
    pub model: ModelInfo,
    /// What was done, in order; the deltas sum to the score.
    pub steps: Vec<ExplanationStep>,
    /// The whole in one sentence.
    pub summary: String,
    /// Whether the recomputed score is the stored one.
    pub consistent: bool,
}

/// One step towards a score.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ExplanationStep {
    /// `base`, `modifier`, `cap` or `round`.
    pub kind: String,
    /// The modifier's id.
    pub id: Option<String>,
    /// Whether the modifier applied.
    pub fired: Option<bool>,
    /// What the modifier's condition read.
    #[serde(default)]
    pub inputs: Vec<StepInput>,
    /// Why, in words.
    pub reason: String,
    /// What the step changed, at most four decimals.
    pub delta: f64,
    /// The sum after it, at most four decimals.
    pub total: f64,
}

/// A member of the event that a condition read.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct StepInput {
    /// Where, for instance `metadata.responseTimeHours`.
    pub path: String,
    /// Its value; null also where it is missing.
    pub value: Value,
}

/// Figures over all signals of the server.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SignalStats {
    /// How many signals are stored.
    pub total_signals: u64,
    /// How many accounts have a signal.
    pub unique_accounts: u64,
    /// How many users have a signal.
    pub unique_users: u64,
    /// The mean of all scores, if there is a signal.
    pub avg_signal_score: Option<f64>,
    /// Signals by signal type.
    pub signals_by_type: BTreeMap<String, u64>,
    /// Signals by event type.
    pub signals_by_event: BTreeMap<String, u64>,
}

impl Client {
    /// Lists signals, page by page as they are needed.
    pub fn signals(&self, query: &SignalQuery) -> Pages<Signal> {
        Pages::new(self.clone(), "/signals", query.0.clone())
    }

    /// One signal; `None` if there is none of this number.
    pub async fn signal(&self, id: i64) -> Result<Option<Signal>, Error> {
        self.get(format!("/signals/{id}")).await
    }

    /// How a signal came to its score; `None` if there is none of this number.
    pub async fn explanation(&self, id: i64) -> Result<Option<Explanation>, Error> {
        self.get(format!("/signals/{id}/explanation")).await
    }

    /// Figures over all signals of the server; [`stats`](Self::stats) are the client's own.
    pub async fn signal_stats(&self) -> Result<SignalStats, Error> {
        self.get_known("/signals/stats").await
    }
}
