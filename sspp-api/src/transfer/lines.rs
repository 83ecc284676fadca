//! What a line of an import says: a signal, a scoring model, or an event that is still to be scored.

use serde::Deserialize;
use serde_json::value::RawValue;
use sspp_core::{
    AccountId, ContentDigest, Envelope, Event, EventId, EventType, ExternalId, Metadata, ModelDigest,
    ModelRecord, NewSignal, Record, Score, ScoringModel, SignalType, Source, Timestamp, Units, UserId,
    parse_event,
};
use sspp_events::read_text;

/// The highest score that a store takes: 1,000.00.
const MAX_SCORE: Score = Score::rounded(Units::new(1_000 * Units::PER_ONE));

/// A line.
#[derive(Debug)]
pub(super) enum Line {
    Signal(Box<Record>),
    Model(ModelRecord),
    Event(Event),
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignalIn<'l> {
    event_id: EventId,
    account_id: AccountId,
    user_id: UserId,
    event_type: EventType,
    timestamp: Timestamp,
    received_at: Timestamp,
    source: Option<Source>,
    external_id: Option<ExternalId>,
    signal_type: SignalType,
    signal_score: f64,
    model: ModelDigest,
    processed_at: Timestamp,
    #[serde(borrow)]
    metadata: &'l RawValue,
}

#[derive(Deserialize)]
struct ModelIn {
    digest: ModelDigest,
    name: String,
    version: u32,
    document: String,
}

impl Line {
    /// Reads a line, or says what is wrong with it. An event without an id gets the one given by an earlier import, else one that
    /// follows from its content and the line's number, so that it counts once however often the file is imported.
    pub(super) fn read(
        line: &[u8],
        number: u64,
        given_id: Option<&str>,
        model: &ScoringModel,
        now: Timestamp,
    ) -> Result<Self, String> {
        let text = read_text(line).map_err(|fault| format!("it {fault}"))?;
        let Kind { kind } =
            serde_json::from_str(text).map_err(|error| format!("it is not a JSON object: {error}"))?;
        match kind.as_deref() {
            Some("signal") => Ok(Self::Signal(Box::new(signal(text)?))),
            Some("model") => Ok(Self::Model(record(text)?)),
            Some(kind) => {
                let shown: String = kind.chars().take(50).collect();
                Err(format!("its kind is '{shown}', which is neither signal nor model"))
            }
            None => {
                let mut event =
                    parse_event(text.as_bytes(), model, now).map_err(|fault| fault.to_string())?;
                if event.external_id.is_none() {
                    let made = || format!("import-{number}-{}", ContentDigest::of(&event));
                    let id = given_id.map_or_else(made, str::to_owned);
                    event.external_id = Some(ExternalId::new(id).map_err(|fault| fault.to_string())?);
                }
                Ok(Self::Event(event))
            }
        }
    }
}

fn signal(text: &str) -> Result<Record, String> {
    let line: SignalIn<'_> =
        serde_json::from_str(text).map_err(|error| format!("it is not a signal: {error}"))?;
    let score = Units::from_f64(line.signal_score).map(Score::rounded);
    let score = score
        .filter(|score| score.to_f64().total_cmp(&line.signal_score).is_eq() && *score <= MAX_SCORE)
        .ok_or_else(|| {
            format!("signalScore {} is not a score from 0 to 1000 with two decimals", line.signal_score)
        })?;
    let event = Event {
        account_id: line.account_id,
        user_id: line.user_id,
        event_type: line.event_type,
        timestamp: line.timestamp,
        metadata: Metadata::parse(line.metadata.get()).map_err(|fault| fault.to_string())?,
        source: line.source,
        external_id: line.external_id,
    };
    Ok(scored(line.event_id, line.received_at, event, line.signal_type, score, line.model, line.processed_at))
}

/// A signal as something to record.
pub(super) fn scored(
    event_id: EventId,
    received_at: Timestamp,
    event: Event,
    signal_type: SignalType,
    score: Score,
    model: ModelDigest,
    processed_at: Timestamp,
) -> Record {
    let content = ContentDigest::of(&event);
    let envelope = Envelope { event_id, event };
    let payload = envelope.encode();
    let accepted = envelope.received(received_at);
    Record::Signal {
        signal: NewSignal { accepted: accepted.into(), content, signal_type, score, model, processed_at },
        payload,
    }
}

fn record(text: &str) -> Result<ModelRecord, String> {
    let line: ModelIn = serde_json::from_str(text).map_err(|error| format!("it is not a model: {error}"))?;
    let model =
        ScoringModel::from_json(&line.document).map_err(|faults| format!("its document: {faults}"))?;
    if model.digest() != line.digest {
        return Err(format!("its digest is {}, but the document's is {}", line.digest, model.digest()));
    }
    Ok(ModelRecord { digest: line.digest, name: line.name, version: line.version, document: line.document })
}
