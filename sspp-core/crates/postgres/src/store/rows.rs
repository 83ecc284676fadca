//! Rows of the store as the domain's types. What no release writes is a damaged store, not a panic.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::failure::Failure;
use sspp_engine::{DeadLetter, NewSignal, Signal};
use sspp_events::{
    AcceptedEvent, AccountId, ContentDigest, DeadLetterId, Event, EventId, EventType, ExternalId, Metadata,
    ModelDigest, Score, SignalId, SignalType, Source, Timestamp, Units, UserId,
};
use sspp_scoring::ModelRecord;

/// The columns of a [`SignalRow`].
macro_rules! signal_columns {
    () => {
        "id, event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, processed_at, \
         content, model, metadata::text AS metadata, source, external_id"
    };
}
pub(crate) use signal_columns;

/// The columns of a [`DeadLetterRow`].
macro_rules! letter_columns {
    () => {
        "id, event_id, content, payload, reason, detail, attempts, enqueued_at, died_at"
    };
}
pub(crate) use letter_columns;

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct SignalRow {
    id: i64,
    event_id: Uuid,
    account_id: String,
    user_id: String,
    event_type: String,
    signal_type: String,
    score: i64,
    timestamp: DateTime<Utc>,
    received_at: DateTime<Utc>,
    processed_at: DateTime<Utc>,
    content: Vec<u8>,
    model: Vec<u8>,
    metadata: String,
    source: Option<String>,
    external_id: Option<String>,
}

impl TryFrom<SignalRow> for Signal {
    type Error = Failure;
    fn try_from(row: SignalRow) -> Result<Self, Failure> {
        let event = Event {
            account_id: AccountId::new(row.account_id).map_err(Failure::corrupt)?,
            user_id: UserId::new(row.user_id).map_err(Failure::corrupt)?,
            event_type: EventType::new(row.event_type).map_err(Failure::corrupt)?,
            timestamp: Timestamp::from_datetime(row.timestamp),
            // It was checked before it was stored.
            metadata: Metadata::stored(RawValue::from_string(row.metadata).map_err(Failure::corrupt)?),
            source: row.source.map(Source::new).transpose().map_err(Failure::corrupt)?,
            external_id: row.external_id.map(ExternalId::new).transpose().map_err(Failure::corrupt)?,
        };
        let recorded = NewSignal {
            accepted: AcceptedEvent {
                event_id: EventId::from_uuid(row.event_id),
                received_at: Timestamp::from_datetime(row.received_at),
                event,
            }
            .into(),
            content: ContentDigest::from_bytes(digest(&row.content)?),
            signal_type: SignalType::new(row.signal_type).map_err(Failure::corrupt)?,
            score: Score::rounded(Units::new(row.score)),
            model: ModelDigest::from_bytes(digest(&row.model)?),
            processed_at: Timestamp::from_datetime(row.processed_at),
        };
        Ok(Self { id: SignalId::new(row.id), recorded })
    }
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DeadLetterRow {
    id: Uuid,
    event_id: Uuid,
    content: Option<Vec<u8>>,
    payload: Vec<u8>,
    reason: String,
    detail: String,
    attempts: i64,
    enqueued_at: DateTime<Utc>,
    died_at: DateTime<Utc>,
}

impl TryFrom<DeadLetterRow> for DeadLetter {
    type Error = Failure;
    fn try_from(row: DeadLetterRow) -> Result<Self, Failure> {
        Ok(Self {
            id: DeadLetterId::from_uuid(row.id),
            event_id: EventId::from_uuid(row.event_id),
            content: row.content.as_deref().map(digest).transpose()?.map(ContentDigest::from_bytes),
            payload: Bytes::from(row.payload),
            reason: row.reason.parse().map_err(|fault: String| Failure::corrupt(fault))?,
            detail: row.detail,
            attempts: u32::try_from(row.attempts).map_err(Failure::corrupt)?,
            enqueued_at: Timestamp::from_datetime(row.enqueued_at),
            died_at: Timestamp::from_datetime(row.died_at),
        })
    }
}

#[derive(Debug, sqlx::FromRow)]
pub(crate) struct ModelRow {
    digest: Vec<u8>,
    name: String,
    version: i64,
    document: String,
}

impl TryFrom<ModelRow> for ModelRecord {
    type Error = Failure;
    fn try_from(row: ModelRow) -> Result<Self, Failure> {
        Ok(Self {
            digest: ModelDigest::from_bytes(digest(&row.digest)?),
            name: row.name,
            version: u32::try_from(row.version).map_err(Failure::corrupt)?,
            document: row.document,
        })
    }
}

pub(crate) fn digest(bytes: &[u8]) -> Result<[u8; 32], Failure> {
    bytes.try_into().map_err(Failure::corrupt)
}
