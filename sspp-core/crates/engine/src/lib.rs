//! The engine: what events become, the ports through which they pass, and the pipeline that joins them.
//!
//! A floor of the family behind [`sspp_core`](https://docs.rs/sspp-core). [`adapter`] is for those who write one.

pub mod adapter;
mod dead_letter;
mod dead_letter_query;
mod envelope;
mod erase;
mod erasure;
mod job;
mod memory;
mod ordinary;
#[cfg(feature = "otlp")]
#[doc(hidden)]
pub mod otlp;
mod pipeline;
mod ports;
mod query;
pub mod recording;
mod replay;
mod retention;
mod signal;
mod stamps;
mod subject;
mod trace;
#[doc(hidden)]
pub mod trace_spans;

pub use dead_letter::{DeadLetter, DeadLetterReason, NewDeadLetter};
pub use dead_letter_query::{DeadLetterCursor, DeadLetterFilter, DeadLetterQuery, NumberedDeadLetter};
pub use envelope::{Envelope, EnvelopeFault};
pub use erase::{erase_some, finish_erasures};
pub use erasure::{Erasable, Erased, Erasure, ErasureDigest};
pub use job::{JobState, QueueDepth, QueuedJob};
pub use memory::{MemoryEventQueue, MemoryStore};
pub use pipeline::{Pipeline, PipelineConfig};
pub use ports::{
    Admission, DeadLetters, Delivery, Durability, EventQueue, FailureClass, Housekeeping, Models, NewJob,
    QueueError, Receipt, Record, Recorded, Settled, Settlement, Signals, Store, StoreError, StoreStatus,
};
pub use query::{Cursor, CursorFault, CursorKey, Horizon, Page, Position, SignalFilter, SignalQuery, Total};
pub use replay::{ReplayError, Replayed, replay, replay_all};
pub use retention::{Retention, retain};
pub use signal::{NewSignal, Signal, SignalStats};
pub use subject::Subject;
pub use trace::TraceContext;
