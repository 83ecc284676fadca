//! Rows of the store as the domain's types. What no release writes is a damaged file, not a panic.

use bytes::Bytes;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::failure::Failure;
use crate::queue_rows::{read_count, read_event_id, read_instant};
use sspp_engine::{DeadLetter, NewSignal, Signal};
use sspp_events::{
    AcceptedEvent, AccountId, ContentDigest, DeadLetterId, Event, EventType, ExternalId, Metadata,
    ModelDigest, Score, SignalId, SignalType, Source, Units, UserId,
};
use sspp_scoring::ModelRecord;

/// The columns of a [`SignalRow`].
macro_rules! signal_columns {
    () => {
        "id, event_id, account_id, user_id, event_type, signal_type, score, timestamp, received_at, processed_at, \
         content, model, metadata, source, external_id"
    };
}
pub(crate) use signal_columns;

/// A row of signals, in the order of [`signal_columns`].
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct SignalRow {
    id: i64,
    event_id: Vec<u8>,
    account_id: String,
    user_id: String,
    event_type: String,
    signal_type: String,
    score: i64,
    timestamp: i64,
    received_at: i64,
    processed_at: i64,
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
            timestamp: read_instant(row.timestamp)?,
            // It was checked before it was stored.
            metadata: Metadata::stored(RawValue::from_string(row.metadata).map_err(Failure::corrupt)?),
            source: row.source.map(Source::new).transpose().map_err(Failure::corrupt)?,
            external_id: row.external_id.map(ExternalId::new).transpose().map_err(Failure::corrupt)?,
        };
        let recorded = NewSignal {
            accepted: AcceptedEvent {
                event_id: read_event_id(&row.event_id)?,
                received_at: read_instant(row.received_at)?,
                event,
            }
            .into(),
            content: ContentDigest::from_bytes(read_digest(&row.content)?),
            signal_type: SignalType::new(row.signal_type).map_err(Failure::corrupt)?,
            score: Score::rounded(Units::new(row.score)),
            model: ModelDigest::from_bytes(read_digest(&row.model)?),
            processed_at: read_instant(row.processed_at)?,
        };
        Ok(Self { id: SignalId::new(row.id), recorded })
    }
}

/// A row of dead letters.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct DeadLetterRow {
    id: Vec<u8>,
    event_id: Vec<u8>,
    content: Option<Vec<u8>>,
    payload: Vec<u8>,
    reason: String,
    detail: String,
    attempts: i64,
    enqueued_at: i64,
    died_at: i64,
}

impl TryFrom<DeadLetterRow> for DeadLetter {
    type Error = Failure;
    fn try_from(row: DeadLetterRow) -> Result<Self, Failure> {
        Ok(Self {
            id: DeadLetterId::from_uuid(Uuid::from_slice(&row.id).map_err(Failure::corrupt)?),
            event_id: read_event_id(&row.event_id)?,
            content: row.content.as_deref().map(read_digest).transpose()?.map(ContentDigest::from_bytes),
            payload: Bytes::from(row.payload),
            reason: row.reason.parse().map_err(|fault: String| Failure::corrupt(fault))?,
            detail: row.detail,
            attempts: read_count(row.attempts)?,
            enqueued_at: read_instant(row.enqueued_at)?,
            died_at: read_instant(row.died_at)?,
        })
    }
}

/// A row of models.
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
            digest: ModelDigest::from_bytes(read_digest(&row.digest)?),
            name: row.name,
            version: read_count(row.version)?,
            document: row.document,
        })
    }
}

pub(crate) fn read_digest(bytes: &[u8]) -> Result<[u8; 32], Failure> {
    bytes.try_into().map_err(Failure::corrupt)
}
