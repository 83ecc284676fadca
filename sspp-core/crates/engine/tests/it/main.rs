//! Integration tests of sspp-engine, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod direct;
mod domain;
mod intake;
mod memory;
mod ordinary;
mod recording;
