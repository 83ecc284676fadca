//! Integration tests of sspp-scoring, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod builder;
mod documents;
mod properties;
mod scores;
mod strategies;
