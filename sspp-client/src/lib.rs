#![doc = include_str!("guide.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
mod assemble;
mod background;
mod backoff;
mod batch;
#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
mod call;
mod client;
mod core;
mod delivery;
mod disk;
mod draft;
mod emitter;
mod encode;
mod error;
mod event;
mod gather;
mod intake;
#[cfg(feature = "local-scoring")]
mod local;
mod memory;
#[cfg(feature = "mock")]
mod mock;
mod notices;
mod outcome;
mod problem;
mod queue;
mod reads;
mod sending;
mod settings;
#[cfg(feature = "spool")]
pub mod spool;
mod stats;
mod transport;
mod url;

pub use async_trait::async_trait;
pub use backoff::Backoff;
pub use builder::{BuildError, ClientBuilder};
pub use bytes::Bytes;
pub use client::{Client, HttpClient};
pub use emitter::SignalEmitter;
pub use error::Error;
pub use event::SalesEvent;
#[cfg(feature = "local-scoring")]
pub use local::LocalScore;
pub use memory::MemoryEmitter;
#[cfg(feature = "mock")]
pub use mock::MockSignalEmitter;
pub use outcome::{CloseReport, DroppedEvent, Outcome, RejectedEvent, Verdict};
pub use problem::Problem;
pub use reads::{
    ActiveModel, DeadLetter, DeadLetterEdit, DeadLetterQuery, DeadLetterReason, DeadLetterSummary,
    DurabilityStatus, Erasure, ErasureKind, EventContent, EventState, EventTypeInfo, EventTypes, Explanation,
    ExplanationStep, Export, ExportFormat, ExportedSignal, Health, HealthStatus, Job, JobSignal, JobState,
    JobStats, ModelInfo, Page, Pages, Preview, PreviewResult, PreviewStatus, Ready, Replay, ReplayMany,
    ReplayStatus, Replayed, Replays, ServiceHealth, Settled, Signal, SignalQuery, SignalStats, SkippedLetter,
    StepInput, StepKind, Total, Validation,
};
pub use settings::Overflow;
pub use sspp_events::{
    AccountId, Clock, DeadLetterId, Event, EventBuilder, EventId, EventType, ExternalId, IdFault,
    IdFormFault, ManualClock, Metadata, MetadataFault, ModelDigest, Random, Score, ScoreFault, SeededRandom,
    SignalId, SignalType, SortBy, SortOrder, Source, SystemClock, SystemRandom, Timestamp, TimestampFault,
    Units, UserId, Violation, Violations,
};
pub use stats::{DropReason, Stats};
pub use transport::{AnswerStream, Transport, TransportError};
/// The crates whose types are in signatures here, in the version that is used.
pub use {chrono, futures_util, http, serde_json, uuid};
