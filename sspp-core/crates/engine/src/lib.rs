#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
//!
//! ## Source map
//!
//! [`adapter`] and [`recording`] are for code that implements a port.
//!
//! | what | where |
//! |---|---|
//! | the ports, whose doc comments are the contracts | `ports` |
//! | the one entry for events | `intake` |
//! | queue to store | `pipeline` |
//! | the rules and figures of a batch, for every store | `recording` |
//! | background work: retention, erasure | `upkeep` |
//! | dead letters back into the queue | `replay` |
//! | queue and store in memory, for tests | `memory` |
//! | scores one event | `score_event` |
//! | signals, and lists of them | `signal`, `query` |
//! | dead letters, lists of them, what their payloads name | `dead_letter`, `dead_letter_query`, `payload_facts` |
//! | jobs, and events as the queue carries them | `job`, `envelope` |
//! | what is erased | `erasure` |
//! | shared by adapters | `adapter`, `ordinary` |
//! | traces | `trace`, `trace_spans`, `otlp` |

pub mod adapter;
mod dead_letter;
mod dead_letter_query;
mod envelope;
mod erasure;
mod intake;
mod job;
mod memory;
mod ordinary;
#[cfg(feature = "otlp")]
#[doc(hidden)]
pub mod otlp;
mod payload_facts;
mod pipeline;
mod ports;
mod query;
pub mod recording;
mod replay;
mod score_event;
mod signal;
mod trace;
#[doc(hidden)]
pub mod trace_spans;
mod upkeep;

pub use dead_letter::{DeadLetter, DeadLetterReason, NewDeadLetter};
pub use dead_letter_query::{DeadLetterCursor, DeadLetterFilter, DeadLetterQuery, NumberedDeadLetter};
pub use envelope::{Envelope, EnvelopeFault};
pub use erasure::{Erasable, Erased, Erasure, ErasureDigest};
pub use intake::{DirectConfig, Intake, IntakeError, IntakeOutcome, Verdict};
pub use job::{JobState, QueueDepth, QueuedJob};
pub use memory::{MemoryEventQueue, MemoryStore};
pub use payload_facts::PayloadFacts;
pub use pipeline::{Pipeline, PipelineConfig};
pub use ports::{
    Admission, DeadLetters, Delivery, Durability, EventQueue, FailureClass, Housekeeping, Models, NewJob,
    QueueError, Receipt, Record, Recorded, Settled, Settlement, Signals, Store, StoreError, StoreStatus,
};
pub use query::{Cursor, CursorFault, CursorKey, Horizon, Page, Position, SignalFilter, SignalQuery, Total};
pub use replay::{ReplayError, Replayed, replay, replay_all};
pub use signal::{NewSignal, Signal, SignalStats};
pub use trace::TraceContext;
pub use upkeep::{Retention, Upkeep, erase_some};
