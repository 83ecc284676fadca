//! What the server knows and does, asked for: signals, explanations, events, jobs, dead letters, exports, erasure, scoring, health.

mod ask;
mod dead_letters;
mod erasure;
mod events;
mod explanation;
mod export;
mod exported;
mod jobs;
mod paging;
mod parameters;
mod replay;
mod scoring;
mod service;
mod settle;
mod signal_query;
mod signals;
mod steps;
mod validate;

pub use dead_letters::{DeadLetter, DeadLetterEdit, DeadLetterQuery};
pub use erasure::Erasure;
pub use events::{DeadLetterSummary, EventContent, EventState};
pub use explanation::{Explanation, ExplanationStep, ModelInfo, StepInput};
pub use export::{Export, ExportFormat};
pub use exported::ExportedSignal;
pub use jobs::{Job, JobSignal, JobStats};
pub use paging::{Page, Pages, Total};
pub use replay::{Replay, ReplayMany, Replayed, Replays, SkippedLetter};
pub use scoring::{ActiveModel, EventTypeInfo, EventTypes, Preview, PreviewResult};
pub use service::{Health, Ready, ServiceHealth};
pub use settle::Settled;
pub use signal_query::SignalQuery;
pub use signals::{Signal, SignalStats};
pub use validate::Validation;
