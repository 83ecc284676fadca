//! The engine of SSPP, the Sales Signal Processing Platform.
//!
//! An [`Event`] (an email was opened, a meeting was booked) is validated, scored by a [`ScoringModel`] and stored as a
//! [`Signal`] that can explain its score. [`Intake`] takes events: *direct* intake does all of that in one commit of a
//! [`Store`]; *queued* intake puts each event as an [`Envelope`] into an [`EventQueue`], from which a [`Pipeline`] takes it.
//! Adapters make both ports real.
//!
//! ```
//! use sspp_core::{Event, ScoringModel};
//!
//! let model = ScoringModel::embedded_default();
//! let event = Event::builder("acc_1", "user_1", "email_clicked", "2024-12-21T10:00:00Z")
//!     .metadata(r#"{"responseTimeHours": 2}"#)
//!     .build()
//!     .unwrap();
//! let scored = model.score(&event).unwrap();
//! assert_eq!(scored.score.to_string(), "0.70");
//! ```
//!
//! What only the family itself needs stays in its crates. The crates whose types are in signatures here are exported too, so that others can name and implement everything with this
//! crate alone.
//!
//! Behind it stands a family of crates, each a floor that uses only those below: `sspp-events`, `sspp-scoring`, `sspp-engine` (always
//! here), and the adapters, each by its feature: `sqlite` (store in one file), `redis` (queue), `postgres` (store).
//! Other features: `testing` (contract suites and fakes), `mock` (mockall mocks of the ports), `servers` (Redis and PostgreSQL for
//! tests); `jiff` and `time` let the types of those libraries convert into a [`Timestamp`].

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use sspp_engine::{
    Admission, Cursor, CursorFault, CursorKey, DeadLetter, DeadLetterCursor, DeadLetterFilter,
    DeadLetterQuery, DeadLetterReason, DeadLetters, Delivery, DirectConfig, Durability, Envelope,
    EnvelopeFault, Erasable, Erased, Erasure, ErasureDigest, EventQueue, FailureClass, Horizon, Housekeeping,
    Intake, IntakeError, IntakeOutcome, JobState, MemoryEventQueue, MemoryStore, Models, NewDeadLetter,
    NewJob, NewSignal, NumberedDeadLetter, Page, PayloadFacts, Pipeline, PipelineConfig, Position,
    QueueDepth, QueueError, QueuedJob, Receipt, Record, Recorded, ReplayError, Replayed, Retention, Settled,
    Settlement, Signal, SignalFilter, SignalQuery, SignalStats, Signals, Store, StoreError, StoreStatus,
    Total, TraceContext, Upkeep, Verdict, adapter, erase_some, recording, replay, replay_all,
};
pub use sspp_events::{
    AcceptedEvent, AccountId, BatchFault, BatchFormat, Clock, CloudEventAttributes, ContentDigest,
    DeadLetterId, Event, EventBuilder, EventId, EventType, ExternalId, IdFault, IdFormFault, KnownTypes,
    ManualClock, Metadata, MetadataFault, ModelDigest, ParseFault, Random, RetryPolicy, Score, ScoreFault,
    SeededRandom, SignalId, SignalType, SortBy, SortOrder, Source, SystemClock, SystemRandom, Timestamp,
    TimestampFault, Units, UserId, Violation, Violations, parse_batch, parse_cloud_event,
    parse_cloud_event_data, parse_event, parse_unsent_event,
};
#[cfg(feature = "postgres")]
pub use sspp_postgres::{LegacyError, LegacySignal, LegacySignals, PgConfig, PgOpenError, PgStore};
#[cfg(feature = "redis")]
pub use sspp_redis::{RedisConfig, RedisEventQueue, RedisOpenError};
pub use sspp_scoring::{
    AccountRules, EventRule, Explanation, GroupRule, ModelFault, ModelFaults, ModelModifier, ModelRecord,
    Scored, ScoringModel, ScoringModelBuilder, Step, StepInput, StepKind, TierRule, UnknownEventType,
};
#[cfg(feature = "sqlite")]
pub use sspp_sqlite::{SqliteConfig, SqliteOpenError, SqliteStore};
#[cfg(feature = "testing")]
pub use sspp_testing as testing;
#[cfg(feature = "testing")]
pub use sspp_testing::{queue_contract, store_contract};
pub use {async_trait, bytes, chrono, indexmap, serde_json, tokio, tokio_util, uuid};

/// The examples of the README, which run as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What is hidden in the crates of the family is not reachable here.
///
/// ```compile_fail,E0432
/// use sspp_core::trace_spans;
/// ```
/// ```compile_fail,E0432
/// use sspp_core::one_line;
/// ```
#[cfg(doctest)]
struct Hidden;
