//! Integration tests of sspp-api, one module a subject.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has found something")]

mod bad_input;
mod batches;
mod client_spool;
mod clocks;
mod cloud_events;
#[cfg(feature = "otlp")]
mod collector;
mod command_line;
mod dead_letters;
mod direct;
mod document;
mod errors;
mod event_lookup;
mod harness;
mod import_checkpoint;
mod intake;
mod jobs;
mod kill;
mod logs;
mod metrics;
#[cfg(feature = "otlp")]
mod otlp;
mod process;
mod replay;
mod scoring;
mod security;
mod servers;
mod shutdown;
mod signals;
mod system;
mod traces;
mod transfer;
