//! The shapes of requests and answers, each with its schema for the document.
//!
//! - `schema`: small helpers that describe a type which serde writes
//! - `payload`: JSON answers that go through serde once, raw JSON included
//! - `intake`: bodies that hold events
//! - `param`: parameters that are documented with their true type and read leniently
//! - `problem`, `event`, `batch`, `verdict`, `cloud_event`, `event_state`, `signal`, `explanation`, `scoring`, `job`,
//!   `system`: the shapes

mod batch;
mod cloud_event;
mod dead_letter;
mod erasure;
mod event;
mod event_state;
mod explanation;
mod export;
mod intake;
mod job;
pub(crate) mod param;
mod payload;
mod problem;
mod schema;
mod scoring;
mod signal;
mod system;
mod verdict;

pub(crate) use dead_letter::{
    BulkReplayBody, DeadLetterBody, DeadLetterPage, EditSchema, JsonText, LetterPagination, Reason, Removed,
    ReplayAccepted, ReplayFilterSchema, ReplayStatus, SkippedBody,
};
pub(crate) use erasure::ErasureAccepted;
pub(crate) use event::{Accepted, AcceptedStatus, Taken};
pub(crate) use event_state::EventStateBody;
pub(crate) use explanation::ExplanationBody;
pub(crate) use export::{ExportAnswer, ExportFormat, ModelLine, SignalLine};
pub(crate) use intake::{ChecksEither, EventForm, EventsBody, Holds, TakesMany, TakesOne};
pub(crate) use job::{JobBody, JobStatsBody, RecentJobBody};
pub(crate) use payload::{Failure, JsonBody, Statuses, failure, header};
pub(crate) use problem::{Message, ProblemDocument, ProblemError};
pub(crate) use schema::Instant;
pub(crate) use scoring::{ModelAnswer, PreviewBody, PreviewRequest, PreviewResult};
pub(crate) use signal::{Pagination, SignalBody, SignalPage, StatsBody};
pub(crate) use system::{
    EventTypesBody, HealthAnswer, LiveBody, LiveStatus, MetricsText, ReadyBody, ReadyStatus,
};
pub(crate) use verdict::{BatchAnswer, VerdictBody, VerdictsBody};
