//! Integration tests of sspp-worker, one module a subject.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has found something")]

#[cfg(feature = "faults")]
mod clocks;
mod faults;
mod platform;
mod probes;
mod process;
mod proxy;
mod start;
