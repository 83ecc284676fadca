//! What the server knows, asked for: signals, explanations, jobs, dead letters, figures.

mod dead_letters;
mod jobs;
mod paging;
mod signals;

pub use dead_letters::{DeadLetter, DeadLetterEvent, DeadLetterQuery, Replay, ReplayMany, SkippedLetter};
pub use jobs::{EventTypeInfo, EventTypes, Job, JobStats, ModelInfo};
pub use paging::Pages;
pub use signals::{Explanation, ExplanationStep, Signal, SignalQuery, SignalStats, StepInput};
