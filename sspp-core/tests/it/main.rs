//! Integration tests of sspp-core, one module a subject.
#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]

mod batches;
mod cloud_events;
mod domain;
mod fuzz;
mod memory;
mod metrics_list;
mod outside;
mod pipeline;
mod postgres;
mod redis;
mod replay;
mod retention;
mod scoring;
mod scoring_builder;
mod scoring_documents;
mod scoring_properties;
mod scoring_strategies;
mod sqlite;
mod text;
mod validation;
