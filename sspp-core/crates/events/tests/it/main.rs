//! Integration tests of sspp-events, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod batches;
mod cloud_events;
mod validation;
