//! Small, valid things for tests, each of a number.
#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "what they are given is a test's own text"
)]

use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;

use sspp_engine::{DeadLetterReason, NewDeadLetter, NewJob, NewSignal, Record};
use sspp_events::{
    AcceptedEvent, AccountId, ContentDigest, DeadLetterId, Event, EventId, EventType, Metadata, ModelDigest,
    Score, SignalType, Timestamp, Units, UserId,
};
use sspp_scoring::ModelRecord;

/// 2026-01-01T00:00:00Z in microseconds: when events of tests happen.
const START: i64 = 1_767_225_600_000_000;

/// An instant this many seconds after 2026-01-01T00:00:00Z.
///
/// ```
/// assert_eq!(sspp_core::testing::builders::at(90).to_string(), "2026-01-01T00:01:30.000Z");
/// ```
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START + seconds * 1_000_000).expect("a test's instant is between 1970 and 9999")
}

/// The event id of a number.
///
/// ```
/// use sspp_core::testing::builders::event_id;
/// assert_ne!(event_id(1), event_id(2));
/// ```
pub fn event_id(number: u64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(0x0197_d3c5_5c00_7000_8000_0000_0000_0000 | u128::from(number)))
}

/// A job: event `number` of one of ten accounts, with a payload that names it, enqueued `number` seconds after the start.
///
/// ```
/// assert_eq!(sspp_core::testing::builders::job(7).payload, "payload 7");
/// ```
pub fn job(number: u64) -> NewJob {
    let account_id = AccountId::new(format!("acc_{}", number % 10)).expect("a valid account id");
    NewJob::new(event_id(number), account_id, format!("payload {number}"))
}

/// Starts a signal: event `number`, a call made by user `user_1` of account `acc_1`, worth 0.50, `number` seconds after
/// the start. It names the [`model`] 0, which a store has to have.
///
/// ```
/// use sspp_core::testing::builders::signal;
/// let signal = signal(1).account("acc_9").score(7_500).build();
/// assert_eq!(signal.score.to_string(), "0.75");
/// ```
pub fn signal(number: u64) -> SignalBuilder {
    let timestamp = at(i64::try_from(number).unwrap_or(0));
    let event = Event {
        account_id: AccountId::new("acc_1").expect("a valid account id"),
        user_id: UserId::new("user_1").expect("a valid user id"),
        event_type: EventType::CALL_MADE,
        timestamp,
        metadata: Metadata::default(),
        source: None,
        external_id: None,
    };
    SignalBuilder {
        signal: NewSignal {
            content: ContentDigest::of(&event),
            accepted: AcceptedEvent { event_id: event_id(number), received_at: timestamp, event }.into(),
            signal_type: SignalType::ENGAGEMENT,
            score: Score::rounded(Units::new(5_000)),
            model: model(0).digest,
            processed_at: timestamp,
        },
    }
}

/// A signal in the making; [`signal`] starts it.
///
/// ```
/// use sspp_core::testing::builders::signal;
/// assert_ne!(signal(1).build().content, signal(1).user("user_2").build().content);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct SignalBuilder {
    signal: NewSignal,
}

impl SignalBuilder {
    fn event(mut self, change: impl FnOnce(&mut Event)) -> Self {
        change(&mut Arc::make_mut(&mut self.signal.accepted).event);
        self.signal.content = ContentDigest::of(&self.signal.accepted.event);
        self
    }

    /// Of this account.
    pub fn account(self, id: &str) -> Self {
        self.event(|event| event.account_id = AccountId::new(id).expect("a valid account id"))
    }

    /// Of this user.
    pub fn user(self, id: &str) -> Self {
        self.event(|event| event.user_id = UserId::new(id).expect("a valid user id"))
    }

    /// Of this event type.
    pub fn event_type(self, name: &str) -> Self {
        self.event(|event| event.event_type = EventType::new(name).expect("a valid event type"))
    }

    /// With this metadata, the text of a JSON object.
    pub fn metadata(self, json: &str) -> Self {
        self.event(|event| event.metadata = Metadata::parse(json).expect("valid metadata"))
    }

    /// From this source, under this id of the producer's.
    pub fn from_source(self, source: &str, external_id: &str) -> Self {
        self.event(|event| {
            event.source = sspp_events::Source::new(source).ok();
            event.external_id = sspp_events::ExternalId::new(external_id).ok();
        })
    }

    /// Happened then.
    pub fn timestamp(self, timestamp: Timestamp) -> Self {
        self.event(|event| event.timestamp = timestamp)
    }

    /// Received and scored then.
    pub fn processed_at(mut self, instant: Timestamp) -> Self {
        Arc::make_mut(&mut self.signal.accepted).received_at = instant;
        self.signal.processed_at = instant;
        self
    }

    /// Tells this.
    pub fn signal_type(mut self, name: &str) -> Self {
        self.signal.signal_type = SignalType::new(name).expect("a valid signal type");
        self
    }

    /// Is worth this many units of 0.0001.
    pub fn score(mut self, units: i64) -> Self {
        self.signal.score = Score::rounded(Units::new(units));
        self
    }

    /// The signal.
    pub fn build(self) -> NewSignal {
        self.signal
    }

    /// The signal as something to record, with a payload that names its event.
    pub fn record(self) -> Record {
        let payload = Bytes::from(format!("payload of {}", self.signal.accepted.event_id));
        Record::Signal { signal: self.signal, payload }
    }
}

/// The dead letter of event `number`: every attempt failed.
///
/// ```
/// let letter = sspp_core::testing::builders::dead_letter(3);
/// assert_eq!(letter.id.as_uuid(), letter.event_id.as_uuid());
/// ```
pub fn dead_letter(number: u64) -> NewDeadLetter {
    NewDeadLetter {
        id: DeadLetterId::of_event(event_id(number)),
        event_id: event_id(number),
        content: None,
        payload: Bytes::from(format!("payload {number}")),
        reason: DeadLetterReason::AttemptsExhausted,
        detail: "3 attempts failed".to_owned(),
        attempts: 3,
        enqueued_at: at(0),
        died_at: at(60),
    }
}

/// The scoring model of a number: a record whose document is no real model.
///
/// ```
/// assert_eq!(sspp_core::testing::builders::model(2).version, 2);
/// ```
pub fn model(number: u32) -> ModelRecord {
    let mut digest = [0; 32];
    digest[..4].copy_from_slice(&number.to_be_bytes());
    ModelRecord {
        digest: ModelDigest::from_bytes(digest),
        name: "test".to_owned(),
        version: number,
        document: format!(r#"{{"name":"test","version":{number}}}"#),
    }
}
