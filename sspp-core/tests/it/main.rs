//! Integration tests of sspp-core, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod fuzz;
mod outside;
mod pipeline;
mod replay;
mod retention;
mod text;
