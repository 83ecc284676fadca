//! Signals: scored events, and figures over all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sspp_events::{
    AccountId, EventId, EventType, ExternalId, Metadata, ModelDigest, SignalId, SignalType, Source,
    Timestamp, UserId,
};

use super::{Explanation, Pages, SignalQuery};
use crate::api::Call;
use crate::client::Client;
use crate::errors::Error;

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
    pub id: SignalId,
    /// The account it is about.
    pub account_id: AccountId,
    /// The person it is about.
    pub user_id: UserId,
    /// The event type.
    pub event_type: EventType,
    /// The signal type.
    pub signal_type: SignalType,
    /// The score: two decimals.
    pub signal_score: f64,
    /// When it happened.
    pub timestamp: Timestamp,
    /// When it was scored.
    pub processed_at: Timestamp,
    /// What else the producer said, with its numbers as they were written.
    pub metadata: Metadata,
    /// The event's id.
    pub event_id: EventId,
    /// SHA-256 of the scoring model that scored it.
    pub model: ModelDigest,
    /// The system it came from, if it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The producer's own id for it, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<ExternalId>,
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
    pub signals_by_type: BTreeMap<SignalType, u64>,
    /// Signals by event type.
    pub signals_by_event: BTreeMap<EventType, u64>,
}

impl Client {
    /// Lists signals, page by page as they are needed.
    pub fn signals(&self, query: &SignalQuery) -> Pages<Signal> {
        Pages::new(self.clone(), "/signals", query.0.clone())
    }

    /// One signal; `None` if there is none of this number.
    pub async fn signal(&self, id: SignalId) -> Result<Option<Signal>, Error> {
        self.find(format!("/signals/{id}")).await
    }

    /// How a signal came to its score; `None` if there is none of this number.
    pub async fn explanation(&self, id: SignalId) -> Result<Option<Explanation>, Error> {
        self.find(format!("/signals/{id}/explanation")).await
    }

    /// Figures over all signals of the server; [`stats`](Self::stats) are the client's own.
    pub async fn signal_stats(&self) -> Result<SignalStats, Error> {
        self.ask(Call::get("/signals/stats")).await
    }
}
