//! The engine of SSPP, the Sales Signal Processing Platform.
//!
//! An [`Event`] (an email was opened, a meeting was booked) is validated, queued as an [`Envelope`], scored by a
//! [`ScoringModel`] and stored as a [`Signal`] that can explain its score. The [`Pipeline`] does that over two ports,
//! [`EventQueue`] and [`SignalStore`]; adapters make them real.
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
//! The crates whose types are in signatures here are exported too, so that others can name and implement everything with this
//! crate alone.
//!
//! Features: `scoring` (models that score events), `engine` (ports, pipeline and the memory adapters), `sqlite` (queue and store in one file), `redis` (queue), `postgres` (store), `service` (what the binaries
//! share), `otlp` (spans for an OpenTelemetry collector), `testing` (contract suites and fakes), `mock` (mockall mocks of the ports). Without any there are
//! the types of events and signals and their checks: what a producer needs. `jiff` and `time` let the types of those libraries convert into a [`Timestamp`].

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "engine")]
mod adapters;
mod clock;
mod domain;
#[cfg(feature = "engine")]
mod envelope;
#[cfg(feature = "engine")]
mod erase;
#[cfg(feature = "faults")]
mod faults;
mod one_line;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "testing"))]
mod ordinary;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "engine")]
mod pipeline;
#[cfg(feature = "engine")]
mod ports;
mod random;
#[cfg(feature = "engine")]
mod replay;
#[cfg(feature = "engine")]
mod retention;
mod retry;
#[cfg(feature = "scoring")]
mod scoring;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "engine")]
mod stamps;
mod subject;
#[cfg(any(feature = "testing", feature = "mock"))]
pub mod testing;
mod text;
#[cfg(feature = "engine")]
mod trace;
#[cfg(feature = "engine")]
mod trace_spans;
mod validation;

#[cfg(feature = "engine")]
pub use {async_trait, tokio, tokio_util};
pub use {bytes, chrono, indexmap, serde_json, uuid};

/// The examples of the README, which run as tests.
#[cfg(all(doctest, feature = "engine"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "engine")]
pub use adapters::memory::{MemoryEventQueue, MemorySignalStore};
#[cfg(feature = "postgres")]
pub use adapters::postgres::{LegacySignal, LegacySignals, PgConfig, PgOpenError, PgSignalStore};
#[cfg(feature = "redis")]
pub use adapters::redis::{RedisConfig, RedisEventQueue, RedisOpenError};
#[cfg(feature = "sqlite")]
pub use adapters::sqlite::{
    SqliteConfig, SqliteDatabase, SqliteEventQueue, SqliteOpenError, SqliteSignalStore,
};
pub use clock::{Clock, ManualClock, SystemClock};
pub use domain::*;
#[cfg(feature = "engine")]
pub use envelope::{Envelope, EnvelopeFault};
#[cfg(feature = "engine")]
pub use erase::{erase_some, finish_erasures};
pub use one_line::one_line;
#[cfg(feature = "engine")]
pub use pipeline::{Pipeline, PipelineConfig};
#[cfg(feature = "engine")]
pub use ports::{
    Admission, Delivery, Durability, EventQueue, FailureClass, NewJob, QueueError, Receipt, Record, Recorded,
    Settlement, SignalStore, StoreError, Verdict,
};
pub use random::{Random, SeededRandom, SystemRandom};
#[cfg(feature = "engine")]
pub use replay::{ReplayError, Replayed, replay, replay_all};
#[cfg(feature = "engine")]
pub use retention::{Retention, retain};
pub use retry::RetryPolicy;
#[cfg(feature = "scoring")]
pub use scoring::{
    AccountRules, EventRule, Explanation, GroupRule, ModelFault, ModelFaults, ModelModifier, Scored,
    ScoringModel, ScoringModelBuilder, Step, StepInput, StepKind, TierRule, UnknownEventType,
};
pub use subject::Subject;
pub use text::{TextFault, not_text, read_text, read_text_file, skip_byte_order_mark};
#[cfg(feature = "engine")]
pub use trace::TraceContext;
#[cfg(feature = "scoring")]
pub use validation::{
    BatchFault, BatchFormat, CloudEventAttributes, ParseFault, is_json_media_type, parse_batch,
    parse_cloud_event, parse_cloud_event_data, parse_event, parse_unsent_event,
};
pub use validation::{Violation, Violations};
