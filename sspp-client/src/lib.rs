#![doc = include_str!("guide.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod builder;
mod client;
mod errors;
mod event;
mod outbox;
mod reads;
mod settings;
#[cfg(feature = "spool")]
pub mod spool;
mod transport;
mod words;

pub use async_trait::async_trait;
pub use builder::{BuildError, ClientBuilder};
pub use bytes::Bytes;
#[cfg(feature = "local-scoring")]
pub use client::LocalScore;
#[cfg(feature = "mock")]
pub use client::MockSignalEmitter;
#[cfg(feature = "blocking")]
pub use client::blocking;
pub use client::{Client, HttpClient, MemoryEmitter, SignalEmitter};
pub use errors::{Error, Problem};
pub use event::SalesEvent;
pub use outbox::{CloseReport, DropReason, DroppedEvent, Outcome, RejectedEvent, Stats, Verdict};
pub use reads::{
    ActiveModel, DeadLetter, DeadLetterEdit, DeadLetterQuery, DeadLetterSummary, Erasure, EventContent,
    EventState, EventTypeInfo, EventTypes, Explanation, ExplanationStep, Export, ExportFormat,
    ExportedSignal, Health, Job, JobSignal, JobStats, ModelInfo, Page, Pages, Preview, PreviewResult, Ready,
    Replay, ReplayMany, Replayed, Replays, ServiceHealth, Settled, Signal, SignalQuery, SignalStats,
    SkippedLetter, StepInput, Total, Validation,
};
pub use settings::{Backoff, Overflow};
pub use sspp_events::{
    AccountId, Clock, DeadLetterId, Event, EventBuilder, EventId, EventType, ExternalId, IdFault,
    IdFormFault, ManualClock, Metadata, MetadataFault, ModelDigest, Random, Score, ScoreFault, SeededRandom,
    SignalId, SignalType, SortBy, SortOrder, Source, SystemClock, SystemRandom, Timestamp, TimestampFault,
    Units, UserId, Violation, Violations,
};
pub use transport::{AnswerStream, Transport, TransportError};
pub use words::{
    DeadLetterReason, DurabilityStatus, ErasureKind, HealthStatus, IntakeKind, JobState, PreviewStatus,
    ReplayStatus, StepKind,
};
/// The crates whose types are in signatures here, in the version that is used.
pub use {chrono, futures_util, http, serde_json, uuid};
