//! The guide in `sspp-core/docs/guide`: its commands run, its models load, its tables are made from their sources, and what it
//! names exists.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics has found something")]

mod commands;
mod models;
mod names;
mod pages;
mod program;
mod servers;
mod tables;
