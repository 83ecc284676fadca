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
pub use http;
#[cfg(feature = "local-scoring")]
pub use local::{LocalScore, LocalStep};
pub use memory::MemoryEmitter;
#[cfg(feature = "mock")]
pub use mock::MockSignalEmitter;
pub use outcome::{CloseReport, DroppedEvent, Outcome, RejectedEvent, Verdict};
pub use problem::Problem;
pub use reads::{
    DeadLetter, DeadLetterEvent, DeadLetterQuery, EventTypeInfo, EventTypes, Explanation, ExplanationStep,
    Job, JobStats, ModelInfo, Pages, Replay, ReplayMany, Signal, SignalQuery, SignalStats, SkippedLetter,
    StepInput,
};
pub use settings::Overflow;
pub use sspp_core::{
    AccountId, Clock, Event, EventBuilder, EventId, EventType, ExternalId, IdFault, ManualClock, Metadata,
    MetadataFault, Random, SeededRandom, Source, SystemClock, SystemRandom, Timestamp, TimestampFault,
    UserId, Violation, Violations,
};
pub use stats::{DropReason, Stats};
pub use transport::{Transport, TransportError};
