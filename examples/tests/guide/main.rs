//! The guide in `sspp-core/docs/guide`: its commands run, its models load, and its tables are made from their sources.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has found something")]

mod commands;
mod models;
mod pages;
mod tables;
